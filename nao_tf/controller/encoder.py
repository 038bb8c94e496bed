"""The encoder E: architecture -> embedding (section 3.2)."""

from __future__ import annotations

import keras
import tensorflow as tf

from nao_tf.controller.lstm import LSTM


def dropout(inputs: tf.Tensor, rate: float, seed: tf.Tensor | None) -> tf.Tensor:
    """Drops entries with a stateless seed; does nothing at rate 0 or without a seed (inference).

    Args:
        inputs: any shape, float32.
        rate: share of entries set to 0; the others are scaled up.
        seed: int32 [2], or None outside training.
    """
    if seed is None or not rate:
        return inputs
    keep = tf.random.stateless_uniform(inputs.shape, seed) >= rate
    return tf.where(keep, inputs / (1 - rate), 0.0)


@keras.saving.register_keras_serializable('nao_tf')
class Encoder(keras.Model):
    """One-layer LSTM whose states, scaled to unit length, are the embedding e_x = {h_1 .. h_S} (section 3.2).

    Args:
        vocabulary: V, number of token words.
        length: T, tokens of an architecture.
        step_length: tokens of one LSTM step; S = T / step_length.
        embedding: width of a token's embedding; the tokens of a step are joined along the depth.
        hidden: D.
        dropout: rate on the input embeddings during training.
        forget_bias: start of the forget gates' bias; below 0 a state is mostly about its own step.
    """

    def __init__(
        self, vocabulary: int, length: int, *, step_length: int, embedding: int, hidden: int, dropout: float = 0.0,
        forget_bias: float = 1.0, name: str = 'encoder', **kwargs,
    ):  # fmt: skip
        super().__init__(name=name, dtype='float32', **kwargs)
        self.vocabulary = vocabulary
        self.length = length
        self.step_length = step_length
        self.embedding = embedding
        self.hidden = hidden
        self.dropout = dropout
        self.table = self.add_weight((vocabulary, embedding), name='encoder_embedding', initializer='uniform')
        self.kernel = self.add_weight((self.input_width, 4 * hidden), name='encoder_kernel')
        self.lstm = LSTM(hidden, forget_bias=forget_bias, name='encoder_lstm')
        self.built = True

    @property
    def input_width(self) -> int:
        """Width of what one LSTM step reads."""
        return self.step_length * self.embedding

    def words(self, tokens: tf.Tensor) -> tf.Tensor:
        """Returns the tokens [B, T] as one-hot rows, float32 [S, B, tokens of a step, V]."""
        steps = self.length // self.step_length
        ordered = tf.reshape(tokens, (tokens.shape[0], steps, self.step_length))
        return tf.transpose(tf.one_hot(ordered, self.vocabulary), (1, 0, 2, 3))

    def products(self, tokens: tf.Tensor, seed: tf.Tensor | None) -> tf.Tensor:
        """Returns the products of every step's input and the input kernel.

        Args:
            tokens: int32 [B, T].
            seed: int32 [2] for dropout on the embeddings, or None.

        Returns:
            float32 [S, B, 4 D].
        """
        words = self.words(tokens)
        # A product with one-hot rows instead of a gather: its gradient is a product too, not a scatter.
        embedded = tf.matmul(tf.reshape(words, (-1, self.vocabulary)), self.table.value)
        embedded = dropout(tf.reshape(embedded, (-1, self.input_width)), self.dropout, seed)
        return tf.reshape(tf.matmul(embedded, self.kernel.value), (*words.shape[:2], 4 * self.hidden))

    def call(self, tokens: tf.Tensor, seed: tf.Tensor | None = None) -> tf.Tensor:
        """Embeds architectures.

        Args:
            tokens: int32 [B, T]; B is static.
            seed: int32 [2] for dropout, None outside training.

        Returns:
            e_x, float32 [B, S, D], every state of unit length.
        """
        zeros = tf.zeros((tokens.shape[0], self.hidden))
        states = self.lstm(self.lstm.project(self.products(tokens, seed)), zeros, zeros)
        return tf.transpose(tf.math.l2_normalize(states, -1), (1, 0, 2))

    def get_config(self):
        """Returns the arguments of the constructor."""
        return {
            'vocabulary': self.vocabulary,
            'length': self.length,
            'step_length': self.step_length,
            'embedding': self.embedding,
            'hidden': self.hidden,
            'dropout': self.dropout,
            'forget_bias': self.lstm.forget_bias,
            'name': self.name,
        }
