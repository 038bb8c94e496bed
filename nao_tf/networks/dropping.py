"""Drop path and dropout, stateless: every mask is a function of the seed that a step passes in."""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf

from nao_tf.networks.share import Share


def drop_path_keep(cell: int, cells: int, keep: float, progress: float | tf.Tensor) -> tf.Tensor:
    """Returns the probability to keep a branch (schedule 'v3' of A1): falls with depth and with time.

    keep' = 1 - (cell + 1) / cells * (1 - keep); keep'' = 1 - min(1, progress) * (1 - keep').

    Args:
        cell: index of the cell, from 0.
        cells: number of cells, 3N + 2.
        keep: probability in the last cell at the end of training.
        progress: step / total steps.

    Returns:
        A float32 scalar.
    """
    return 1 - tf.minimum(tf.cast(progress, tf.float32), 1.0) * ((cell + 1) / cells * (1 - keep))


def drop_path_masks(
    keeps: list[tf.Tensor], batch: int | tf.Tensor, seed: tf.Tensor, dtype: tf.DType, share: Share | None = None
) -> list[tf.Tensor]:
    """Draws one mask per branch, all in one operation.

    Args:
        keeps: probability to keep, one float32 scalar for each of P branches.
        batch: B.
        seed: int32 [2].
        dtype: type of the masks.
        share: what the B samples are of a global batch, for which the masks are drawn; None where they are all.

    Returns:
        P masks [B, 1, 1, 1]: 0 for a dropped sample, 1 / keep for a kept one.
    """
    keep = tf.stack(keeps)[:, tf.newaxis]
    draws = _drawn((len(keeps), batch), seed, share, 1)
    masks = tf.where(draws < keep, 1 / keep, 0.0)
    return tf.unstack(tf.cast(masks, dtype)[:, :, tf.newaxis, tf.newaxis, tf.newaxis])


def dropout(x: tf.Tensor, keep: float, seed: tf.Tensor, share: Share | None = None) -> tf.Tensor:
    """Drops features and scales up the others.

    Args:
        x: [B, features], float32.
        keep: probability to keep a feature.
        seed: int32 [2].
        share: what x is of a global batch, None where it is all.
    """
    draws = _drawn(tf.shape(x) if None in x.shape else x.shape, seed, share, 0)
    return tf.where(draws < keep, x / keep, 0.0)


def variational_mask(
    rate: float, shape: Sequence[int], seed: tf.Tensor, number: int, share: Share | None = None
) -> tf.Tensor | None:
    """Returns a mask for a whole sequence (Gal and Ghahramani 2016), None where nothing is dropped.

    Args:
        rate: share that is dropped.
        shape: of the mask.
        seed: int32 [2], of the step.
        number: of the mask in its step.
        share: what the first axis is of a global batch, None where it is all or no batch.

    Returns:
        float32: 0 for what is dropped, 1 / (1 - rate) for what is kept.
    """
    if not rate:
        return None
    draws = _drawn(shape, tf.random.experimental.stateless_fold_in(seed, number), share, 0)
    return tf.where(draws < 1 - rate, 1 / (1 - rate), 0.0)


def _drawn(shape: Sequence[int] | tf.Tensor, seed: tf.Tensor, share: Share | None, axis: int) -> tf.Tensor:
    """Returns uniform draws; those of a share are its rows of what is drawn for the global batch."""
    if share is None:
        return tf.random.stateless_uniform(shape, seed)
    whole = list(shape)
    whole[axis] = share.batch_size
    return share.take(tf.random.stateless_uniform(whole, seed), axis)
