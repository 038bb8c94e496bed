"""What a worker process does: one run after the other, each with a record of its own."""

from __future__ import annotations

import dataclasses
import signal
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from nao_tf.benchmarks.protocol import Cells, Run
from nao_tf.benchmarks.record import record_path, write_record
from nao_tf.benchmarks.strings import StringCounter
from nao_tf.benchmarks.table import Table
from nao_tf.quiet import quiet_import
from nao_tf.searchers.registry import make_searcher, searcher_class
from nao_tf.spaces.registry import get_space


@dataclasses.dataclass(frozen=True)
class Settings:
    """All that a run depends on, in types that can be sent to a process.

    Args:
        output: folder of the benchmark.
        table: the table's file.
        space: name of its space.
        module: a person's file that defines it, or ''.
        valid: column of the signal.
        test: column of the report.
        budget: queries of a run.
        outside: proposals in a row that may fall outside a table that is a sample.
        seed: of the benchmark.
        searcher: the `searcher` part of the config.
    """

    output: str
    table: str
    space: str
    module: str
    valid: str
    test: str
    budget: int
    outside: int
    seed: int
    searcher: Mapping[str, Any]

    def cells(self) -> Cells:
        """Returns the cells of the table, read from its file."""
        table = Table.open(self.table, space=get_space(self.space, self.module))
        return Cells.of_table(table, valid=self.valid, test=self.test)


@dataclasses.dataclass(frozen=True)
class Desk:
    """What a process keeps from run to run.

    Args:
        settings: of the benchmark.
        cells: of the table.
        counter: of raw strings; its space is the searchers'.
        stop: an event that tells the runs to end, or None.
    """

    settings: Settings
    cells: Cells
    counter: StringCounter
    stop: Any

    @classmethod
    def of(cls, settings: Settings, cells: Cells, stop: Any = None) -> Desk:
        """Returns a desk for these cells."""
        return cls(settings, cells, StringCounter(cells.space, list(cells.rows) if cells.sample else None), stop)

    def searcher(self, name: str, run: int) -> Any:
        """Returns a new searcher.

        Args:
            name: of the searcher.
            run: number of the run, from 0, which its seed is derived from.

        Raises:
            InputError: if it cannot search the space.
        """
        self.counter.reset()
        return make_searcher(
            name, self.counter.space, config=self.settings.searcher, seed=run_seed(self.settings.seed, name, run)
        )

    def run(self, name: str, run: int) -> Path:
        """Makes one run and writes its record.

        Args:
            name: of the searcher.
            run: number of the run, from 0.

        Returns:
            The file.
        """
        with quiet_import():
            searcher_class(name)
        if 'keras' in sys.modules:
            import keras

            keras.backend.clear_session()  # what an earlier run of this process left is of no use to this one
        settings = self.settings
        seed = run_seed(settings.seed, name, run)
        started = time.perf_counter()
        searcher = self.searcher(name, run)
        making = time.perf_counter() - started
        progress = Run(
            self.cells,
            self.counter,
            searcher,
            budget=settings.budget,
            seed=seed,
            outside_limit=settings.outside,
            stop=(lambda: False) if self.stop is None else self.stop.is_set,
        )
        events = progress.go()
        path = record_path(Path(settings.output), name, run)
        write_record(
            path,
            {
                'searcher': name,
                'run': run,
                'seed': seed,
                'mode': searcher.mode,
                'space': self.cells.space.name,
                'valid': settings.valid,
                'test': settings.test,
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


_desk: Desk | None = None


def start(settings: Settings, stop: Any) -> None:
    """Prepares this process for `work`.

    Args:
        settings: of the benchmark.
        stop: an event that tells the runs to end.
    """
    global _desk
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C is the main process's to answer
    _desk = Desk.of(settings, settings.cells(), stop)


def work(name: str, run: int) -> None:
    """Makes one run in a process that has been prepared by `start`."""
    assert _desk is not None
    _desk.run(name, run)
