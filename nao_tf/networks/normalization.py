"""Batch normalisation: the one place where statistics of a batch are taken."""

from __future__ import annotations

from collections.abc import Mapping

import tensorflow as tf

from nao_tf.networks import initialization
from nao_tf.networks.share import Share, sum_over_replicas
from nao_tf.networks.weight import Weight

MOMENTUM = 0.9
EPSILON = 1e-5


def normalization_weights(channels: int) -> tuple[Weight, ...]:
    """Returns scale, offset and the two moving statistics of a batch normalisation.

    Args:
        channels: number of channels that are normalised.
    """
    shape = (channels,)
    return (
        Weight('gamma', shape, initialization.ones, full_precision=True),
        Weight('beta', shape, initialization.zeros, full_precision=True),
        Weight('moving_mean', shape, initialization.zeros, trainable=False, full_precision=True),
        Weight('moving_variance', shape, initialization.ones, trainable=False, full_precision=True),
    )


def batch_normalize(
    x: tf.Tensor, weights: Mapping[str, tf.Variable], *, training: bool, share: Share | None = None
) -> tf.Tensor:
    """Normalises over batch and space; in training also moves the statistics (momentum 0.9, epsilon 1e-5, A1).

    Args:
        x: [B, H, W, C] of any floating type.
        weights: the variables of `normalization_weights(C)`, float32.
        training: whether to use the statistics of this batch.
        share: what x is of a global batch, whose statistics are taken where it says so; filler never counts.

    Returns:
        [B, H, W, C] of the type of x.
    """
    if training and share is not None and (share.synchronized or share.weights is not None):
        return _normalize_share(x, weights, share)
    mean, variance = weights['moving_mean'], weights['moving_variance']
    # With a momentum inside the operation no further operations are needed to move the statistics.
    outputs = tf.raw_ops.FusedBatchNormV3(
        x=x,
        scale=weights['gamma'],
        offset=weights['beta'],
        mean=mean,
        variance=variance,
        epsilon=EPSILON,
        exponential_avg_factor=1 - MOMENTUM if training else 1.0,
        is_training=training,
    )
    if training:
        mean.assign(outputs[1], read_value=False)
        variance.assign(outputs[2], read_value=False)
    return outputs[0]


def _normalize_share(x: tf.Tensor, weights: Mapping[str, tf.Variable], share: Share) -> tf.Tensor:
    """Computes `batch_normalize` in training from weighted sums, which are exchanged where it is synchronised."""
    values = tf.cast(x, tf.float32)
    _, height, width, _ = x.shape
    counted = values if share.weights is None else values * share.weights[:, tf.newaxis, tf.newaxis, tf.newaxis]
    sums = tf.stack([tf.reduce_sum(counted, (0, 1, 2)), tf.reduce_sum(counted * values, (0, 1, 2))])
    if share.synchronized:
        (sums,) = sum_over_replicas([sums])
        count = tf.constant(float(share.batch_size * height * width))
    else:
        count = tf.reduce_sum(share.weights) * float(height * width)
    mean, square = tf.unstack(sums / count)
    variance = tf.maximum(square - mean**2, 0.0)
    for name, value in (
        ('moving_mean', mean),
        ('moving_variance', variance * count / tf.maximum(count - 1, 1.0)),  # unbiased, as the fused operation's
    ):
        weights[name].assign(MOMENTUM * weights[name] + (1 - MOMENTUM) * value, read_value=False)
    outputs = tf.nn.batch_normalization(values, mean, variance, weights['beta'], weights['gamma'], EPSILON)
    return tf.cast(outputs, x.dtype)
