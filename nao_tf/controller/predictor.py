"""The performance predictor f: embedding -> score (section 3.2)."""

from __future__ import annotations

import keras
import tensorflow as tf

from nao_tf.controller.encoder import dropout


@keras.saving.register_keras_serializable('nao_tf')
class Predictor(keras.Model):
    """Mean of the states, then a feed-forward network to one number (section 3.2).

    Args:
        hidden: D, width of the states.
        widths: widths of the ReLU layers between mean and output; empty for one linear layer.
        head: `linear` or `sigmoid`.
        renormalise: scale the mean to unit length first.
        dropout: rate on the ReLU layers during training.
    """

    def __init__(
        self, hidden: int, *, widths: tuple[int, ...] = (), head: str = 'linear', renormalise: bool = False,
        dropout: float = 0.0, name: str = 'predictor', **kwargs,
    ):  # fmt: skip
        super().__init__(name=name, dtype='float32', **kwargs)
        self.hidden = hidden
        self.widths = tuple(widths)
        self.head = head
        self.renormalise = renormalise
        self.dropout = dropout
        self.kernels = []
        self.biases = []
        fan_in = hidden
        for index, width in enumerate((*self.widths, 1)):
            self.kernels.append(self.add_weight((fan_in, width), name=f'predictor_kernel_{index}'))
            self.biases.append(self.add_weight((width,), name=f'predictor_bias_{index}', initializer='zeros'))
            fan_in = width
        self.built = True

    def call(self, embeddings: tf.Tensor, seed: tf.Tensor | None = None) -> tf.Tensor:
        """Predicts scores in the units that the controller normalises them to.

        Args:
            embeddings: e_x, float32 [B, S, D].
            seed: int32 [2] for dropout, None outside training.

        Returns:
            f(e_x), float32 [B]; higher is better.
        """
        values = tf.reduce_mean(embeddings, 1)
        if self.renormalise:
            values = tf.math.l2_normalize(values, -1)
        for index, (kernel, bias) in enumerate(zip(self.kernels, self.biases, strict=True)):
            values = tf.matmul(values, kernel.value) + bias.value
            if index < len(self.widths):
                values = tf.nn.relu(values)
                values = dropout(values, self.dropout, None if seed is None else seed + index)
        if self.head == 'sigmoid':
            values = tf.sigmoid(values)
        return values[:, 0]

    def get_config(self):
        """Returns the arguments of the constructor."""
        return {
            'hidden': self.hidden,
            'widths': self.widths,
            'head': self.head,
            'renormalise': self.renormalise,
            'dropout': self.dropout,
            'name': self.name,
        }
