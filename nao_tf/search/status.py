"""`nao status`: how far a search is, read from its journal."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from nao_tf.errors import InputError
from nao_tf.search.config import from_flat
from nao_tf.search.history import BASELINE, SEARCH, History
from nao_tf.search.journal import Journal
from nao_tf.search.progress import clock
from nao_tf.search.workdir import CONFIG, JOURNAL, read_json
from nao_tf.searchers.registry import total_evaluations


def print_status(workdir: Path, console: Console | None = None) -> None:
    """Prints what has ended, what is under way, and the best so far; changes nothing.

    Args:
        workdir: of a search.
        console: where to print; the standard output by default.

    Raises:
        InputError: if the directory holds no search, or its config is damaged.
    """
    console = console or Console(highlight=False, soft_wrap=True)
    if not (workdir / JOURNAL).exists():
        raise InputError(f'{workdir} holds no search: there is no {JOURNAL} in it')
    stored = read_json(workdir / CONFIG)
    stored.pop('fingerprint', None)
    config = from_flat(stored, str(workdir / CONFIG))
    journal = Journal(workdir / JOURNAL)
    history = History(journal.read(), config.space.name)
    for message in journal.damaged:
        console.print(f'warning: {message}', markup=False)
    total = total_evaluations(config.searcher) - min(len(history.of_arm('warm')), config.searcher.initial)
    if config.baseline == 'random':
        total += total_evaluations(config.searcher) - config.searcher.initial
    failed = sum(trial.evaluation is not None and trial.evaluation.failed for trial in history.trials.values())
    console.print(
        f'{workdir}: {config.searcher.name} on {config.task.name}, space {config.space.name}: '
        f'{history.ended} of {total} children ended, {failed} failed, {clock(history.seconds)} so far',
        markup=False,
    )
    for arm in (SEARCH, BASELINE):
        trials, best = history.of_arm(arm), history.best(arm)
        if trials and best is not None:
            ended = sum(trial.evaluation is not None for trial in trials)
            console.print(
                f'{arm}: {ended} of {len(trials)} proposed have ended, last round {trials[-1].proposal.round}, '
                f'best {best.score:.4f} (trial {best.id})',
                markup=False,
            )
