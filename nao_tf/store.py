"""Paths of an object store (gs://BUCKET/FOLDER) that behave like pathlib's, by way of tf.io.gfile.

etils.epath has such paths too; they pass on TensorFlow's own errors, and those of a store have to be OSErrors here,
like those of a disk, for a search to stop in order.
"""

from __future__ import annotations

import contextlib
import errno
import fnmatch
import functools
import io
import tempfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple, Self

from nao_tf.quiet import quiet_import

SCHEME = 'gs://'


class Status(NamedTuple):
    """What a store says of an object, by the names of `os.stat_result`."""

    st_size: int
    st_mtime_ns: int

    @property
    def st_mtime(self) -> float:
        """When it was written, in seconds, by the clock of the store."""
        return self.st_mtime_ns / 1e9


@functools.cache
def _tensorflow() -> Any:
    with quiet_import():
        import tensorflow as tf
    return tf


class StorePath(PurePosixPath):
    """An object of a store, or a folder: whatever objects have its name and a slash before their own.

    A folder is there with its first object and gone with its last one; `mkdir` has nothing to do. An object is
    replaced whole when its writing ends, and nobody ever sees a part of it. What is missing here (append, rename) a
    store does not have. TensorFlow is imported at the first access, not before.
    """

    _folder: bool | None = None  # what the listing that it is from said

    def __str__(self) -> str:
        return super().__str__().replace(':/', '://', 1)

    def exists(self) -> bool:
        """Returns whether there is such an object or folder."""
        if self._folder is not None:
            return True
        with self._access() as gfile:
            return gfile.exists(str(self))

    def is_dir(self) -> bool:
        """Returns whether it is a folder."""
        if self._folder is not None:
            return self._folder
        with self._access() as gfile:
            return gfile.isdir(str(self))

    def is_file(self) -> bool:
        """Returns whether it is an object."""
        return self.exists() and not self.is_dir()

    def iterdir(self) -> Iterator[Self]:
        """Yields what is in the folder; nothing where there is none."""
        try:
            with self._access() as gfile:
                names = gfile.listdir(str(self))
        except FileNotFoundError:
            return
        for name in names:
            path = self / name
            path._folder = name.endswith('/')
            yield path

    def glob(self, pattern: str) -> Iterator[Self]:
        """Yields what is in the folder, or some levels below, and matches a pattern; `**` is not known."""
        first, _, rest = pattern.partition('/')
        for path in self.iterdir():
            if fnmatch.fnmatchcase(path.name, first):
                if not rest:
                    yield path
                elif path.is_dir():
                    yield from path.glob(rest)

    def stat(self) -> Status:
        """Returns size and time of an object."""
        with self._access() as gfile:
            status = gfile.stat(str(self))
        return Status(int(status.length), int(status.mtime_nsec))

    def read_bytes(self) -> bytes:
        """Returns the content of an object."""
        with self._access() as gfile, gfile.GFile(str(self), 'rb') as file:
            return file.read()

    def read_text(self, encoding: str = 'utf-8') -> str:
        """Returns the content of an object as text."""
        return self.read_bytes().decode(encoding)

    def open(self, mode: str) -> io.BytesIO:
        """Returns the content of an object as a file; it is for reading, 'rb', only."""
        if mode != 'rb':
            raise ValueError(f'{self} cannot be opened for {mode!r}; nao_tf.files writes it')
        return io.BytesIO(self.read_bytes())

    def write_bytes(self, content: bytes) -> None:
        """Writes an object, durably."""
        # By a file, in one call: whatever an open GFile has when Ctrl-C comes would become the object.
        with tempfile.TemporaryDirectory() as folder:
            source = Path(folder) / 'content'
            source.write_bytes(content)
            self.upload(source)

    def download(self, place: Path) -> None:
        """Copies the object to a local file."""
        with self._access() as gfile:
            gfile.copy(str(self), str(place), overwrite=True)

    def upload(self, source: Path) -> None:
        """Makes the object a copy of a local file."""
        with self._access() as gfile:
            gfile.copy(str(source), str(self), overwrite=True)

    def unlink(self, missing_ok: bool = False) -> None:
        """Removes the object."""
        try:
            with self._access() as gfile:
                gfile.remove(str(self))
        except FileNotFoundError:
            if not missing_ok:
                raise

    def mkdir(self, parents: bool = False, exist_ok: bool = False) -> None:
        """Does nothing: a folder comes with its first object."""

    def resolve(self) -> Self:
        """Returns the same path: there is one way only of naming an object."""
        return self

    def expanduser(self) -> Self:
        """Returns the same path."""
        return self

    @contextlib.contextmanager
    def _access(self) -> Iterator[Any]:
        """Gives tf.io.gfile and turns its errors into those of `open`, with this path as their file name.

        Raises:
            OSError: FileNotFoundError, PermissionError, or with EIO what the store said.
        """
        tf = _tensorflow()
        try:
            yield tf.io.gfile
        except tf.errors.OpError as error:
            if isinstance(error, tf.errors.NotFoundError):
                code, text = errno.ENOENT, 'no such object or bucket'
            elif isinstance(error, tf.errors.PermissionDeniedError | tf.errors.UnauthenticatedError):
                code, text = errno.EACCES, 'no permission'
            else:
                code, text = errno.EIO, 'no access'
            raise OSError(code, f'{text} ({" ".join(error.message.split())})', str(self)) from None
