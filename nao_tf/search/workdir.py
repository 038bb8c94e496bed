"""The work directory of a search: made, locked, recognised."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from nao_tf.errors import InputError
from nao_tf.files import is_stored, write_text
from nao_tf.locks import locked
from nao_tf.search.identity import check_same

CONFIG, JOURNAL, SUMMARY, MODEL = 'config.json', 'trials.jsonl', 'summary.json', 'best_model.keras'


def read_json(path: Path) -> Any:
    """Returns the content of a JSON file.

    Raises:
        InputError: naming the file, if it cannot be read or is damaged.
    """
    try:
        return json.loads(path.read_text(encoding='utf-8'))
    except OSError as error:
        raise InputError(f'cannot read {path}: {error.strerror}') from None
    except ValueError as error:
        raise InputError(f'{path} is damaged ({error})') from None


@contextlib.contextmanager
def open_workdir(path: Path, config: dict[str, Any], defaults: Mapping[str, Any] | None = None) -> Iterator[Path]:
    """Makes or reopens a work directory and holds its lock.

    Args:
        path: the directory.
        config: the flat config of the search.
        defaults: the flat default config, for fields that the directory is too old to have.

    Yields:
        The directory, whose `config.json` is this config.

    Raises:
        InputError: if it cannot be written, is in use, is no work directory, or holds a different run.
    """
    with contextlib.ExitStack() as stack:
        try:
            path.mkdir(parents=True, exist_ok=True)
            stack.enter_context(locked(path, 'the search'))
        except OSError as error:
            raise InputError(f'cannot write to the work directory {path}: {error.strerror}') from None
        for name in () if is_stored(path) else (CONFIG, SUMMARY, MODEL):
            for partial in path.glob(f'.*.{name}'):  # of a process that was killed while it wrote
                partial.unlink()
        stored = path / CONFIG
        if stored.exists():
            check_same(read_json(stored), config, defaults=dict(defaults or {}), where=str(stored))
        elif others := sorted(entry.name for entry in path.iterdir() if not entry.name.startswith('.')):
            raise InputError(
                f'{path} is no work directory of a search (no {CONFIG}, but {", ".join(others[:3])}); '
                'give a new or empty --workdir'
            )
        try:
            write_text(stored, json.dumps(config, indent=1))
        except OSError as error:
            raise InputError(f'cannot write to the work directory {path}: {error.strerror}') from None
        yield path
