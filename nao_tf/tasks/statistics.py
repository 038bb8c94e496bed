"""Per-channel mean and standard deviation of the training images."""

from __future__ import annotations

import numpy as np

from nao_tf.tasks.data import ImageSplit

# Of more images than these an even sample is read: the mean is then known to far better than one grey level.
LARGEST = 100_000
CHUNK_BYTES = 1 << 24


def channel_statistics(split: ImageSplit) -> tuple[np.ndarray, np.ndarray]:
    """Returns mean and standard deviation of each channel over all pixels.

    Args:
        split: the training split, and no other.

    Returns:
        float32 [C] and [C], in units of the raw pixels; a constant channel has the standard deviation 1.
    """
    shape = split.store.array.shape[1:]
    positions = np.arange(split.size)
    if split.size > LARGEST:
        positions = np.linspace(0, split.size - 1, LARGEST).astype(np.int64)
    chunk = max(1, CHUNK_BYTES // (4 * int(np.prod(shape))))
    total = np.zeros(shape[-1])
    squares = np.zeros(shape[-1])
    # Sums of differences from one image's mean: without the shift float32 squares of 255 would lose digits.
    origin = split.images(positions[:1]).reshape(-1, shape[-1]).mean(axis=0, dtype=np.float64).astype(np.float32)
    for start in range(0, len(positions), chunk):
        pixels = split.images(positions[start : start + chunk]).reshape(-1, shape[-1]) - origin
        total += pixels.sum(axis=0, dtype=np.float64)
        squares += np.einsum('ij,ij->j', pixels, pixels, dtype=np.float64)
    count = len(positions) * shape[0] * shape[1]
    variance = np.maximum(squares / count - (total / count) ** 2, 0)
    std = np.sqrt(variance)
    mean = origin + total / count
    return mean.astype(np.float32), np.where(std > 1e-6, std, 1).astype(np.float32)
