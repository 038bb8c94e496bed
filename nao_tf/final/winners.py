"""The architectures that `nao train` is asked for: by name, tokens or file, or the best of a work directory."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nao_tf.errors import InputError
from nao_tf.files import as_path
from nao_tf.search.history import History, Trial
from nao_tf.search.journal import Journal
from nao_tf.search.status import is_training
from nao_tf.search.workdir import CONFIG, JOURNAL, MODEL, SUMMARY, read_json, space_module
from nao_tf.spaces.cells import CellPair, RecurrentCell
from nao_tf.spaces.reading import cells_of, read_cells
from nao_tf.spaces.registry import get_space
from nao_tf.spaces.writing import cells_from_json

RECURRENT = ('nodes', 'outputs')  # what a language model's config has of its cell


@dataclasses.dataclass(frozen=True)
class Candidate:
    """An architecture to train.

    Args:
        cells: its cells.
        origin: where they come from, for a person.
        module: the person's own file that its operations are from, '' for none.
        doubt: why it may not be the best of a search, '' if it is.
    """

    cells: CellPair | RecurrentCell
    origin: str
    module: str = ''
    doubt: str = ''

    @property
    def pair(self) -> CellPair:
        """The cells of a convolutional architecture.

        Raises:
            InputError: if it is recurrent.
        """
        if not isinstance(self.cells, CellPair):
            raise InputError(f'architecture {self.origin!r} is recurrent; images need a pair of convolutional cells')
        return self.cells


def candidates(text: str, count: int = 1, *, space: str = '', module: str = '') -> list[Candidate]:
    """Returns the architectures that a text names.

    Args:
        text: a name, tokens or a file (`nao_tf.spaces.reading`), the work directory of a search, whose best cells
            are taken, or that of a training.
        count: how many; more than one only of a search.
        space: name of the space of the tokens, '' to find it.
        module: a person's own file that defines the space or operations; a search brings its own.

    Returns:
        So many, the best first.

    Raises:
        InputError: if there are none, or fewer.
    """
    if count < 1:
        raise InputError(f'top_k is {count}; it must be at least 1')
    if is_folder(text):
        folder = as_path(text.strip())
        if Journal(folder / JOURNAL).exists():
            return best_of_search(folder, count)
        if count == 1:
            return [_of_training(folder)]
    if count > 1:
        raise InputError(f'top_k is {count}, which needs the work directory of a search; architecture is {text[:80]!r}')
    found = get_space(space, module=module) if space or module else None
    cells = read_cells(text, found)
    return [Candidate(cells, text.strip()[:80], module)]


def is_folder(text: str) -> bool:
    """Returns whether a text that names an architecture is a folder, such as a work directory."""
    try:
        return bool(text.strip()) and as_path(text.strip()).is_dir()
    except OSError:  # a line of tokens can be too long for a file name
        return False


def fingerprint(found: Sequence[Candidate]) -> str:
    """Returns 16 hexadecimal digits that tell these cells from any others."""
    return hashlib.sha256(repr([candidate.cells for candidate in found]).encode()).hexdigest()[:16]


def best_of_search(workdir: Path, count: int = 1) -> list[Candidate]:
    """Returns the best architectures of a search, finished or not.

    Args:
        workdir: of the search.
        count: how many.

    Raises:
        InputError: if it has not as many finished trials.
    """
    config = read_json(workdir / CONFIG)
    try:
        name, module = config['space.name'], space_module(workdir, config)
    except (KeyError, TypeError):
        raise InputError(f'{workdir / CONFIG} is not the config of a search') from None
    space = get_space(name, module=module)
    journal = Journal(workdir / JOURNAL)
    history = History(journal.read(), name)
    history.check(space)
    trials = ranked(history)
    doubt = f'of its journal {len(journal.damaged)} damaged lines were skipped' if journal.damaged else ''
    but = f'; {doubt}' if doubt else ''
    if not trials:
        raise InputError(
            f'{workdir} has no finished trial yet in {JOURNAL}, so no best architecture; continue its search first{but}'
        )
    if len(trials) < count:
        raise InputError(f'top_k is {count}, but {workdir} has {len(trials)} finished trials; take at most that many')
    return [
        Candidate(
            cells_of(trial.proposal.architecture, space),
            f'trial {trial.id} of {workdir}, {_figures(trial)}{but}',
            module,
            doubt,
        )
        for trial in trials[:count]
    ]


def ranked(history: History) -> list[Trial]:
    """Returns the finished trials of different architectures, the best first, the earliest of equals."""
    finished = sorted(
        (trial for trial in history.trials.values() if trial.finished), key=lambda trial: (-trial.score, trial.id)
    )
    seen: dict[Any, Trial] = {}
    for trial in finished:
        seen.setdefault(trial.proposal.architecture, trial)
    return list(seen.values())


def _figures(trial: Trial) -> str:
    assert trial.evaluation is not None
    perplexity = trial.evaluation.metrics.get('perplexity')
    return f'score {trial.score:.4f}' if perplexity is None else f'perplexity {perplexity:.2f}'


def _of_training(workdir: Path) -> Candidate:
    """Returns the architecture of the model that a training left."""
    path = workdir / MODEL
    if not path.exists():
        raise InputError(f'{workdir} is no work directory of a search, nor of a training that has left a {MODEL}')
    check_ended(workdir)
    module = space_module(workdir, read_json(workdir / CONFIG))
    if module:
        get_space('', module=module)
    return Candidate(cells_of_model(path), str(workdir), module)


def check_ended(workdir: Path) -> None:
    """Refuses the model of a training whose other candidates are still to be trained.

    Args:
        workdir: with a model.

    Raises:
        InputError: if it is a training that has no summary yet.
    """
    if is_training(workdir) and not (workdir / SUMMARY).exists():
        raise InputError(
            f'{workdir}: its training has not ended, {MODEL} is only the best so far; the same command continues it'
        )


def cells_of_model(path: Path) -> CellPair | RecurrentCell:
    """Returns the cells of a saved model without loading its weights.

    Args:
        path: of a `.keras` file of an `ImageClassifier` or a `LanguageModel`.

    Raises:
        InputError: if it is none.
    """
    try:
        with path.open('rb') as file, zipfile.ZipFile(file) as archive:
            config = json.loads(archive.read('config.json'))['config']['network']['config']
        return cells_from_json(config['cells'] if 'cells' in config else {name: config[name] for name in RECURRENT})
    except (OSError, zipfile.BadZipFile, KeyError, TypeError, ValueError, RuntimeError) as error:
        raise InputError(f'{path} is no model of nao_tf ({" ".join(str(error).split())[:200]})') from None
