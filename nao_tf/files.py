"""Files and folders that are written whole or not at all."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """Gives a place to write a file; it takes the file's own place, durably, when it is complete.

    Whatever stops the writing, the old file (or none) is there, and nothing that a reader takes for the new one.

    Args:
        path: of the file; its folder is made.

    Yields:
        Where to write: a hidden name beside it, with the same suffix.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f'.{os.getpid()}.{path.name}')
    try:
        yield partial
        with open(partial, 'rb') as file:
            os.fsync(file.fileno())
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


@contextlib.contextmanager
def folder_written_whole(path: Path) -> Iterator[Path]:
    """Gives a place to write a folder; it takes the folder's own place when it is complete.

    Args:
        path: of the folder; one that is there is removed at the end, and stays if the writing is stopped.

    Yields:
        Where to write: a hidden name beside it, which does not exist yet.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial, old = (path.with_name(f'.{os.getpid()}.{part}.{path.name}') for part in ('new', 'old'))
    try:
        yield partial
        if path.exists():
            os.replace(path, old)
        os.replace(partial, path)
        shutil.rmtree(old, ignore_errors=True)
    finally:
        if old.exists() and not path.exists():
            os.replace(old, path)
        shutil.rmtree(partial, ignore_errors=True)


def write_text(path: Path, text: str) -> None:
    """Writes a text file whole or not at all.

    Args:
        path: of the file.
        text: its new content.
    """
    with written_whole(path) as partial:
        partial.write_text(text, encoding='utf-8')
