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
    """Computes `batch_normalize` in training from weighted moments, which are exchanged where it is synchronised."""
    values = tf.cast(x, tf.float32)
    counts = tf.constant(share.counts, tf.float32) * (x.shape[1] * x.shape[2])
    count = tf.gather(counts, share.replica)
    kept = 1.0 if share.weights is None else share.weights[:, tf.newaxis, tf.newaxis, tf.newaxis]
    mean = tf.reduce_sum(values * kept, (0, 1, 2)) / count
    variance = tf.reduce_sum(tf.math.squared_difference(values, mean) * kept, (0, 1, 2)) / count
    if share.synchronized:
        mean, variance = _exchanged(mean, variance, counts, share.replica)
        count = tf.reduce_sum(counts)
    for name, value in (
        ('moving_mean', mean),
        ('moving_variance', variance * (count / tf.maximum(count - 1, 1.0))),  # unbiased, as the fused operation's
    ):
        weights[name].assign(MOMENTUM * weights[name] + (1 - MOMENTUM) * value, read_value=False)
    outputs = tf.nn.batch_normalization(values, mean, variance, weights['beta'], weights['gamma'], EPSILON)
    return tf.cast(outputs, x.dtype)


def _exchanged(
    mean: tf.Tensor, variance: tf.Tensor, counts: tf.Tensor, replica: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns mean and variance [C] of the global batch from those of each share (Chan et al. 1979).

    Sums of squares would need less to be sent, but where a channel hardly varies their difference is rounding only.
    """
    place = tf.one_hot(replica, counts.shape[0])[:, tf.newaxis, tf.newaxis]
    (moments,) = sum_over_replicas([place * tf.stack([mean, variance])])  # [R, 2, C]
    means, variances = tf.unstack(moments, axis=1)
    shares = (counts / tf.reduce_sum(counts))[:, tf.newaxis]
    mean = tf.reduce_sum(shares * means, 0)
    return mean, tf.reduce_sum(shares * (variances + tf.math.squared_difference(means, mean)), 0)
