"""The gradient of the posterior on the embedding, compiled: what the ascent climbs (Eq. 2)."""

from __future__ import annotations

import functools

import tensorflow as tf


@functools.cache
def gradient_of_process() -> tf.types.experimental.GenericFunction:
    """Returns the compiled gradient of mean + optimism * deviation at the states of n embeddings.

    One trace serves all spaces and numbers of architectures; what it reads of a process is of fixed size
    (`Process.slope`).
    """
    ranks = 3, 0, 2, 2, 2, 3, 2, 1, 1, 0

    def squares(rows, columns):
        lengths = tf.reduce_sum(rows * rows, 1)[:, None] + tf.reduce_sum(columns * columns, 1)[None]
        return tf.maximum(lengths - 2 * tf.matmul(rows, columns, transpose_b=True), 0.0)

    @tf.function(input_signature=[tf.TensorSpec([None] * rank) for rank in ranks])
    def slope(embeddings, optimism, means, states, solved, factors, scalars, centre, deviation, spread):
        weight, share, length, variance = tf.unstack(scalars[:, :, None, None], 4, axis=1)  # [C, 1, 1]
        with tf.GradientTape() as tape:
            tape.watch(embeddings)
            of_means = squares((tf.reduce_mean(embeddings, 1) - centre) / deviation, means)
            of_states = squares(tf.reshape(embeddings, (tf.shape(embeddings)[0], -1)) / spread, states)
            cross = tf.exp(-(share * of_means + (1 - share) * of_states) / (2 * length * length))  # [C, n, points]
            own = tf.linalg.matvec(cross, solved)[..., None]  # [C, n, 1]
            mean = tf.reduce_sum(weight * own, 0)

            def uncertainty():
                half = tf.linalg.triangular_solve(factors, tf.linalg.matrix_transpose(cross))
                explained = tf.reduce_sum(half * half, 1)[..., None]
                second = tf.reduce_sum(weight * (variance * tf.maximum(1 - explained, 1e-6) + own * own), 0)
                return tf.sqrt(tf.maximum(second - mean * mean, 1e-6))

            value = mean + optimism * tf.cond(optimism > 0, uncertainty, lambda: tf.zeros_like(mean))
        return tape.gradient(value, embeddings)

    return slope


def traces() -> int:
    """Returns how often the gradient was traced in this process: at most once."""
    return gradient_of_process().experimental_get_tracing_count()
