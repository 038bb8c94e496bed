"""The record of one run: a file in the journal's format, whole or absent."""

from __future__ import annotations

import dataclasses
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from nao_tf.errors import InputError
from nao_tf.files import write_text
from nao_tf.search.history import History
from nao_tf.search.journal import Journal, encode_line


@dataclasses.dataclass(frozen=True)
class Record:
    """What one run did, query by query.

    Args:
        searcher: its name.
        run: number of the run, from 0.
        mode: `generate` or `enumerate`.
        valid: float64 [queries], the signal of each query in order, NaN where there was none.
        test: float64 [queries], the report of each query.
        strings: int [queries], raw strings paid for up to and with each query.
        origins: how many queries came from each origin.
        duplicates: known cells that the searcher came upon.
        candidates: cells that its model scored.
        outside: proposals that are not in the table.
        seconds: wall time of the searcher: making it, `propose` and `observe`.
        history: all trials, with their proposals.
    """

    searcher: str
    run: int
    mode: str
    valid: np.ndarray
    test: np.ndarray
    strings: np.ndarray
    origins: Mapping[str, int]
    duplicates: int
    candidates: int
    outside: int
    seconds: float
    history: History

    @property
    def queries(self) -> int:
        """Number of queries, less than the budget only where the searcher came to its end."""
        return len(self.valid)

    def best_so_far(self) -> np.ndarray:
        """Returns the index of the best-validation cell after each query, the earlier of equals: int [queries]."""
        values = np.where(np.isnan(self.valid), -np.inf, self.valid)
        best = np.maximum.accumulate(values)
        # Where the best changes, it is the query itself.
        changed = np.concatenate([[True], values[1:] > best[:-1]])
        return np.maximum.accumulate(np.where(changed, np.arange(len(values)), 0))


def record_path(folder: Path, searcher: str, run: int) -> Path:
    """Returns the file of a run."""
    return folder / searcher / f'run-{run:04d}.jsonl'


def write_record(path: Path, header: Mapping[str, Any], events: Sequence[dict], totals: Mapping[str, Any]) -> None:
    """Writes the record of a run, whole or not at all.

    Args:
        path: of the file; its folder is made.
        header: `searcher`, `run`, `mode`, `space`, `seed` and what else tells the run.
        events: of the run (`nao_tf.benchmarks.protocol.Run`).
        totals: `duplicates`, `candidates`, `outside`, `seconds`.
    """
    lines = [{'event': 'run', **header}, *events, {'event': 'end', **totals}]
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, ''.join(map(encode_line, lines)))


def read_record(path: Path, searcher: str, run: int) -> Record | None:
    """Reads the record of a run.

    Args:
        path: of the file.
        searcher: whose run it should be.
        run: the number that it should have.

    Returns:
        None if there is no record, or a line of it is damaged: the run is then made again.

    Raises:
        InputError: if the file cannot be read.
    """
    journal = Journal(path)
    events = journal.read()
    if journal.damaged or not events or events[0]['event'] != 'run' or events[-1]['event'] != 'end':
        return None
    header, totals = events[0], events[-1]
    if (header.get('searcher'), header.get('run')) != (searcher, run):
        return None
    try:
        history = History(events[1:-1], header['space'])
        trials = [history.trials[number] for number in sorted(history.trials)]
        return Record(
            searcher,
            run,
            header['mode'],
            np.array([trial.score for trial in trials], np.float64),
            np.array([history.tested.get(trial.id, {}).get('test', math.nan) for trial in trials], np.float64),
            np.array([event['strings'] for event in events if event['event'] in ('finished', 'failed')], np.int64),
            Counter(trial.proposal.origin for trial in trials),
            totals['duplicates'],
            totals['candidates'],
            totals['outside'],
            totals['seconds'],
            history,
        )
    except (KeyError, InputError):
        return None
