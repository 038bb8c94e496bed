"""The JSON files of a KerasTuner search: written whole, and one line where one cannot be read."""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

from nao_tf.errors import InputError
from nao_tf.files import write_text


def write_state(path: Path, value: Any) -> None:
    """Writes JSON whole or not at all.

    Args:
        path: of the file.
        value: of JSON types.

    Raises:
        InputError: if it cannot be written; what was written before is still there.
    """
    try:
        write_text(path, json.dumps(value))
    except OSError as error:
        raise InputError(
            f'cannot write {path}: {error.strerror}; mend that, and the same search continues from its last trial'
        ) from error


def read_state(path: Path, field: str) -> dict[str, Any]:
    """Returns the JSON object in a file.

    Args:
        path: of the file.
        field: that the object has.

    Raises:
        InputError: if the file is damaged or gone.
    """
    try:
        value = json.loads(path.read_text(encoding='utf-8'))
        value[field]
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        reason = ' '.join(str(error).split())[:200]
        raise InputError(
            f'{path} is damaged or gone ({reason}); put back a copy, or begin anew by overwrite=True or another '
            'project_name'
        ) from None
    return value


def mend_tuners(folder: Path, ours: Collection[str]) -> None:
    """Empties the files of tuners that a kill has torn: KerasTuner does not write them whole, and they hold nothing.

    Args:
        folder: of the search.
        ours: names of the JSON files there that are of no tuner.
    """
    for file in folder.glob('*.json'):
        if file.name in ours or not file.is_file():
            continue
        try:
            json.loads(file.read_text(encoding='utf-8'))
        except ValueError:
            write_state(file, {})
