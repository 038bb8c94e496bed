"""Layout: which images of a batch are handed out, and how: in one row, or in a part for each replica that trains."""

from __future__ import annotations

import dataclasses
import functools

import numpy as np
import tensorflow as tf

ELEMENT = tuple[tf.Tensor, tf.Tensor, tf.Tensor]


@dataclasses.dataclass(frozen=True)
class Layout:
    """Which images of every batch are in an element of a dataset.

    Args:
        batch_size: B, images of a batch.
        rows: P parts of b rows of the batch each, negative ones for filler; None for all of it, undivided.
    """

    batch_size: int
    rows: tuple[tuple[int, ...], ...] | None = None

    @classmethod
    def of(cls, batch_size: int, rows: np.ndarray | None) -> Layout:
        """Returns the layout of rows int [P, b]."""
        return cls(batch_size, None if rows is None else tuple(map(tuple, rows.tolist())))

    @functools.cached_property
    def flat(self) -> np.ndarray:
        """int64 [P b]: the rows one after the other, a real one in the place of filler."""
        return np.arange(self.batch_size) if self.rows is None else np.maximum(np.ravel(self.rows), 0)

    @functools.cached_property
    def weights(self) -> np.ndarray:
        """float32 [P b]: 1, and 0 for filler."""
        return np.ones(self.batch_size, np.float32) if self.rows is None else (np.ravel(self.rows) >= 0).astype('f4')

    def parts(self, batch: ELEMENT) -> ELEMENT:
        """Returns tensors [P b, ...] as [P, b, ...]; undivided ones as they are."""
        if self.rows is None:
            return batch
        shape = (len(self.rows), len(self.rows[0]))
        images, labels, weights = (tf.reshape(part, (*shape, *part.shape[1:])) for part in batch)
        return images, labels, weights
