"""`nao status`: how far a search is, read from its journal."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from nao_tf.errors import InputError
from nao_tf.search.history import BASELINE, SEARCH, WARM, History
from nao_tf.search.journal import Journal
from nao_tf.search.progress import clock, make_console
from nao_tf.search.sharing_checkpoint import CHECKPOINT, load_about
from nao_tf.search.workdir import CONFIG, JOURNAL, read_json


def print_status(workdir: Path, console: Console | None = None) -> None:
    """Prints what has ended, what is under way, and the best so far; changes nothing.

    Args:
        workdir: of a search.
        console: where to print; the standard output by default.

    Raises:
        InputError: if the directory holds no search, or its config is damaged.
    """
    console = console or make_console()
    checkpoint = workdir / CHECKPOINT
    journal = Journal(workdir / JOURNAL)
    if not journal.exists() and not checkpoint.exists():
        raise InputError(f'{workdir} holds no search: there is no {JOURNAL} in it')
    config = read_json(workdir / CONFIG)
    if checkpoint.exists():
        about = load_about(checkpoint)
        state, sizes = about['state'], about['sizes']
        console.print(
            f'{workdir}: shared weights: {state["epoch"]} of {sizes["epochs"] * (sizes["rounds"] + 1)} epochs trained, '
            f'{state["round"]} of {sizes["rounds"] + 1} rounds scored',
            markup=False,
        )
    try:
        space, searcher, start = config['space.name'], config['searcher.name'], config['searcher.initial']
        later = config['searcher.rounds'] * config['searcher.per_round']
        arms = 2 if config['baseline'] == 'random' else 1
    except (KeyError, TypeError):
        raise InputError(f'{workdir / CONFIG} is not the config of a search') from None
    history = History(journal.read(), space)
    for message in journal.damaged:
        console.print(f'warning: {message}', markup=False)
    total = max(start - len(history.of_arm(WARM)), 0) + arms * later
    if checkpoint.exists():  # then children are what the shared weights chose
        total = len(history.trials)
    failed = sum(trial.evaluation is not None and trial.evaluation.failed for trial in history.trials.values())
    console.print(
        f'{workdir}: {searcher} on {config["data"]}, space {space}: '
        f'{history.ended} of {total} children ended, {failed} failed, {clock(history.seconds)} so far',
        markup=False,
    )
    for arm in (SEARCH, BASELINE):
        trials, best = history.of_arm(arm), history.best(arm)
        if trials and best is not None:
            ended = sum(trial.evaluation is not None for trial in trials)
            metrics = {} if best.evaluation is None else best.evaluation.metrics
            figure = f'perplexity {metrics["perplexity"]:.2f}' if 'perplexity' in metrics else f'{best.score:.4f}'
            console.print(
                f'{arm}: {ended} of {len(trials)} proposed have ended, last round {trials[-1].proposal.round}, '
                f'best {figure} (trial {best.id})',
                markup=False,
            )
