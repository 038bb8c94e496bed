"""Images from arrays given in Python."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from nao_tf.errors import InputError
from nao_tf.tasks.check import checked_images
from nao_tf.tasks.config import TaskConfig
from nao_tf.tasks.data import SPLITS
from nao_tf.tasks.sources.raw import RawImages, RawSplit, fitted


def load_arrays(splits: Mapping[str, tuple[Any, Any]], config: TaskConfig) -> RawImages:
    """Returns images from pairs of arrays.

    Args:
        splits: (images [n, H, W] or [n, H, W, C], labels [n]) by split name; `train`, and `valid` and `test`
            where they exist. A np.memmap of images stays on disk.
        config: `image_size` and `channels` are kept to.

    Raises:
        InputError: if a pair is none, or its images are wrong.
    """
    unknown = [name for name in splits if name not in SPLITS]
    if unknown or 'train' not in splits:
        raise InputError(f'task: the splits given are {", ".join(splits)}; they are train, valid and test')
    result = {}
    for name, pair in splits.items():
        if not isinstance(pair, tuple | list) or len(pair) != 2:
            raise InputError(f'task: the {name} data is a {type(pair).__name__}; it must be (images, labels)')
        origin = f'the {name} arrays'
        images, labels = pair
        images = _as_array(images, config.image_size, config.channels, origin)
        images = fitted(checked_images(images, origin=origin), config.image_size, config.channels, origin=origin)
        result[name] = RawSplit(images, np.asarray(labels))
    return RawImages('arrays', 'the arrays', result)


def _as_array(images: Any, size: tuple[int, int] | None, channels: int, origin: str) -> np.ndarray:
    """Returns a list or object array of images as one array; of unequal ones where there is a size to resize to."""
    unequal = isinstance(images, list | tuple) or (isinstance(images, np.ndarray) and images.dtype == object)
    if not unequal or size is None or not len(images):
        return images if isinstance(images, np.ndarray) or unequal else np.asarray(images)
    single = [checked_images(np.asarray(image)[None], origin=origin) for image in images]
    return np.concatenate([fitted(image, size, channels, origin=origin) for image in single])
