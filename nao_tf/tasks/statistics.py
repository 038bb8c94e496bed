"""Per-channel mean and standard deviation of the training images."""

from __future__ import annotations

import numpy as np

from nao_tf.tasks.data import ImageSplit

# Of more images than these an even sample is read: the mean is then known to far better than one grey level.
LARGEST = 100_000
# Rows of pixels added up in float32, which is several times faster, before float64 takes over.
ROWS = 2048


def channel_statistics(split: ImageSplit) -> tuple[np.ndarray, np.ndarray]:
    """Returns mean and standard deviation of each channel over all pixels.

    Args:
        split: the training split, and no other.

    Returns:
        float32 [C] and [C], in units of the raw pixels; a constant channel has the standard deviation 1.
    """
    height, width, channels = split.store.array.shape[1:]
    positions = np.arange(split.size)
    if split.size > LARGEST:
        positions = np.linspace(0, split.size - 1, LARGEST).astype(np.int64)
    # Differences from the first image's mean: float32 squares of large means would lose the digits that matter.
    origin = split.images(positions[:1]).reshape(-1, channels).mean(axis=0, dtype=np.float64).astype(np.float32)
    shift = np.tile(origin, width)
    total = np.zeros(channels)
    squares = np.zeros(channels)
    chunk = max(1, ROWS // height)
    for start in range(0, len(positions), chunk):
        rows = split.images(positions[start : start + chunk]).reshape(-1, width * channels).astype(np.float32) - shift
        total += rows.sum(axis=0).reshape(-1, channels).sum(axis=0, dtype=np.float64)
        squares += np.einsum('ij,ij->j', rows, rows).reshape(-1, channels).sum(axis=0, dtype=np.float64)
    count = len(positions) * height * width
    std = np.sqrt(np.maximum(squares / count - (total / count) ** 2, 0))
    mean = origin + total / count
    return mean.astype(np.float32), np.where(std > 1e-6, std, 1).astype(np.float32)
