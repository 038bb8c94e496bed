"""The output folder of a benchmark: made, locked, recognised."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from nao_tf.errors import InputError
from nao_tf.files import write_text
from nao_tf.locks import locked
from nao_tf.search.identity import differing
from nao_tf.search.workdir import CONFIG, read_json


@contextlib.contextmanager
def open_output(
    path: Path, identity: Mapping[str, Any], searchers: Mapping[str, Mapping[str, Any]], defaults: Mapping[str, Any]
) -> Iterator[Path]:
    """Makes or reopens an output folder and holds its lock.

    Args:
        path: the folder.
        identity: what makes the protocol this one (`nao_tf.benchmarks.plan.Plan.identity`).
        searchers: settings of each searcher that is to run, by name; those of the others may have changed.
        defaults: values of fields that are younger than the folder.

    Yields:
        The folder, whose `config.json` is this identity, and whose folder of each searcher has one of its settings.

    Raises:
        InputError: if it cannot be written, is in use, is no output folder, or is of another protocol.
    """
    with contextlib.ExitStack() as stack:
        try:
            path.mkdir(parents=True, exist_ok=True)
            stack.enter_context(locked(path, 'the benchmark'))
        except OSError as error:
            raise InputError(f'cannot write to the output folder {path}: {error.strerror}') from None
        stored = path / CONFIG
        if stored.exists():
            before = read_json(stored)
            if not isinstance(before, dict) or 'protocol' not in before:
                raise InputError(f'{stored} is not that of a benchmark; give a new or empty --output')
            files = {stored: identity, **{path / name / CONFIG: settings for name, settings in searchers.items()}}
            for file, given in files.items():
                if file.exists():
                    check_protocol(read_json(file), given, defaults, file)
        elif others := sorted(entry.name for entry in path.iterdir() if not entry.name.startswith('.')):
            raise InputError(
                f'{path} is no output folder of a benchmark (no {CONFIG}, but {", ".join(others[:3])}); '
                'give a new or empty --output'
            )
        try:
            write_text(stored, json.dumps(dict(identity), indent=1))
            for name, settings in searchers.items():
                write_text(path / name / CONFIG, json.dumps(dict(settings), indent=1))
        except OSError as error:
            raise InputError(f'cannot write to the output folder {path}: {error.strerror}') from None
        for partial in path.glob('*/.*.jsonl'):  # of a process that was killed while it wrote
            partial.unlink()
        yield path


def check_protocol(stored: Any, given: Mapping[str, Any], defaults: Mapping[str, Any], where: Path) -> None:
    """Checks that a folder is of this protocol.

    Args:
        stored: what the folder has.
        given: that of the command.
        defaults: values of fields that are younger than the folder.
        where: the file, for the error.

    Raises:
        InputError: naming what differs.
    """
    before, now = {**defaults, **stored}, {**defaults, **given}
    differences = differing(before, now, {**given, **stored})
    if differences:
        raise InputError(
            f'{where} is of another protocol: {differences}. '
            'Give another --output, or the same values (only searchers, seeds, workers, report_at, reference and the '
            "table's place may be changed)"
        )
