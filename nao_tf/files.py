"""Files and folders, of a disk or of an object store, that are written whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import glob
import os
import re
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar, cast

from nao_tf.errors import InputError
from nao_tf.store import SCHEME, StorePath

Source = TypeVar('Source')

# What NumPy and zipfile raise for a .npz file that is damaged, or another one.
ARCHIVE_ERRORS = (
    *(OSError, KeyError, ValueError, TypeError, EOFError, MemoryError, RuntimeError),
    *(zlib.error, zipfile.BadZipFile),
)

_URL = re.compile(r'([A-Za-z][A-Za-z0-9+.-]*)://(.*)', re.DOTALL)


def as_path(place: str | os.PathLike[str]) -> Path:
    """Returns a path as a person gives it: of this machine (with ~ for the home), or of an object store.

    Args:
        place: such as `runs/digits`, or `gs://BUCKET/FOLDER`.

    Returns:
        A path of pathlib, or a `StorePath`, which has the same methods.

    Raises:
        InputError: for another kind of address, or one without a bucket.
    """
    if isinstance(place, StorePath):
        return cast(Path, place)
    text = os.fspath(place)
    if url := _URL.match(text):
        if not text.startswith(SCHEME):
            raise InputError(
                f'{text}: there is no access to {url[1]}://; give a path of this machine, or {SCHEME}BUCKET/...'
            )
        if not url[2].strip('/') or url[2].startswith('/'):
            raise InputError(f'{text} names no bucket; it is {SCHEME}BUCKET/FOLDER')
        return cast(Path, StorePath(text))
    path = Path(text)
    try:
        return path.expanduser()
    except RuntimeError:  # a name that begins with ~ and is nobody's
        return path


def is_stored(path: Path) -> bool:
    """Returns whether a path is of an object store."""
    return isinstance(path, StorePath)


@contextlib.contextmanager
def local_file(path: Source) -> Iterator[Source | Path]:
    """Gives a file of this machine: itself, or a copy of one of a store that lasts as long as the context.

    Args:
        path: of the file; an open file is handed on too.
    """
    if not isinstance(path, StorePath):
        yield path
        return
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / path.name
        path.download(copy)
        yield copy


def is_whole_archive(path: Path) -> bool:
    """Returns whether a file is there and every part of it has its checksum; `.keras` and `.npz` files are archives.

    Args:
        path: of the file, which is read to its end.
    """
    if not path.is_file():
        return False
    with local_file(path) as file:
        try:
            with zipfile.ZipFile(file) as archive:
                return archive.testzip() is None
        except Exception:  # whatever zipfile makes of damaged bytes
            return False


@contextlib.contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """Gives a place to write a file; it takes the file's own place, durably, when it is complete.

    Whatever stops the writing, the old file (or none) is there, and nothing that a reader takes for the new one.

    Args:
        path: of the file; its folder is made.

    Yields:
        Where to write, on this machine: a hidden name beside it, or a temporary file where it is of a store; with the
        same suffix.
    """
    if isinstance(path, StorePath):
        with tempfile.TemporaryDirectory() as folder:
            yield Path(folder) / path.name
            path.upload(Path(folder) / path.name)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    remove_left(path)
    partial = path.with_name(f'.{os.getpid()}.{path.name}')
    try:
        yield partial
        with open(partial, 'rb') as file:
            os.fsync(file.fileno())
        os.replace(partial, path)
        sync_folder(path.parent)
    finally:
        partial.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Makes the names of a folder's new files last: a file that was synchronised can lose its name in a power cut.

    Args:
        folder: of this machine; where its file system cannot do that (some of a network), nothing is done.
    """
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(number)


def remove_left(path: Path) -> None:
    """Removes what processes of this machine that were killed had written of a file, as `.PROCESS.NAME`.

    Args:
        path: of the file, on this machine.
    """
    for left in _left(path, ''):
        with contextlib.suppress(OSError):
            left.unlink()


def _left(path: Path, part: str) -> list[Path]:
    """Returns the hidden files or folders of a name that belong to processes that are gone."""
    found = path.parent.glob(f'.*.{part}{glob.escape(path.name)}')
    numbers = [(left, left.name.split('.')[1]) for left in found]
    here = str(os.getpid())  # of an earlier process: in a container every one may have the same number
    return [left for left, number in numbers if number.isdecimal() and (number == here or not _is_running(int(number)))]


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        pass
    return True


@contextlib.contextmanager
def folder_written_whole(path: Path) -> Iterator[Path]:
    """Gives a place to write a folder; it takes the folder's own place when it is complete.

    Args:
        path: of the folder; one that is there is removed at the end, and stays if the writing is stopped. What a kill
            between the two has put aside is put back first.

    Yields:
        Where to write, on this machine: a name that does not exist yet. To a store its files go one by one, in the
        order of their names.
    """
    if isinstance(path, StorePath):
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary) / path.name
            yield folder
            _upload(folder, path)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    for left in _left(path, 'old.'):
        if not path.exists():
            os.replace(left, path)
        shutil.rmtree(left, ignore_errors=True)
    for left in _left(path, 'new.'):
        shutil.rmtree(left, ignore_errors=True)
    partial, old = (path.with_name(f'.{os.getpid()}.{part}.{path.name}') for part in ('new', 'old'))
    try:
        yield partial
        for file in partial.rglob('*'):
            if file.is_file():
                with open(file, 'rb') as opened:
                    os.fsync(opened.fileno())
        if path.exists():
            os.replace(path, old)
        os.replace(partial, path)
        sync_folder(path.parent)
        shutil.rmtree(old, ignore_errors=True)
    finally:
        if old.exists() and not path.exists():
            os.replace(old, path)
        shutil.rmtree(partial, ignore_errors=True)


def _upload(folder: Path, target: StorePath) -> None:
    """Makes a folder of a store a copy of a local one."""
    for file in list(_files(cast(Path, target))):
        if not folder.joinpath(*file.parts[len(target.parts) :]).is_file():
            file.unlink()
    for file in sorted(_files(folder)):
        target.joinpath(*file.relative_to(folder).parts).upload(file)


def _files(folder: Path) -> Iterator[Path]:
    """Yields every file in a folder and the folders in it."""
    for path in folder.iterdir():
        if path.is_dir():
            yield from _files(path)
        else:
            yield path


def write_text(path: Path, text: str) -> None:
    """Writes a text file whole or not at all.

    Args:
        path: of the file.
        text: its new content.
    """
    if isinstance(path, StorePath):
        path.write_bytes(text.encode())
        return
    with written_whole(path) as partial:
        partial.write_text(text, encoding='utf-8')
