"""The Pareto front of a search: the children that no other beats in score and in one cost."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import ml_collections
import numpy as np
from rich.console import Console
from rich.table import Table

from nao_tf.errors import InputError
from nao_tf.search.costs import UNITS, Costs
from nao_tf.search.history import WARM, History, Trial
from nao_tf.search.shown import Shown
from nao_tf.searchers.weighted_product import WeightedProduct
from nao_tf.spaces.base import SearchSpace
from nao_tf.spaces.constrained import Cost
from nao_tf.spaces.recurrent_cell import RecurrentCellSpace

OBJECTIVES = ('score', 'pareto')


def pareto_front(cost: np.ndarray, score: np.ndarray) -> np.ndarray:
    """Returns the indices of what nothing else beats in both: a higher score at no higher cost, or as high at less.

    Args:
        cost: float [n], the lower the better.
        score: float [n], the higher the better.

    Returns:
        int [m], by rising cost; of equal ones the first.
    """
    front: list[int] = []
    for index in np.lexsort((np.arange(len(cost)), -score, cost)):
        if not front or score[index] > score[front[-1]]:
            front.append(int(index))
    return np.array(front, int)


class Front:
    """The front of score against one cost, under `config.objective=pareto`.

    Scores taken over from another run are left out: their weights are not here.

    Args:
        name: of the cost, such as `params`.
        cost: of a canonical architecture.
        exponent: of the cost in what the searcher maximises.
    """

    def __init__(self, name: str, cost: Cost, exponent: float):
        self.name = name
        self.cost = cost
        self.exponent = exponent
        self._history: History | None = None
        self._front: list[Trial] = []  # of the first `_seen` trials that finished; what has left it never comes back
        self._seen = 0

    @classmethod
    def of(cls, config: ml_collections.ConfigDict, space: SearchSpace, costs: Costs) -> Front | None:
        """Returns the front that a config asks for, None where the score alone is the objective.

        Args:
            config: of a search.
            space: what is searched.
            costs: of its children.

        Raises:
            InputError: if a value is wrong, or all architectures cost the same.
        """
        name, exponent = config.pareto.cost, config.pareto.exponent
        if config.objective not in OBJECTIVES:
            raise InputError(f'objective is {config.objective!r}; it is one of {", ".join(OBJECTIVES)}')
        if name not in UNITS:
            raise InputError(f'pareto.cost is {name!r}; it is one of {", ".join(UNITS)}')
        if not exponent > 0:
            raise InputError(f'pareto.exponent is {exponent}; it must be above 0')
        if config.objective == 'score':
            return None
        if 'sharing' in config:
            raise InputError(
                "objective is 'pareto', which needs children that are trained on their own; with shared weights it is "
                "'score', and config.constraints limits the cost"
            )
        if isinstance(space, RecurrentCellSpace) and name != 'latency_ms':
            raise InputError(
                f'pareto.cost is {name!r}, which is the same for all cells of space {space.name}; take latency_ms'
            )
        return cls(name, costs.cost(name), exponent)

    def searcher(self, searcher: Any) -> WeightedProduct:
        """Returns a searcher around another one, which maximises the trade-off."""
        return WeightedProduct(searcher, self.cost, self.exponent)

    def trials(self, history: History, also: Trial | None = None) -> list[Trial]:
        """Returns the trials of the front, by rising cost.

        Args:
            history: of the search.
            also: a finished trial that the history does not know of yet.
        """
        if history is not self._history:
            self._history, self._front, self._seen = history, [], 0
        new = [trial for trial in history.finished[self._seen :] if trial.arm != WARM]
        if new:
            self._front = self._of([*self._front, *new])
        self._seen = len(history.finished)
        return list(self._front) if also is None else self._of([*self._front, also])

    def _of(self, trials: Sequence[Trial]) -> list[Trial]:
        """Returns the front of some trials."""
        measured = [trial for trial in trials if math.isfinite(self.cost(trial.proposal.architecture))]
        found = sorted(measured, key=lambda trial: trial.id)
        costs = np.array([self.cost(trial.proposal.architecture) for trial in found], float)
        return [found[index] for index in pareto_front(costs, np.array([trial.score for trial in found], float))]

    def floor(self, trial: Trial, history: History) -> float:
        """Returns the score from which on a trial may belong to the front.

        Args:
            trial: about to start.
            history: as it is now.
        """
        cost = self.cost(trial.proposal.architecture)
        if math.isinf(cost):
            return math.inf
        cheaper = [other for other in self.trials(history) if self.cost(other.proposal.architecture) <= cost]
        return cheaper[-1].score if cheaper else -np.inf

    def summary(self, history: History, space: SearchSpace, models: Mapping[int, str]) -> dict[str, Any]:
        """Returns the part `front` of summary.json (docs/summary.md).

        Args:
            history: of the search.
            space: of its architectures.
            models: files of the trials by their numbers.
        """
        rows = []
        for trial in self.trials(history):
            architecture, evaluation = trial.proposal.architecture, trial.evaluation
            assert evaluation is not None
            rows.append(
                {
                    'trial': trial.id,
                    'arm': trial.arm,
                    'score': evaluation.score,
                    'validation': dict(evaluation.metrics),
                    'cost': self.cost(architecture),
                    'parameters': evaluation.parameters,
                    'tokens': list(architecture.tokens),
                    'text': space.to_text(architecture),
                    'model': models.get(trial.id),
                }
            )
        return {'cost': self.name, 'unit': UNITS[self.name], 'exponent': self.exponent, 'trials': rows}


def print_front(front: Mapping[str, Any], console: Console, shown: Shown) -> None:
    """Prints the front by rising cost.

    Args:
        front: the part `front` of summary.json.
        console: where to print.
        shown: how scores are shown.
    """
    table = Table(title=f'Pareto front of validation {shown.metric} against {front["unit"]}', title_justify='left')
    for name in (front['unit'], shown.metric, 'trial', 'model'):
        table.add_column(name, justify='left' if name == 'model' else 'right')
    rows: Sequence[Mapping[str, Any]] = front['trials']
    for row in rows:
        cost = f'{row["cost"]:,.2f}' if front['cost'] == 'latency_ms' else f'{row["cost"]:,}'
        table.add_row(cost, shown.figure(row['score']), str(row['trial']), row['model'] or '-')
    console.print(table)
