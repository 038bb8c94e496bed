"""The checkpoint of a weight-sharing search: one file that holds all of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from nao_tf.errors import InputError
from nao_tf.files import ARCHIVE_ERRORS, written_whole

CHECKPOINT = 'sharing.npz'


def save_checkpoint(
    path: Path, *, sizes: Mapping[str, Any], state: Mapping[str, Any], arrays: Mapping[str, Any]
) -> None:
    """Writes a checkpoint, whole or not at all.

    Args:
        path: of the `.npz` file.
        sizes: space, supernet and length of the training, as JSON types: what has to be the same to go on.
        state: position, candidates and rounds, as JSON types.
        arrays: shared weights and the state of their optimizer.
    """
    about = json.dumps({'sizes': sizes, 'state': state}, allow_nan=False)
    with written_whole(path) as partial, partial.open('wb') as file:
        np.savez(file, about=np.frombuffer(about.encode(), np.uint8), **arrays)


def load_about(path: Path) -> dict[str, Any]:
    """Returns `sizes` and `state` of a checkpoint.

    Args:
        path: of the file.

    Raises:
        InputError: if it is damaged.
    """
    try:
        with path.open('rb') as file, np.load(file, allow_pickle=False) as arrays:
            about = json.loads(arrays['about'].tobytes())
        return {'sizes': about['sizes'], 'state': about['state']}
    except ARCHIVE_ERRORS as error:
        raise damaged(path, error) from None


def load_checkpoint(path: Path, sizes: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Reads what `save_checkpoint` wrote.

    Args:
        path: of the file.
        sizes: of the search that wants to go on.

    Returns:
        The state and the arrays.

    Raises:
        InputError: if it is damaged, or of another space, supernet or length.
    """
    about = load_about(path)
    wanted = json.loads(json.dumps(sizes))
    for name in {**about['sizes'], **wanted}:
        before, now = about['sizes'].get(name), wanted.get(name)
        if before != now:
            raise InputError(
                f'{path} is of other shared weights: {name} is {before!r} there and {now!r} here; take the same, or '
                'another --workdir'
            )
    try:
        with path.open('rb') as file, np.load(file, allow_pickle=False) as arrays:
            return about['state'], {name: arrays[name] for name in arrays.files if name != 'about'}
    except ARCHIVE_ERRORS as error:
        raise damaged(path, error) from None


def damaged(path: Path, error: Exception) -> InputError:
    """Returns what a person is told of a checkpoint that cannot be read.

    Args:
        path: of the file.
        error: that reading it raised.
    """
    reason = ' '.join(str(error).split())[:200]
    return InputError(f'{path} is no checkpoint of shared weights ({reason}); remove it to start anew')
