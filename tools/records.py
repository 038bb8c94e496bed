"""Records of trainings that are made once: a comparison that is stopped, or shared by several processes, goes on."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console

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
