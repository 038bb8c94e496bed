"""Decoded images: collected in memory up to a limit, beyond it in a file, and kept for the next run where asked."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import json
import os
import shutil
import socket
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np

from nao_tf.errors import InputError
from nao_tf.files import remove_left

MIB = 1 << 20


@dataclasses.dataclass(frozen=True)
class Storage:
    """Where decoded images may lie.

    Args:
        directory: the folder for files.
        memory_bytes: larger arrays of images are left on disk.
        keep: whether smaller ones are written to a file as well, for the next run.
    """

    directory: Path
    memory_bytes: int = 2048 * MIB
    keep: bool = False

    def writes(self, size: int) -> bool:
        """Returns whether an array of so many bytes goes to a file."""
        return self.keep or size > self.memory_bytes


def user_cache() -> Path:
    """Returns the folder for decoded images where none is named: $XDG_CACHE_HOME/nao_tf or ~/.cache/nao_tf."""
    return Path(os.environ.get('XDG_CACHE_HOME') or Path.home() / '.cache') / 'nao_tf'


def cache_key(*parts: Any) -> str:
    """Returns a file name for whatever the parts say, which are of JSON types or print as what they are."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()[:24]


def load_decoded(key: str, storage: Storage) -> tuple[np.ndarray, np.ndarray] | None:
    """Returns the images and labels that were decoded before; None where they were not, or their files are damaged.

    Args:
        key: from `cache_key`.
        storage: where to look.
    """
    images, labels = storage.directory / f'{key}.npy', storage.directory / f'{key}.labels.npy'
    # The labels are written last: where they are, the images are complete.
    if not labels.exists() or not images.exists():
        return None
    mode: Literal['r'] | None = 'r' if images.stat().st_size > storage.memory_bytes else None
    try:
        return np.load(images, mmap_mode=mode, allow_pickle=False), np.load(labels, allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None


class ImageWriter:
    """Collects images [H, W, C], in memory until they are too many and then in a .npy file.

    A context manager: left by an exception it removes the unfinished file.

    Args:
        image_shape: (H, W, C).
        dtype: of the pixels.
        storage: where they may lie.
        count: how many images will come; None if that is not known.

    Raises:
        InputError: here or in `append`, if the disk is needed and is full or not writable.
    """

    def __init__(
        self, image_shape: Sequence[int], dtype: np.dtype | type, *, storage: Storage, count: int | None = None
    ) -> None:
        self._shape = tuple(image_shape)
        self._dtype = np.dtype(dtype)
        self._storage = storage
        self._filled = 0
        # A folder that machines share has files of processes that this one cannot ask for.
        self._left = storage.directory / f'{socket.gethostname()}.tmp'
        self._temporary = self._left.with_name(f'.{os.getpid()}.{uuid.uuid4().hex}.{self._left.name}')
        self._file: io.BufferedWriter | None = None
        self._buffer = np.empty((0, *self._shape), self._dtype)
        expected = self._bytes(count or 0)
        if storage.writes(expected):
            self._open(expected)
        else:
            self._buffer = np.empty((count or 0, *self._shape), self._dtype)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if kind is not None and self._file is not None:
            self._file.close()
            self._temporary.unlink(missing_ok=True)

    def append(self, images: np.ndarray) -> None:
        """Adds images [k, H, W, C]."""
        end = self._filled + len(images)
        if self._file is None and end > len(self._buffer):
            if self._storage.writes(self._bytes(end)):
                self._open(self._bytes(end))
            else:
                self._buffer.resize((max(end, 2 * self._filled), *self._shape), refcheck=False)
        if self._file is None:
            self._buffer[self._filled : end] = images
        else:
            try:
                self._file.write(np.ascontiguousarray(images, self._dtype).data)
            except OSError as error:
                raise self._not_writable(error) from error
        self._filled = end

    def finish(self, key: str, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Returns all images [n, H, W, C] with their labels [n]; a np.memmap where they are too large for memory.

        Args:
            key: from `cache_key`, the name of the file.
            labels: one for each image.
        """
        if len(labels) != self._filled:
            raise ValueError(f'{self._filled} images were written, and there are {len(labels)} labels')
        if self._file is None:
            return self._buffer[: self._filled], labels
        directory = self._storage.directory
        try:
            self._file.seek(0)
            self._write_header(self._filled)
            self._file.close()
            os.replace(self._temporary, directory / f'{key}.npy')
            with self._temporary.open('wb') as file:
                np.save(file, labels)
            os.replace(self._temporary, directory / f'{key}.labels.npy')
        except OSError as error:
            raise self._not_writable(error) from error
        result = load_decoded(key, self._storage)
        assert result is not None
        return result

    def _open(self, expected: int) -> None:
        """Goes over to a file, with what was collected so far."""
        directory = self._storage.directory
        try:
            directory.mkdir(parents=True, exist_ok=True)
            remove_left(self._left)
            free = shutil.disk_usage(directory).free
            if free < expected:
                raise InputError(
                    f'{directory}: the decoded images take {expected / MIB:.0f} MiB and {free / MIB:.0f} MiB are free; '
                    'name another folder in task.cache_dir, or make task.image_size smaller'
                )
            self._file = self._temporary.open('wb')
            self._write_header(0)
            self._file.write(np.ascontiguousarray(self._buffer[: self._filled]).data)
        except OSError as error:
            raise self._not_writable(error) from error
        self._buffer = self._buffer[:0]

    def _write_header(self, count: int) -> None:
        """NumPy leaves room for the first dimension to grow, so the header has the same length for every count."""
        assert self._file is not None
        descr = np.lib.format.dtype_to_descr(self._dtype)
        header = {'descr': descr, 'fortran_order': False, 'shape': (count, *self._shape)}
        np.lib.format.write_array_header_1_0(self._file, header)

    def _bytes(self, count: int) -> int:
        return count * int(np.prod(self._shape)) * self._dtype.itemsize

    def _not_writable(self, error: OSError) -> InputError:
        place = error.filename2 or self._storage.directory
        return InputError(
            f'{place}: cannot keep decoded images there ({error.strerror or error}); name a folder '
            'that can be written to in task.cache_dir'
        )
