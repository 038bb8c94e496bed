"""What is searched: cells with a signal and a report, and where they come from."""

from __future__ import annotations

import abc
import dataclasses
from collections.abc import Collection

import numpy as np

from nao_tf.benchmarks.strings import is_sample
from nao_tf.benchmarks.table import Table
from nao_tf.evaluators.base import Evaluator
from nao_tf.evaluators.table import TableEvaluator
from nao_tf.spaces.architecture import Architecture
from nao_tf.spaces.base import SearchSpace
from nao_tf.spaces.registry import get_space


@dataclasses.dataclass(frozen=True)
class Problem(abc.ABC):
    """What a run spends its queries on.

    Args:
        space: of the cells.
        evaluator: of the signal alone, which is all that a searcher is shown.
        sample: whether only a sample of the space can be queried (`listed`), so that a proposal may be outside.
    """

    space: SearchSpace
    evaluator: Evaluator
    sample: bool

    @property
    @abc.abstractmethod
    def listed(self) -> Collection[Architecture]:
        """All canonical architectures that can be queried, where they are listed; else none."""

    @abc.abstractmethod
    def holds(self, architecture: Architecture) -> bool:
        """Returns whether a canonical architecture can be queried."""

    @abc.abstractmethod
    def report(self, architecture: Architecture) -> float:
        """Returns what is reported of a canonical architecture that can be queried, NaN where there is nothing."""


@dataclasses.dataclass(frozen=True)
class Source(abc.ABC):
    """Where a problem comes from, in types that can be sent to a process; equal ones are the same problem.

    Args:
        valid: name of the signal.
        test: name of the report.
    """

    valid: str
    test: str

    @abc.abstractmethod
    def open(self) -> Problem:
        """Returns the problem."""


@dataclasses.dataclass(frozen=True)
class Cells(Problem):
    """The classes of a table with the two columns of a protocol.

    Args:
        space: of the cells.
        evaluator: of the signal alone, which is all that a searcher is shown.
        sample: whether the table is a sample of the space.
        rows: row of each canonical architecture (of its class: the lowest).
        valid: float64 [rows], the signal, NaN where there is none.
        test: float64 [rows], the report, likewise.
    """

    rows: dict[Architecture, int]
    valid: np.ndarray
    test: np.ndarray

    @classmethod
    def of_table(cls, table: Table, *, valid: str, test: str) -> Cells:
        """Returns the cells of an opened table.

        Args:
            table: with figures of all or some cells of its space.
            valid: name of the column of the signal.
            test: name of the column of the report.

        Raises:
            InputError: if there is no such column, or one has no finite value at all.
        """
        for name in (valid, test):
            table.best(name)
        return cls(
            space=table.space,
            evaluator=TableEvaluator(table, valid=valid),
            sample=is_sample(table.space, table.classes),
            rows=dict(zip(table.classes, table.class_rows.tolist(), strict=True)),
            valid=table.column(valid),
            test=table.column(test),
        )

    @property
    def listed(self) -> Collection[Architecture]:
        """All classes of the table."""
        return self.rows.keys()

    def holds(self, architecture: Architecture) -> bool:
        """Returns whether a canonical architecture is in the table."""
        return architecture in self.rows

    def report(self, architecture: Architecture) -> float:
        """Returns the test value of a canonical architecture of the table."""
        return float(self.test[self.rows[architecture]])

    @property
    def optimum(self) -> float:
        """The best validation value of all classes."""
        return float(np.nanmax(self.valid[list(self.rows.values())]))

    @property
    def best_test(self) -> float:
        """The best test value of all classes."""
        return float(np.nanmax(self.test[list(self.rows.values())]))


@dataclasses.dataclass(frozen=True)
class TableSource(Source):
    """A table's file.

    Args:
        valid: column of the signal.
        test: column of the report.
        path: of the file.
        space: name of its space.
        module: a person's file that defines the space, or ''.
    """

    path: str
    space: str
    module: str = ''

    def open(self) -> Cells:
        """Returns the cells of the table, read from its file."""
        table = Table.open(self.path, space=get_space(self.space, self.module))
        return Cells.of_table(table, valid=self.valid, test=self.test)
