"""Scores an architecture by looking it up in a table of figures that somebody measured."""

from __future__ import annotations

import math
from typing import Protocol

import numpy as np

from nao_tf.evaluators.base import Evaluator
from nao_tf.searchers.evaluation import Evaluation
from nao_tf.spaces.architecture import Architecture


class TableLike(Protocol):
    """What the evaluator needs of a table; `nao_tf.benchmarks.table.Table` has it."""

    def lookup(self, architecture: Architecture) -> int | None:
        """Returns the row of an architecture, None if it is not in the table."""

    def column(self, name: str) -> np.ndarray:
        """Returns a column, float64 [rows]."""


class TableEvaluator(Evaluator):
    """The score is the table's validation figure; the test figure stands among the metrics, for the record only.

    Args:
        table: where architectures are looked up.
        valid: name of the column that is the score.
        test: name of the column that is reported, None for none.

    Raises:
        InputError: if the table has no such column.
    """

    def __init__(self, table: TableLike, *, valid: str, test: str | None = None):
        self.table = table
        self.valid = valid
        self.values = {name: table.column(name) for name in (valid, test) if name is not None}

    def evaluate(self, architecture: Architecture) -> Evaluation:
        """Returns the figures of one architecture; a failed evaluation if the table does not have it.

        Args:
            architecture: canonical or not.
        """
        row = self.table.lookup(architecture)
        if row is None:
            return Evaluation(architecture, math.nan, failure='not in the table')
        metrics = {name: float(column[row]) for name, column in self.values.items()}
        score = metrics[self.valid]
        if math.isnan(score):
            return Evaluation(architecture, score, failure=f'the table has no {self.valid} of it')
        return Evaluation(architecture, score, metrics=metrics)
