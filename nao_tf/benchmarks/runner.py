"""Spreads the runs of a benchmark over the cores."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from typing import Any

from rich.console import Console

from nao_tf.benchmarks.worker import Job, start, work
from nao_tf.errors import InputError
from nao_tf.search.progress import clock
from nao_tf.search.terminal import as_terminal

# A run is one thread, whatever computes in it: its figures must not depend on how many run beside it.
ONE_THREAD = {
    'OMP_NUM_THREADS': '1',
    'OPENBLAS_NUM_THREADS': '1',
    'MKL_NUM_THREADS': '1',
    'TF_NUM_INTRAOP_THREADS': '1',
    'TF_NUM_INTEROP_THREADS': '1',
    'CUDA_VISIBLE_DEVICES': '-1',  # so many processes cannot share a GPU; a table needs none
}


def make_runs(missing: Sequence[Job], *, done: int, workers: int, console: Console) -> None:
    """Makes the missing runs in processes of their own; each writes its record.

    Args:
        missing: in the order in which they start; those of one problem stand together.
        done: runs that have a record already.
        workers: processes; 0 for as many as there are cores.
        console: where progress goes.

    Raises:
        KeyboardInterrupt: on Ctrl-C, after the processes have ended; the records that are there are whole.
        InputError: if a process died.
    """
    workers = min(workers or cores(), len(missing))
    context = multiprocessing.get_context('spawn')
    stop = context.Event()
    futures: dict[Future, Job] = {}
    with (
        environment(ONE_THREAD),
        bar(console, done, len(missing)) as advance,
        ProcessPoolExecutor(workers, mp_context=context, initializer=start, initargs=(stop,)) as pool,
    ):
        try:
            with no_interrupts():  # which the processes inherit while they start
                for job in missing:
                    futures[pool.submit(work, job)] = job
            for future in as_completed(futures):
                future.result()
                advance(futures[future].searcher, futures[future].run)
        except BaseException as error:
            stop.set()
            pool.shutdown(wait=True, cancel_futures=True)
            if isinstance(error, BrokenProcessPool):
                raise InputError(
                    'a process of the benchmark died (out of memory?); the same command continues with the missing '
                    'runs, --config.workers=1 takes the least memory'
                ) from None
            raise


def cores() -> int:
    """Returns the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count() or 1


@contextlib.contextmanager
def environment(values: dict[str, str]) -> Iterator[None]:
    """Sets environment variables, which new processes inherit, and puts the old ones back at the end."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextlib.contextmanager
def no_interrupts() -> Iterator[None]:
    """Ignores Ctrl-C; only the main thread can, elsewhere nothing changes."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextlib.contextmanager
def bar(console: Console, done: int, missing: int) -> Iterator[Any]:
    """Shows how many runs have ended: on a live line, or, where there is no terminal, at every tenth of them.

    Args:
        console: where to print.
        done: runs of earlier sessions.
        missing: runs of this one.

    Yields:
        A function of (searcher, run) to be called when a run has ended.
    """
    terminal = as_terminal(console)
    total, ended, started = done + missing, 0, time.perf_counter()

    def advance(name: str, run: int) -> None:
        nonlocal ended
        ended += 1
        elapsed = time.perf_counter() - started
        left = elapsed / ended * (missing - ended)
        terminal.tell('run', searcher=name, run=run, done=done + ended, total=total, elapsed=elapsed, left=left)
        if terminal.live or ended * 10 // missing > (ended - 1) * 10 // missing:
            terminal.advance(
                done + ended,
                total,
                line=f'{done + ended} of {total} runs ended ({name}, run {run})',
                brief=f'{name}, run {run} | {clock(elapsed)} elapsed, {clock(left)} left',
            )

    terminal.doing('runs', done, total)
    try:
        yield advance
    finally:
        terminal.close()
