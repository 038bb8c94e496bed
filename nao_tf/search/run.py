"""Runs a search from its config to its summary and its model file."""

from __future__ import annotations

import contextlib
import json
import time
from pathlib import Path
from typing import Any, cast

import keras
import ml_collections
from rich.console import Console

from nao_tf.files import as_path, write_text
from nao_tf.interrupts import interrupts_noticed
from nao_tf.search.budgets import missing_children
from nao_tf.search.conclusion import crown, print_search, summarise_search
from nao_tf.search.config import flatten
from nao_tf.search.devices import prepare_devices
from nao_tf.search.execution import Execution
from nao_tf.search.executor import OutOfTime, check_hours
from nao_tf.search.first_look import first_look
from nao_tf.search.history import BASELINE, SEARCH, WARM, History
from nao_tf.search.journal import Journal
from nao_tf.search.keeper import BestChildren
from nao_tf.search.loop import SearchLoop, start_evaluations
from nao_tf.search.plan import describe_children, describe_search, describe_shared
from nao_tf.search.progress import Progress
from nao_tf.search.result import Result
from nao_tf.search.setup import Parts, build_parts, identify, warm_evaluations
from nao_tf.search.sharing.config import default_config_like
from nao_tf.search.sharing.progress import SharingProgress
from nao_tf.search.sharing.setup import Shared, Sharing, prepare, with_finalists
from nao_tf.search.shown import Shown
from nao_tf.search.terminal import QUIET, Terminal, as_terminal
from nao_tf.search.together import follow
from nao_tf.search.watch import Lenient, Watched, Watcher
from nao_tf.search.workdir import JOURNAL, MODEL, SUMMARY, cannot_write, open_workdir
from nao_tf.tasks.make import Task, make_task
from nao_tf.training.strategy import make_strategy, task_of_cluster

IN_PROCESS = Execution()


def run_search(
    config: ml_collections.ConfigDict,
    workdir: str | Path,
    *,
    task: Task | None = None,
    max_hours: float | None = None,
    dry_run: bool = False,
    console: Console | None = None,
    execution: Execution = IN_PROCESS,
    watcher: Watcher | None = None,
) -> Result | None:
    """Runs or continues a search; a finished one is printed again.

    Args:
        config: of `nao_tf.search.config.default_config` or `default_text_config`, or of
            `nao_tf.search.sharing.config`.
        workdir: made if it does not exist.
        task: given in Python; None makes the one that `config.task` describes.
        max_hours: of this session; after it the same command continues.
        dry_run: only says what would run, and writes nothing.
        console: where progress goes; the standard output by default.
        execution: where children run.
        watcher: told of every child that ends, such as `nao_tf.reports.tensorboard.TensorBoard`.

    Returns:
        The result; None after a dry run, when the time was over, or in a process that trained along.

    Raises:
        InputError: for a value that is wrong, before any training starts.
    """
    started = time.perf_counter()
    check_hours(max_hours)
    console = as_terminal(console)
    prepare_devices(config)
    if execution.executor != 'ray':
        make_strategy(execution.distribution)  # which has to come before any other use of TensorFlow
    config = config.copy_and_resolve_references()
    config.child.precision = execution.precision(config)
    task = task or make_task(config.task)
    parts = build_parts(config, task, execution.here)
    identity = identify(config, parts)
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(config.child.precision)
    try:
        sharing = prepare(config, parts, identity, execution.distribution) if 'sharing' in config else None
        if dry_run:
            console.final = console.mode == QUIET  # what it says is all that it is for
            parts.costs.record(lambda events: None, console.warn)
            if workdir:
                parts.costs.load(Journal(as_path(workdir) / JOURNAL).read(), parts.space.name)
            parts.check_limits()
            parts.warm = warm_evaluations(config, identity, parts.searched, console.warn)
            begun = History((), parts.space.name)
            describe_search(config, parts, begun, console, sharing)
            if sharing is None:
                describe_children(parts, console, sum(parts.budgets(begun).values()), execution)
            else:
                describe_shared(sharing, console)
                describe_children(parts, console, config.sharing.finalists + config.sharing.ranked, execution)
            return None
        if execution.follows:
            _follow(config, parts, identity, console, execution, sharing)
            return None
        if not Journal(as_path(workdir) / JOURNAL).exists():  # before a wrong one stands in a config
            warm_evaluations(config, identity, parts.space, lambda message: None)
        with open_workdir(as_path(workdir), identity, flatten(default_config_like(config))) as folder:
            return _run(config, parts, identity, folder, max_hours, console, started, execution, sharing, watcher)
    except OSError as error:
        raise cannot_write(error, workdir) from error
    finally:
        keras.config.set_dtype_policy(before)


def _follow(
    config: ml_collections.ConfigDict,
    parts: Parts,
    identity: dict[str, Any],
    console: Console,
    execution: Execution,
    sharing: Sharing | None,
) -> None:
    """Trains along with the process that searches, until it is done."""
    number, processes = task_of_cluster()
    console.print(f'process {number} of {processes} trains along; process 0 searches and writes', markup=False)
    if sharing is not None and not sharing.follow():
        return
    child = execution.child(config, parts.task, parts.space)
    assert child.broadcast is not None
    console.print(f'{follow(child, child.broadcast, identity)} children were trained', markup=False)


def _run(
    config: ml_collections.ConfigDict,
    parts: Parts,
    identity: dict[str, Any],
    workdir: Path,
    max_hours: float | None,
    console: Terminal,
    started: float,
    execution: Execution,
    sharing: Sharing | None,
    watcher: Watcher | None,
) -> Result | None:
    journal, same = Journal(workdir / JOURNAL), f'the same command continues the search in {workdir}'
    shown = Shown.of(parts.task)
    progress = Progress(0, console=console, shown=shown)
    if watcher is not None:
        watcher = cast(Watcher, Lenient(watcher, console.warn))
        progress = Watched(progress, watcher)
    if execution.executor != 'ray':
        parts.evaluator.checkpoints = workdir / 'children'
    executor = execution.make(config, parts, identity)
    keeper = BestChildren(workdir / 'children', executor, parts.evaluator, parts.front)
    loop = SearchLoop(
        journal,
        parts.space.name,
        executor=executor,
        observer=progress,
        keeper=keeper,
        max_attempts=config.max_attempts,
        max_seconds=None if max_hours is None else max_hours * 3600,
        started=started,
    )
    history = loop.history
    history.check(parts.space)
    parts.costs.record(loop.record, console.warn)
    first_look(parts, journal, console)
    if (WARM, 0) not in history.batches:
        parts.warm = warm_evaluations(config, identity, parts.searched, console.warn)
        if parts.warm:
            loop.take_over(parts.warm)
    parts.warm = [trial.evaluation for trial in history.of_arm(WARM) if trial.evaluation is not None]
    shared = None
    try:
        if watcher is not None:
            watcher.opened(workdir, parts.space, history)
        if sharing is not None:
            describe_search(config, parts, history, console, sharing)
            with interrupts_noticed():
                shared = _share(sharing, workdir, SharingProgress(progress), loop)
            parts = with_finalists(parts, shared)
            progress.started_at = time.perf_counter()  # what is left is reckoned from the trained children alone
        missing = missing_children(parts.budgets(history), history)
        progress.ended_before, progress.total = history.ended, history.ended + missing
        if missing:
            if history.ended:
                progress.say(f'continuing {workdir}: {history.ended} of {progress.total} children have ended')
            with executor:
                if sharing is None:
                    describe_search(config, parts, history, console)
                describe_children(parts, console, missing, execution, loop)
                _run_arms(loop, parts)
        else:
            more = '' if sharing is not None else '; raise searcher.rounds to extend it'
            progress.say(f'{workdir} holds this search, finished{more}')
            if execution.distribution.many_processes:
                with executor:  # tells the others that there is nothing to train
                    pass
        crown(parts, loop, keeper, workdir)
    except OutOfTime:
        console.notice(f'max_hours are over; {same}')
        return None
    except KeyboardInterrupt:
        console.notice(f'interrupted; {same}')
        raise
    finally:
        progress.close()
        journal.close()
        if watcher is not None:
            watcher.closed(history)
    if watcher is not None:
        watcher.finished(history)
    summary = summarise_search(config, parts, history, keeper, shown, shared)
    write_text(workdir / SUMMARY, json.dumps(summary, indent=1))
    print_search(summary, console, shown)
    best = history.best()
    if best is not None:
        console.print(f'model: {workdir / MODEL}  summary: {workdir / SUMMARY}', markup=False)
    return Result(None if best is None else best.proposal.architecture, history, summary, workdir)


def _share(sharing: Sharing, workdir: Path, progress: SharingProgress, loop: SearchLoop) -> Shared:
    """Trains and scores with shared weights; the journal gets the time that it took."""
    try:
        return sharing.run(workdir, progress, loop.check_time)
    finally:
        if progress.active:
            with contextlib.suppress(OSError):
                loop.record([{'event': 'shared'}])


def _run_arms(loop: SearchLoop, parts: Parts) -> None:
    """Runs the search, then the random arm from the same start."""
    parts.searcher.observe(parts.warm)
    loop.run_arm(SEARCH, parts.searcher, parts.budgets(loop.history)[SEARCH])
    if parts.baseline is not None:
        parts.baseline.observe(start_evaluations(loop.history))
        loop.run_arm(BASELINE, parts.baseline, parts.budgets(loop.history)[BASELINE])
