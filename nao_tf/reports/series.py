"""From a history to what its figures show: scores over time, predictions, sizes, the front of the best."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence

import numpy as np

from nao_tf.controller.metrics import kendall_tau, pairwise_accuracy
from nao_tf.networks.config import NetworkConfig
from nao_tf.networks.cost import count_multiply_adds
from nao_tf.search.history import SEARCH, History, Trial
from nao_tf.spaces.architecture import Architecture
from nao_tf.spaces.base import SearchSpace
from nao_tf.spaces.cells import CellPair
from nao_tf.spaces.reading import cells_of


@dataclasses.dataclass(frozen=True)
class ArmCurve:
    """The scores of one arm in the order of its trials, after the random start that both arms share.

    Args:
        trials: numbers of the trials that have ended, int [n].
        scores: float [n], NaN of a failed one.
        best: the best score up to each, float [n]; NaN before the first.
        rounds: int [n].
        shared: how many of them belong to the shared start; they come first.
    """

    trials: np.ndarray
    scores: np.ndarray
    best: np.ndarray
    rounds: np.ndarray
    shared: int


def arm_curve(history: History, arm: str) -> ArmCurve:
    """Returns the scores of an arm and the best so far.

    Args:
        history: of a search.
        arm: `search` or `baseline`.
    """
    ended = [trial for trial in history.trials.values() if trial.evaluation is not None]
    shared = sorted((trial for trial in ended if trial.shared), key=lambda trial: trial.id)
    own = sorted((trial for trial in ended if trial.arm == arm and not trial.shared), key=lambda trial: trial.id)
    trials = shared + own
    scores = np.array([trial.score for trial in trials], float)
    return ArmCurve(
        np.array([trial.id for trial in trials], int),
        scores,
        np.fmax.accumulate(scores) if len(scores) else scores,
        np.array([trial.proposal.round for trial in trials], int),
        len(shared),
    )


@dataclasses.dataclass(frozen=True)
class Predictions:
    """Predicted and real scores of the cells that the searcher predicted before they were trained.

    Args:
        predicted: float [n].
        real: float [n].
        rounds: int [n].
    """

    predicted: np.ndarray
    real: np.ndarray
    rounds: np.ndarray

    def quality(self) -> list[tuple[str, int, float, float]]:
        """Returns (round or `all`, cells, Kendall's tau-b, pairwise accuracy), a row a round; NaN for one cell."""
        rows = [(f'round {number}', self.rounds == number) for number in np.unique(self.rounds)]
        rows.append(('all rounds', np.ones(len(self.rounds), bool)))
        return [
            (
                name,
                int(chosen.sum()),
                kendall_tau(self.predicted[chosen], self.real[chosen]) if chosen.sum() > 1 else float('nan'),
                pairwise_accuracy(self.predicted[chosen], self.real[chosen]),
            )
            for name, chosen in rows
            if chosen.any()
        ]


def predictions(history: History) -> Predictions:
    """Returns the predictions of the search arm beside what came of them; failed children are left out."""
    rows = [
        (trial.proposal.predicted, trial.score, trial.proposal.round)
        for trial in history.of_arm(SEARCH)
        if trial.finished and trial.proposal.predicted is not None
    ]
    table = np.array(rows, float).reshape(-1, 3)
    return Predictions(table[:, 0], table[:, 1], table[:, 2].astype(int))


@dataclasses.dataclass(frozen=True)
class Sizes:
    """What the children cost and how good they are.

    Args:
        trials: numbers, int [n].
        scores: float [n].
        costs: by their names, `parameters`, `multiply-adds` and `latency in ms`, [n] each; only those that are known
            and differ.
        baseline: whether a trial is of the random arm, bool [n].
    """

    trials: np.ndarray
    scores: np.ndarray
    costs: Mapping[str, np.ndarray]
    baseline: np.ndarray


def sizes(
    trials: Sequence[Trial],
    space: SearchSpace,
    network: NetworkConfig | None,
    latencies: Mapping[Architecture, float] | None = None,
) -> Sizes:
    """Returns the sizes of finished children: parameters and latencies as the journal has them, multiply-adds counted.

    Args:
        trials: that finished.
        space: of their architectures.
        network: of the children; None if it is not known, which leaves the multiply-adds out.
        latencies: measured, in milliseconds; left out where that of a trial is missing. A trial whose latency is
            infinite, because it could not be measured, is left out itself.
    """
    beyond = {architecture for architecture, latency in (latencies or {}).items() if math.isinf(latency)}
    known = [
        trial
        for trial in trials
        if trial.evaluation is not None
        and trial.evaluation.parameters is not None
        and trial.proposal.architecture not in beyond
    ]
    costs = {'parameters': np.array([trial.evaluation.parameters for trial in known if trial.evaluation], float)}
    if network is not None:
        pairs = [cells_of(trial.proposal.architecture, space) for trial in known]
        costs['multiply-adds'] = np.array(
            [count_multiply_adds(pair, network) for pair in pairs if isinstance(pair, CellPair)], float
        )
    measured = [(latencies or {}).get(trial.proposal.architecture) for trial in known]
    if known and None not in measured:
        costs['latency in ms'] = np.array(measured, float)
    return Sizes(
        np.array([trial.id for trial in known], int),
        np.array([trial.score for trial in known], float),
        {name: values for name, values in costs.items() if len(np.unique(values)) > 1},
        np.array([trial.arm != SEARCH and not trial.shared for trial in known], bool),
    )
