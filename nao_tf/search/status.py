"""`nao status`: how far a search or a training is, read from its work directory without TensorFlow."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from nao_tf.errors import InputError
from nao_tf.files import ARCHIVE_ERRORS
from nao_tf.search.budgets import arm_budgets
from nao_tf.search.history import BASELINE, SEARCH, WARM, History
from nao_tf.search.journal import Journal
from nao_tf.search.progress import clock, figure
from nao_tf.search.sharing.checkpoint import CHECKPOINT, load_about
from nao_tf.search.terminal import Terminal, as_terminal
from nao_tf.search.workdir import CONFIG, JOURNAL, SUMMARY, read_json, read_training


def print_status(workdir: Path, console: Console | None = None) -> None:
    """Prints what has ended, what is under way, and the best so far; changes nothing.

    Args:
        workdir: of a search or a training.
        console: where to print; the standard output by default.

    Raises:
        InputError: if the directory holds neither, or its config is damaged.
    """
    terminal = as_terminal(console)
    journal = Journal(workdir / JOURNAL)
    if journal.exists() or (workdir / CHECKPOINT).exists() or is_search(workdir):
        _search_status(workdir, journal, terminal)
    elif is_training(workdir):
        _training_status(workdir, terminal)
    else:
        raise InputError(
            f'{workdir} holds no search and no training: there is no {JOURNAL} in it, and no {CONFIG} of either'
        )


def is_training(workdir: Path) -> bool:
    """Returns whether a work directory is that of `nao train`, by the fields of its config."""
    return (workdir / CONFIG).exists() and not {'architecture', 'weights'}.isdisjoint(read_json(workdir / CONFIG))


def is_search(workdir: Path) -> bool:
    """Returns whether a work directory is that of `nao search`, which may just have begun."""
    return (workdir / CONFIG).exists() and 'searcher.name' in read_json(workdir / CONFIG)


def _search_status(workdir: Path, journal: Journal, terminal: Terminal) -> None:
    config = read_json(workdir / CONFIG)
    try:
        space, searcher, start = config['space.name'], config['searcher.name'], config['searcher.initial']
        later = config['searcher.rounds'] * config['searcher.per_round']
        baseline = config['baseline'] == 'random'
        data = config['data']
    except (KeyError, TypeError):
        raise InputError(f'{workdir / CONFIG} is not the config of a search') from None
    lines, status = [], {'kind': 'search', 'workdir': str(workdir), 'data': data, 'space': space}
    checkpoint = workdir / CHECKPOINT
    if checkpoint.exists():
        about = load_about(checkpoint)
        state, sizes = about['state'], about['sizes']
        epochs, rounds = sizes['epochs'] * (sizes['rounds'] + 1), sizes['rounds'] + 1
        status['sharing'] = {'epoch': state['epoch'], 'epochs': epochs, 'round': state['round'], 'rounds': rounds}
        lines.append(
            f'{workdir}: shared weights: {state["epoch"]} of {epochs} epochs trained, '
            f'{state["round"]} of {rounds} rounds scored'
        )
    history = History(journal.read(), space)
    for message in journal.damaged:
        terminal.warn(message)
    warm = len(history.of_arm(WARM))
    budgets = arm_budgets(
        history, total=start + later, initial=start, warm=warm, first=max(start - warm, 0), baseline=baseline
    )
    total = sum(budgets.values())
    if checkpoint.exists():  # then children are what the shared weights chose
        total = len(history.trials)
    failed = sum(trial.evaluation is not None and trial.evaluation.failed for trial in history.trials.values())
    status |= {
        'searcher': searcher,
        'ended': history.ended,
        'total': total,
        'failed': failed,
        'seconds': history.seconds,
        'finished': (workdir / SUMMARY).exists(),
        'arms': {},
    }
    lines.append(
        f'{workdir}: {searcher} on {data}, space {space}: '
        f'{history.ended} of {total} children ended, {failed} failed, {clock(history.seconds)} so far'
    )
    for arm in (SEARCH, BASELINE):
        trials, best = history.of_arm(arm), history.best(arm)
        if trials and best is not None:
            ended = sum(trial.evaluation is not None for trial in trials)
            metrics = {} if best.evaluation is None else best.evaluation.metrics
            figure = f'perplexity {metrics["perplexity"]:.2f}' if 'perplexity' in metrics else f'{best.score:.4f}'
            rounds = trials[-1].proposal.round
            status['arms'][arm] = {
                'ended': ended,
                'proposed': len(trials),
                'round': rounds,
                'best_trial': best.id,
                'best_score': best.score,
                'best_metrics': dict(metrics),
            }
            lines.append(
                f'{arm}: {ended} of {len(trials)} proposed have ended, last round {rounds}, '
                f'best {figure} (trial {best.id})'
            )
    _show(status, lines, terminal)


def _training_status(workdir: Path, terminal: Terminal) -> None:
    """Shows a training by its summary, the candidates that have ended, and the checkpoint of the one that has not."""
    config = read_json(workdir / CONFIG)
    what, epochs = config.get('architecture') or config.get('weights'), config.get('child.epochs')
    ended = read_json(workdir / 'trainings.json', list) if (workdir / 'trainings.json').exists() else []
    summary = read_training(workdir) if (workdir / SUMMARY).exists() else None
    status: dict[str, Any] = {'kind': 'training', 'workdir': str(workdir), 'data': config.get('data'), 'trained': what}
    status |= {'epochs': epochs, 'candidates_ended': len(ended), 'candidates': config.get('top_k', 1)}
    status |= {'finished': summary is not None}
    lines = [f'{workdir}: training of {what} on {config.get("data")}, {epochs} epochs']
    if status['candidates'] > 1:
        lines.append(f'{len(ended)} of {status["candidates"]} candidates have ended')
    if summary is not None:
        metric = summary['metric']
        figures = [
            f'{name} {metric} {figure(summary[name][metric])}'
            for name in ('validation', 'test')
            if summary.get(name) and metric in summary[name]
        ]
        status['summary'] = summary
        diverged = '; the loss was not finite after it' if summary.get('diverged') else ''
        lines.append(f'finished: {", ".join(figures)}, weights of epoch {summary["epoch"]}{diverged}')
    else:
        position = _position(workdir, len(ended))
        status['position'] = position
        if position is None:
            lines.append('no checkpoint yet: less than a minute is trained')
        else:
            reached = [f'{name} {value}' for name, value in position.items() if name in ('epoch', 'step')]
            best = position.get('best')
            figures = [f'best {name} {value:.4f}' for name, value in (best or {}).items() if isinstance(value, float)]
            lines.append(f'under way: checkpoint at {", ".join([*reached, *figures])}')
    _show(status, lines, terminal)


def _position(workdir: Path, ended: int) -> dict[str, Any] | None:
    """Returns where the checkpoint of the candidate after those that have ended stands, None without one.

    Raises:
        InputError: if it is damaged.
    """
    text, candidate = workdir / 'checkpoint.npz', workdir / f'checkpoint_{ended + 1}.npz'
    path = text if text.exists() else candidate
    if not path.exists():
        return None
    try:
        with path.open('rb') as file, np.load(file, allow_pickle=False) as arrays:
            about = json.loads(str(arrays['about']))
        best = about.get('best')
        scored = {**best.get('metrics', {}), 'epoch': best['epoch']} if best else None
        return {name: about[name] for name in ('epoch', 'step') if name in about} | {'best': scored}
    except ARCHIVE_ERRORS as error:
        raise InputError(f'{path} is damaged ({error}); remove it to train anew') from None


def _show(status: Mapping[str, Any], lines: list[str], terminal: Terminal) -> None:
    terminal.tell('status', **status)
    terminal.final = True  # in `quiet` too: it is all that was asked for
    for line in lines:
        terminal.print(line, markup=False)
