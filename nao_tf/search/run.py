"""Runs a search from its config to its summary and its model file."""

from __future__ import annotations

import dataclasses
import filecmp
import json
import shutil
from pathlib import Path
from typing import Any

import keras
import ml_collections
from rich.console import Console

from nao_tf.search.config import default_config, flatten
from nao_tf.search.estimate import estimate
from nao_tf.search.executor import InProcess
from nao_tf.search.history import BASELINE, SEARCH, History
from nao_tf.search.journal import Journal
from nao_tf.search.keeper import BestChildren
from nao_tf.search.loop import OutOfTime, SearchLoop, start_evaluations
from nao_tf.search.progress import Progress, clock, print_summary
from nao_tf.search.setup import Parts, build_parts, set_threads
from nao_tf.search.summary import summarise
from nao_tf.search.workdir import JOURNAL, MODEL, SUMMARY, open_workdir, write_atomically
from nao_tf.spaces.architecture import Architecture
from nao_tf.tasks.image import ImageTask
from nao_tf.tasks.make import make_task


@dataclasses.dataclass(frozen=True)
class Result:
    """What a search found.

    Args:
        best_architecture: the architecture of the highest validation score, None if no child finished.
        history: all trials.
        summary: by the schema of summary.json (docs/summary.md).
        workdir: where everything lies.
    """

    best_architecture: Architecture | None
    history: History
    summary: dict[str, Any]
    workdir: Path

    @property
    def best_model(self) -> keras.Model:
        """The winning child with its trained weights; takes raw images and returns class probabilities."""
        return keras.models.load_model(self.workdir / MODEL)


def run_search(
    config: ml_collections.ConfigDict,
    workdir: str | Path,
    *,
    task: ImageTask | None = None,
    max_hours: float | None = None,
    dry_run: bool = False,
    console: Console | None = None,
) -> Result | None:
    """Runs or continues a search; a finished one is printed again.

    Args:
        config: of `nao_tf.search.config.default_config`.
        workdir: made if it does not exist.
        task: given in Python; None makes the one that `config.task` describes.
        max_hours: of this session; after it the same command continues.
        dry_run: only says what would run, and writes nothing.
        console: where progress goes; the standard output by default.

    Returns:
        The result; None after a dry run or when the time was over.

    Raises:
        InputError: for a value that is wrong, before any training starts.
    """
    console = console or Console(highlight=False, soft_wrap=True)
    set_threads(config.threads)
    task = task or make_task(config.task)
    parts = build_parts(config, task)
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(config.child.precision)
    try:
        if dry_run:
            describe_plan(config, parts, console, parts.total)
            return None
        flat = {**flatten(config), 'fingerprint': task.fingerprint}
        with open_workdir(Path(workdir), flat, flatten(default_config())) as folder:
            return _run(config, parts, folder, max_hours, console)
    finally:
        keras.config.set_dtype_policy(before)


def _run(
    config: ml_collections.ConfigDict, parts: Parts, workdir: Path, max_hours: float | None, console: Console
) -> Result | None:
    progress = Progress(parts.total, console)
    journal = Journal(workdir / JOURNAL)
    keeper = BestChildren(workdir / 'children', parts.evaluator)
    loop = SearchLoop(
        journal,
        parts.space.name,
        executor=InProcess(parts.evaluator),
        observer=progress,
        keeper=keeper,
        max_attempts=config.max_attempts,
        max_seconds=None if max_hours is None else max_hours * 3600,
    )
    history = loop.history
    try:
        if history.ended < parts.total:
            loop.open_session()
            if history.ended:
                progress.say(f'continuing {workdir}: {history.ended} of {parts.total} children have ended')
            describe_plan(config, parts, console, parts.total - history.ended)
            loop.take_over(parts.warm)
            _run_arms(loop, parts)
        else:
            progress.say(f'{workdir} holds this search, finished; raise searcher.rounds to extend it')
        _crown(parts, loop, keeper, workdir)
    except OutOfTime:
        progress.say(f'max_hours are over; the same command continues the search in {workdir}')
        return None
    except KeyboardInterrupt:
        progress.say(f'interrupted; the same command continues the search in {workdir}')
        raise
    finally:
        progress.close()
        journal.close()
    summary = summarise(history, parts.space, metric=parts.task.metric, searcher=config.searcher.name, seed=config.seed)
    write_atomically(workdir / SUMMARY, json.dumps(summary, indent=1))
    print_summary(summary, console)
    best = history.best()
    if best is not None:
        console.print(f'model: {workdir / MODEL}  summary: {workdir / SUMMARY}', markup=False)
    return Result(None if best is None else best.proposal.architecture, history, summary, workdir)


def _run_arms(loop: SearchLoop, parts: Parts) -> None:
    """Runs the search, then the random arm from the same start."""
    parts.searcher.observe([trial.evaluation for trial in loop.history.of_arm('warm') if trial.evaluation is not None])
    loop.run_arm(SEARCH, parts.searcher, parts.budget)
    if parts.baseline is not None:
        parts.baseline.observe(start_evaluations(loop.history))
        loop.run_arm(BASELINE, parts.baseline, parts.baseline_budget)


def _crown(parts: Parts, loop: SearchLoop, keeper: BestChildren, workdir: Path) -> None:
    """Tests the winner of each arm, once, and writes the model file of the best of them."""
    history = loop.history
    arms = (SEARCH, BASELINE) if parts.baseline is not None else (SEARCH,)
    winners = {winner.id: winner for winner in map(history.best, arms) if winner is not None}
    for winner in winners.values():
        if winner.id not in history.tested and 'test' in parts.task.splits:
            metrics = parts.evaluator.test_metrics(keras.models.load_model(keeper.model_path(winner)))
            loop.record([{'event': 'tested', 'trial': winner.id, 'metrics': metrics}])
    best = history.best()
    if best is None:
        return
    source, target = keeper.model_path(best), workdir / MODEL
    if not target.exists() or not filecmp.cmp(source, target, shallow=False):
        partial = workdir / f'.{MODEL}'
        shutil.copyfile(source, partial)
        partial.replace(target)


def describe_plan(config: ml_collections.ConfigDict, parts: Parts, console: Console, children: int) -> None:
    """Prints what will run and what it is estimated to take."""
    searcher = config.searcher
    arms = f'{searcher.name}: {searcher.initial} random + {searcher.rounds} rounds of {searcher.per_round}'
    if parts.baseline is not None:
        arms += f'; random arm: {parts.baseline_budget} more'
    if parts.warm:
        arms += f'; warm start: {len(parts.warm)} scores from {config.warm_start}'
    task = parts.task
    splits = ', '.join(f'{size} {split}' for split, size in task.splits.items())
    shape = 'x'.join(str(side) for side in task.image_shape)
    console.print(f'task {task.name}: {task.classes} classes, {shape} images, {splits}', markup=False)
    console.print(f'space {parts.space.name}; {arms}', markup=False)
    guess = estimate(parts.evaluator, children)
    console.print(
        f'{children} children to train, about {guess.seconds_per_child:.1f} s each '
        f'(measured on one of {guess.parameters:,} parameters): estimated {clock(guess.seconds)}, '
        f'{guess.bytes / 1e6:.1f} MB on disk',
        markup=False,
    )
