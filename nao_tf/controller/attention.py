"""Attention of decoder states over the embedding: two scores, two classes."""

from __future__ import annotations

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable('nao_tf')
class DotAttention(keras.layers.Layer):
    """Bilinear attention: the score of s_r and h_t is (s_r W) . h_t.

    Args:
        width: D.
        name: the layer's fixed name.
    """

    def __init__(self, width: int, *, name: str, **kwargs):
        super().__init__(name=name, dtype='float32', **kwargs)
        self.width = width
        self.query = self.add_weight((width, width), name='query_kernel')
        self.built = True

    def keys(self, memory: tf.Tensor) -> tf.Tensor:
        """Returns what is computed once for a whole sequence from the memory [B, S, D]."""
        return memory

    def call(self, states: tf.Tensor, keys: tf.Tensor, memory: tf.Tensor) -> tf.Tensor:
        """Returns the context vectors ctx_r.

        Args:
            states: s_r, [B, R, D].
            keys: what `keys` returned.
            memory: e_x, [B, S, D].

        Returns:
            [B, R, D].
        """
        batch, steps, width = states.shape
        queries = tf.reshape(tf.matmul(tf.reshape(states, (-1, width)), self.query.value), (batch, steps, width))
        return tf.matmul(tf.nn.softmax(tf.matmul(queries, keys, transpose_b=True)), memory)

    def get_config(self):
        """Returns the arguments of the constructor."""
        return {'width': self.width, 'name': self.name}


@keras.saving.register_keras_serializable('nao_tf')
class AdditiveAttention(keras.layers.Layer):
    """Additive attention (the paper's reference 2): the score of s_r and h_t is v . tanh(s_r W + h_t U).

    Args:
        width: D.
        name: the layer's fixed name.
    """

    def __init__(self, width: int, *, name: str, **kwargs):
        super().__init__(name=name, dtype='float32', **kwargs)
        self.width = width
        self.query = self.add_weight((width, width), name='query_kernel')
        self.key = self.add_weight((width, width), name='key_kernel')
        self.direction = self.add_weight((width, 1), name='direction_kernel')
        self.built = True

    def keys(self, memory: tf.Tensor) -> tf.Tensor:
        """Returns h_t U, [B, S, D]."""
        batch, steps, width = memory.shape
        return tf.reshape(tf.matmul(tf.reshape(memory, (-1, width)), self.key.value), (batch, steps, width))

    def call(self, states: tf.Tensor, keys: tf.Tensor, memory: tf.Tensor) -> tf.Tensor:
        """Returns the context vectors [B, R, D]; see `DotAttention.call`."""
        batch, steps, width = states.shape
        queries = tf.reshape(tf.matmul(tf.reshape(states, (-1, width)), self.query.value), (batch, steps, 1, width))
        hidden = tf.tanh(queries + keys[:, None])
        scores = tf.matmul(tf.reshape(hidden, (-1, width)), self.direction.value)
        return tf.matmul(tf.nn.softmax(tf.reshape(scores, (batch, steps, memory.shape[1]))), memory)

    def get_config(self):
        """Returns the arguments of the constructor."""
        return {'width': self.width, 'name': self.name}


ATTENTIONS = {'dot': DotAttention, 'additive': AdditiveAttention}
