"""What a training began with, kept in its work directory: the best of a search may become another cell."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from nao_tf.errors import InputError
from nao_tf.files import as_path, write_text
from nao_tf.final.winners import Candidate, candidates, is_folder
from nao_tf.search.workdir import read_json, space_module
from nao_tf.spaces.registry import get_space
from nao_tf.spaces.writing import cells_from_json, cells_to_json

CHOSEN = 'architectures.json'


def chosen_architectures(
    text: str, count: int, workdir: str | Path, *, space: str = '', module: str = ''
) -> list[Candidate]:
    """Returns what a training is to train: what it began with, or what a text names now.

    Args:
        text: as `nao_tf.final.winners.candidates` takes it.
        count: how many.
        workdir: of the training, begun or not.
        space: name of the space of tokens, '' to find it.
        module: a person's own file that defines the space or operations.

    Raises:
        InputError: if there is no such architecture, or the file is damaged.
    """
    path = as_path(workdir) / CHOSEN
    if path.exists():
        kept = read_json(path)
        if (kept.get('architecture'), kept.get('top_k')) == (text, count):
            try:
                return [_candidate(row, path) for row in kept['candidates']]
            except (KeyError, TypeError, ValueError, AttributeError, InputError) as error:
                raise InputError(f'{path} is damaged ({error}); remove it, or put back a copy') from None
    return candidates(text, count, space=space, module=module)


def keep_architectures(found: Sequence[Candidate], text: str, workdir: Path) -> None:
    """Writes down what a training begins with, where a folder says it and may say something else later.

    Args:
        found: the architectures.
        text: that named them.
        workdir: of the training.
    """
    if is_folder(text) and not (workdir / CHOSEN).exists():
        rows = [{'cells': cells_to_json(one.cells), 'origin': one.origin, 'module': one.module} for one in found]
        value = {'architecture': text, 'top_k': len(found), 'candidates': rows}
        write_text(workdir / CHOSEN, json.dumps(value, indent=1))


def _candidate(row: dict, path: Path) -> Candidate:
    module = space_module(path.parent, {'space.module': row['module']})
    if module:
        get_space('', module=module)
    return Candidate(cells_from_json(row['cells']), str(row['origin']), module)
