"""Which Python files of a person's own may be run when something that they read names them.

A work directory names the file that its space comes from, and may come from somebody else; a file that the person has
named in a command or a config of theirs is one that they run. Such a file is remembered by its content, so that it may
lie anywhere, and any change of it is another file.
"""

from __future__ import annotations

import contextlib
import hashlib
from pathlib import Path

import platformdirs

from nao_tf.errors import InputError

_run: set[str] = set()  # hashes of the files that this process has run


def trust(path: Path) -> None:
    """Remembers a file that a person has named; in this process only, where their folder cannot be written.

    Args:
        path: of a Python file.
    """
    _run.add(_hash(path))
    with contextlib.suppress(OSError):
        remember(path)


def remember(path: Path) -> Path:
    """Remembers a file for later processes of the same user.

    Args:
        path: of a Python file.

    Returns:
        The empty file that stands for it; removing it takes the trust back.

    Raises:
        OSError: if the folder cannot be written.
    """
    note = _note(path)
    if not note.exists():
        note.parent.mkdir(parents=True, exist_ok=True)
        note.touch()
    return note


def is_trusted(path: Path) -> bool:
    """Returns whether a file was run or named before, with the content that it has now.

    Args:
        path: of a file; one that is missing is not trusted.
    """
    try:
        return _hash(path) in _run or _note(path).exists()
    except OSError:
        return False


def check_trusted(path: Path, where: str) -> None:
    """Raises an InputError for a file that may not be run yet.

    Args:
        path: of a Python file.
        where: what names it, for the error.
    """
    if not path.is_file():
        raise InputError(f'{where} names the Python file {path}, which does not exist; put it back')
    if not is_trusted(path):
        raise InputError(
            f'{where} names {path}, a program that you have not run here, or not as it is now; look at it, and if you '
            f'trust it: nao trust {path}'
        )


def _note(path: Path) -> Path:
    return platformdirs.user_data_path('nao_tf') / 'trusted' / _hash(path)


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
