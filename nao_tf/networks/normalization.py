"""Batch normalisation: the one place where statistics of a batch are taken."""

from __future__ import annotations

from collections.abc import Mapping

import tensorflow as tf

from nao_tf.networks import initialization
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


def batch_normalize(x: tf.Tensor, weights: Mapping[str, tf.Variable], *, training: bool) -> tf.Tensor:
    """Normalises over batch and space; in training also moves the statistics (momentum 0.9, epsilon 1e-5, A1).

    In training the statistics are those of the local batch. Statistics over replicas or over weighted samples
    would be computed here and nowhere else.

    Args:
        x: [B, H, W, C] of any floating type.
        weights: the variables of `normalization_weights(C)`, float32.
        training: whether to use the statistics of this batch.

    Returns:
        [B, H, W, C] of the type of x.
    """
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
