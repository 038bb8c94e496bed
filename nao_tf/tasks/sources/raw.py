"""RawImages: what every source hands over, and the fitting of arrays to one size and number of channels."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np

from nao_tf.errors import InputError
from nao_tf.tasks.reading import resize


@dataclasses.dataclass(frozen=True, eq=False)
class RawSplit:
    """Images and labels of one split as the source brings it.

    Args:
        images: [n, H, W, C] uint8 or float32; a np.memmap where they are too large for memory.
        labels: [n], unchecked.
        order: int64 [n], the order of the images as far as splits are concerned; None for that of the arrays.
    """

    images: np.ndarray
    labels: np.ndarray
    order: np.ndarray | None = None


@dataclasses.dataclass(frozen=True, eq=False)
class RawImages:
    """The data of one source.

    Args:
        name: as the config writes it.
        origin: the file, folder or argument, for errors.
        splits: `train`, and `valid` and `test` where the source brings its own.
        class_names: None if the source has no names for its classes.
    """

    name: str
    origin: str
    splits: Mapping[str, RawSplit]
    class_names: tuple[str, ...] | None = None


def with_channels(image: np.ndarray, channels: int, *, origin: str) -> np.ndarray:
    """Returns one image [H, W, C] in grey (ITU-R 601 luma) or colour.

    Args:
        image: [H, W, 1 or 3]; [H, W, C] where channels is 0.
        channels: 1, 3, or 0 to leave it.
        origin: for the error.

    Raises:
        InputError: if there is no such conversion.
    """
    given = image.shape[-1]
    if channels in (0, given):
        return image
    if (given, channels) == (1, 3):
        return np.repeat(image, 3, axis=-1)
    if (given, channels) == (3, 1):
        grey = image.astype(np.float32) @ np.array([[0.299], [0.587], [0.114]], np.float32)
        return np.round(grey).astype(np.uint8) if image.dtype == np.uint8 else grey
    raise InputError(f'{origin}: images of {given} channels cannot be turned into {channels}; leave task.channels at 0')


def fitted(images: np.ndarray, size: tuple[int, int] | None, channels: int, *, origin: str) -> np.ndarray:
    """Returns images [n, H, W, C] at another size and number of channels; the same array where nothing changes.

    Args:
        images: [n, H, W, C].
        size: (H, W), or None.
        channels: 1, 3, or 0 to leave them.
        origin: for errors.
    """
    same_size = size is None or images.shape[1:3] == size
    if same_size and channels in (0, images.shape[-1]):
        return images
    if not len(images):
        return images
    return np.stack(
        [with_channels(resize(image, size or image.shape[:2]), channels, origin=origin) for image in images]
    )
