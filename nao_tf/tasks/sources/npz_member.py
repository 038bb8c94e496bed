"""One array of images in a .npz file, read part by part."""

from __future__ import annotations

import dataclasses
import math
import zipfile
from collections.abc import Iterator
from typing import IO

import numpy as np

from nao_tf.tasks.config import TaskConfig

PART_BYTES = 16 << 20


@dataclasses.dataclass(frozen=True)
class Member:
    """Where an array of images [n, H, W] or [n, H, W, C] lies, row after row.

    Args:
        archive: open.
        name: of the file in it.
        shape: of the array.
        dtype: of its numbers.
    """

    archive: zipfile.ZipFile
    name: str
    shape: tuple[int, ...]
    dtype: np.dtype

    def bytes(self, config: TaskConfig) -> int:
        """Returns the most bytes that the images take: as they are in the file, or as a task has them.

        Args:
            config: `image_size` and `channels` are kept to.
        """
        count, *sides = self.shape
        size = config.image_size or tuple(sides[:2])
        channels = config.channels or (sides[2] if len(sides) == 3 else 1)
        fitted = math.prod(size) * channels * (1 if self.dtype == np.uint8 else 4)
        return count * max(fitted, math.prod(sides) * self.dtype.itemsize)

    def parts(self) -> Iterator[tuple[int, np.ndarray]]:
        """Yields (number of the first image, images [k, ...]).

        Raises:
            EOFError: if the array ends too early.
        """
        image = math.prod(self.shape[1:]) * self.dtype.itemsize
        size = max(1, PART_BYTES // image)
        with self.archive.open(self.name) as file:
            _header(file)
            for start in range(0, self.shape[0], size):
                count = min(size, self.shape[0] - start)
                content = file.read(count * image)
                if len(content) < count * image:
                    raise EOFError(f'it ends in image {start + len(content) // image} of {self.shape[0]}')
                yield start, np.frombuffer(content, self.dtype).reshape(count, *self.shape[1:])


def member(archive: np.lib.npyio.NpzFile, key: str) -> Member | None:
    """Returns an array that can be read part by part; None for one that can be read whole only, or is of no images.

    Args:
        archive: open.
        key: of the array.
    """
    assert archive.zip is not None
    name = key if key in archive.zip.namelist() else f'{key}.npy'
    with archive.zip.open(name) as file:
        shape, fortran_order, dtype = _header(file)
    if fortran_order or dtype.kind not in 'uif' or len(shape) not in (3, 4) or min(shape) < 1:
        return None
    return Member(archive.zip, name, shape, dtype)


def _header(file: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype]:
    """Returns shape, order and type of the array whose first number comes next."""
    version = np.lib.format.read_magic(file)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    return read(file)
