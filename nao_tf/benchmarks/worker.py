"""What a worker process does: one run after the other, each with a record of its own."""

from __future__ import annotations

import dataclasses
import functools
import math
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from nao_tf.benchmarks.problem import Problem, Source
from nao_tf.benchmarks.protocol import Run
from nao_tf.benchmarks.record import record_path, write_record
from nao_tf.benchmarks.strings import StringCounter
from nao_tf.files import as_path
from nao_tf.quiet import quiet_import
from nao_tf.searchers.registry import make_searcher, searcher_class


@dataclasses.dataclass(frozen=True)
class Settings:
    """All that a run depends on, in types that can be sent to a process.

    Args:
        output: folder of the records.
        source: of the problem.
        budget: queries of a run.
        outside: proposals in a row that may fall outside a table that is a sample.
        seed: of the benchmark.
        searcher: the `searcher` part of the config; its `name` is the searcher's.
        goal: signal with which a run ends.
    """

    output: str
    source: Source
    budget: int
    outside: int
    seed: int
    searcher: Mapping[str, Any]
    goal: float = math.inf


class Job(NamedTuple):
    """One run: of which benchmark, of which searcher or variant of one, and its number from 0."""

    settings: Settings
    searcher: str
    run: int


@dataclasses.dataclass(frozen=True)
class Desk:
    """What a process keeps of a problem from run to run.

    Args:
        cells: what is queried.
        counter: of raw strings; its space is the searchers'.
        stop: an event that tells the runs to end, or None.
    """

    cells: Problem
    counter: StringCounter
    stop: Any

    @classmethod
    def of(cls, cells: Problem, stop: Any = None) -> Desk:
        """Returns a desk for a problem."""
        return cls(cells, StringCounter(cells.space, list(cells.listed) if cells.sample else None), stop)

    def searcher(self, job: Job) -> Any:
        """Returns a new searcher.

        Args:
            job: its run; the searcher's seed is a hash of the benchmark's, its name and the number of the run.

        Raises:
            InputError: if it cannot search the space.
        """
        self.counter.reset()
        return make_searcher(
            job.settings.searcher['name'],
            self.counter.space,
            config=job.settings.searcher,
            seed=run_seed(job.settings.seed, job.searcher, job.run),
        )

    def run(self, job: Job) -> Path:
        """Makes one run and writes its record.

        Args:
            job: the run.

        Returns:
            The file.
        """
        settings, name, run = job
        with quiet_import():
            searcher_class(settings.searcher['name'])
        if 'keras' in sys.modules:
            import keras

            keras.backend.clear_session()  # what an earlier run of this process left is of no use to this one
        seed = run_seed(settings.seed, name, run)
        started = time.perf_counter()
        searcher = self.searcher(job)
        making = time.perf_counter() - started
        progress = Run(
            self.cells,
            self.counter,
            searcher,
            budget=settings.budget,
            seed=seed,
            outside_limit=settings.outside,
            goal=settings.goal,
            stop=(lambda: False) if self.stop is None else self.stop.is_set,
        )
        events = progress.go()
        path = record_path(as_path(settings.output), name, run)
        write_record(
            path,
            {
                'searcher': name,
                'run': run,
                'seed': seed,
                'mode': searcher.mode,
                'space': self.cells.space.name,
                'valid': settings.source.valid,
                'test': settings.source.test,
                'budget': settings.budget,
            },
            events,
            {
                'queries': progress.queries,
                'duplicates': searcher.duplicates,
                'candidates': searcher.candidates,
                'outside': progress.outside,
                'seconds': round(making + progress.seconds, 6),
            },
        )
        return path


def run_seed(seed: int, searcher: str, run: int) -> int:
    """Returns the seed of a run in [0, 2^31): a hash of the benchmark's seed, the searcher's name and the run."""
    return int(np.random.SeedSequence([seed, run, *searcher.encode()]).generate_state(1)[0]) & 0x7FFFFFFF


_stop: Any = None


def start(stop: Any) -> None:
    """Prepares this process for `work`.

    Args:
        stop: an event that tells the runs to end.
    """
    global _stop
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C is the main process's to answer
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _stop = stop


def _end_with_parent() -> None:
    """Ends this process when the main one has died without a word (kill -9); its run would be made again."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


@functools.lru_cache(maxsize=1)
def _desk(source: Source) -> Desk:
    """Returns the desk of the problem that this process works on; jobs of one problem come one after the other."""
    with quiet_import():  # a person's file may import TensorFlow
        problem = source.open()
    return Desk.of(problem, _stop)


def work(job: Job) -> None:
    """Makes one run in a process that has been prepared by `start`."""
    _desk(job.settings.source).run(job)
