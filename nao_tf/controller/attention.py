"""Attention of decoder states over the embedding: three scores, three classes."""

from __future__ import annotations

import keras
import numpy as np
import tensorflow as tf


@keras.saving.register_keras_serializable('nao_tf')
class DotAttention(keras.layers.Layer):
    """Bilinear attention: the score of s_r and h_t is s_r . (W h_t).

    Args:
        width: D.
        positions: T.
        steps: S.
        name: the layer's fixed name.
    """

    def __init__(self, width: int, *, positions: int, steps: int, name: str, **kwargs):
        super().__init__(name=name, dtype='float32', **kwargs)
        self.width, self.positions, self.steps = width, positions, steps
        self.key = self.add_weight((width, width), name='key_kernel')
        self.built = True

    def keys(self, memory: tf.Tensor) -> tf.Tensor:
        """Returns W h_t, [B, D, S], computed once for a whole sequence from the memory e_x [B, S, D]."""
        batch, steps, width = memory.shape
        keys = tf.matmul(tf.reshape(memory, (-1, width)), self.key.value)
        return tf.transpose(tf.reshape(keys, (batch, steps, width)), (0, 2, 1))

    def call(self, states: tf.Tensor, keys: tf.Tensor, position: tf.Tensor | None = None) -> tf.Tensor:
        """Returns how much each position looks at each state; the context is this times the memory.

        Args:
            states: s_r, [B, R, D].
            keys: what `keys` returned, [B, D, S].
            position: the position r where R = 1; None where R = T.

        Returns:
            [B, R, S], summing to 1 over S.
        """
        return tf.nn.softmax(self.scores(states, keys) + self.prior(position))

    def scores(self, states: tf.Tensor, keys: tf.Tensor) -> tf.Tensor:
        """Returns the scores of states [B, R, D] and keys [B, D, S], [B, R, S]."""
        return tf.matmul(states, keys)

    def prior(self, position: tf.Tensor | None) -> tf.Tensor | float:
        """Returns what the scores are before anything is known about the states."""
        del position
        return 0.0

    def get_config(self):
        """Returns the arguments of the constructor."""
        return {'width': self.width, 'positions': self.positions, 'steps': self.steps, 'name': self.name}


@keras.saving.register_keras_serializable('nao_tf')
class AlignedAttention(DotAttention):
    """Bilinear attention with a trained prior: how much position r looks at step t, whatever the states.

    It starts on the step that the position belongs to (`aligned_prior`), so that the decoder need not find out
    first which state a token is written in.
    """

    def __init__(self, width: int, **kwargs):
        super().__init__(width, **kwargs)
        self.bias = self.add_weight((self.positions, self.steps), name='attention_prior', initializer='zeros')

    def prior(self, position: tf.Tensor | None) -> tf.Tensor:
        """Returns the prior of all positions [T, S], or of one [1, S]."""
        return self.bias.value if position is None else self.bias.value[position][None]


def aligned_prior(positions: int, steps: int, strength: float = 4.0) -> np.ndarray:
    """Returns the start of the prior, [T, S]: `strength` at each position's own step, 0 elsewhere."""
    return strength * np.repeat(np.eye(steps), positions // steps, axis=0)


@keras.saving.register_keras_serializable('nao_tf')
class AdditiveAttention(DotAttention):
    """Additive attention (the paper's reference 2): the score of s_r and h_t is v . tanh(U s_r + W h_t)."""

    def __init__(self, width: int, **kwargs):
        super().__init__(width, **kwargs)
        self.query = self.add_weight((width, width), name='query_kernel')
        self.direction = self.add_weight((width, 1), name='direction_kernel')

    def scores(self, states: tf.Tensor, keys: tf.Tensor) -> tf.Tensor:
        """Returns the scores of states [B, R, D] and keys [B, D, S], [B, R, S]."""
        batch, count, width = states.shape
        queries = tf.reshape(tf.matmul(tf.reshape(states, (-1, width)), self.query.value), (batch, count, 1, width))
        hidden = tf.reshape(tf.tanh(queries + tf.transpose(keys, (0, 2, 1))[:, None]), (-1, width))
        return tf.reshape(tf.matmul(hidden, self.direction.value), (batch, count, keys.shape[-1]))


ATTENTIONS = {'dot': DotAttention, 'aligned': AlignedAttention, 'additive': AdditiveAttention}
