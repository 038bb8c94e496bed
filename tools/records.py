"""Records of trainings that are made once: a comparison that is stopped, or shared by several processes, goes on."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console

from nao_tf.errors import InputError
from nao_tf.files import write_text


def recorded(folder: str | Path, name: str, make: Callable[[], Any], console: Console) -> Any:
    """Returns what a record holds; made first if there is none.

    Args:
        folder: of the records.
        name: of the record; a path is one too.
        make: returns JSON types.
        console: told of a record that was made.
    """
    path = Path(folder) / f'{name.strip("/").replace("/", "_")}.json'
    if not path.exists():
        write_text(path, json.dumps(make()))
        console.print(name, markup=False)
    return json.loads(path.read_text())


def check_settings(folder: str | Path, settings: dict[str, Any], console: Console) -> None:
    """Writes down what all records of a folder have in common; records without it are taken for such ones.

    Args:
        folder: of the records.
        settings: JSON types.
        console: told where they were written.

    Raises:
        InputError: if the folder's are others.
    """
    given = json.loads(json.dumps(settings))
    before = recorded(folder, 'settings', lambda: given, console)
    if before != given:
        differ = sorted(name for name in {**before, **given} if before.get(name) != given.get(name))
        was, now = ({name: values.get(name) for name in differ} for values in (before, given))
        raise InputError(f'{folder} holds records of {was}, now {now}; give another --output, or the same values')
