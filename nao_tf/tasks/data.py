"""Labelled images in splits: what a source hands over, checked, and what a task holds."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from nao_tf.errors import InputError

SPLITS = ('train', 'valid', 'test')


class ImageStore:
    """Raw images, in memory or in a file, shared by the splits that are cut from them.

    Args:
        images: [n, H, W, C], uint8 or float32. A np.memmap stays on disk; anything else is copied once, so that a
            later change of the caller's array does not reach the task.

    Attributes:
        array: [n, H, W, C], not to be written to.
        tensor: the same memory as a tensor on the host; None for images on disk.
    """

    def __init__(self, images: np.ndarray):
        self.array = images
        self.tensor: tf.Tensor | None = None
        if not isinstance(images, np.memmap):
            with tf.device('CPU:0'):
                self.tensor = tf.constant(images)
            # A view of the tensor: the caller's array can be freed.
            self.array = self.tensor.numpy()
            self.array.flags.writeable = False

    def __reduce__(self) -> tuple[Callable[..., ImageStore], tuple[Any, ...]]:
        """Pickles the images in memory once; of images in a file it pickles where they are."""
        array = self.array
        if isinstance(array, np.memmap):
            return _reopened, (str(array.filename), array.dtype.str, array.shape, array.offset)
        return ImageStore, (array,)


def _reopened(path: str, dtype: str, shape: tuple[int, ...], offset: int) -> ImageStore:
    """Returns the store of images in a file, in another process."""
    try:
        return ImageStore(np.memmap(path, dtype, 'r', offset, shape))
    except (OSError, ValueError) as error:
        raise InputError(
            f'the decoded images are not in {path} here ({error}); set task.cache_dir to a folder that every machine '
            'reaches by the same name'
        ) from None


@dataclasses.dataclass(frozen=True, eq=False)
class ImageSplit:
    """Some images of a store with their labels.

    Args:
        store: the raw images.
        rows: int64 [n], where the split's images lie in the store.
        labels: int32 [n], the class of each.
    """

    store: ImageStore
    rows: np.ndarray
    labels: np.ndarray

    @property
    def size(self) -> int:
        """Number of images."""
        return len(self.rows)

    def images(self, positions: np.ndarray | slice) -> np.ndarray:
        """Returns the raw images [k, H, W, C] at some positions of the split."""
        return np.asarray(self.store.array[self.rows[positions]])


@dataclasses.dataclass(frozen=True, eq=False)
class ImageData:
    """All the images of a task.

    Args:
        source: where they come from, in a word or two.
        class_names: one per class.
        splits: by name; `train`, and `valid` and `test` where there are such.
        white: raw value of a white pixel: 255, or 1 for floating-point images between 0 and 1; None for those that
            are neither.
    """

    source: str
    class_names: tuple[str, ...]
    splits: Mapping[str, ImageSplit]
    white: float | None

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """(H, W, C) of every image."""
        height, width, channels = self.splits['train'].store.array.shape[1:]
        return height, width, channels

    @functools.cached_property
    def fingerprint(self) -> str:
        """16 hexadecimal digits that differ when the data or its splits do, wherever the files lie.

        Every label counts and 64 images of each split, in the order of the split, not of the store.
        """
        white = 255.0 if self.white is None else self.white  # as it was before None, for the runs of then
        digest = hashlib.sha256(json.dumps([self.source, self.class_names, self.image_shape, white]).encode())
        for name in SPLITS:
            if name in self.splits:
                split = self.splits[name]
                digest.update(f'{name} {split.size} {split.store.array.dtype}'.encode())
                digest.update(split.labels.astype('<i4').tobytes())
                sample = np.unique(np.linspace(0, split.size - 1, 64).astype(np.int64))
                digest.update(split.images(sample).tobytes())
        return digest.hexdigest()[:16]
