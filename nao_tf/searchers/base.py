"""The searcher's contract: propose architectures, observe their scores, and be rebuilt from a log."""

from __future__ import annotations

import abc
import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any

from nao_tf.spaces.architecture import Architecture


@dataclasses.dataclass(frozen=True)
class Evaluation:
    """What an evaluator found out about one architecture.

    Args:
        architecture: the architecture, in canonical form.
        score: the figure to maximise; NaN if the evaluation failed.
        metrics: raw figures by their own names, such as `{'accuracy': 0.93}`.
        seconds: wall time of the evaluation.
        parameters: trainable parameters of the evaluated network, None where there is none (a table).
        failure: why it failed, in one line; None if it succeeded.
    """

    architecture: Architecture
    score: float
    metrics: Mapping[str, float] = dataclasses.field(default_factory=dict)
    seconds: float = 0.0
    parameters: int | None = None
    failure: str | None = None

    @property
    def failed(self) -> bool:
        """Whether there is no usable score."""
        return self.failure is not None or not math.isfinite(self.score)


@dataclasses.dataclass(frozen=True)
class Proposal:
    """An architecture that a searcher asks to have evaluated, and how it came to it.

    Args:
        architecture: canonical and never proposed before.
        origin: `random`, `ascent`, `mutation`, `warm` or another word of the searcher's.
        round: 0 for the initial set, then 1, 2, ...
        predicted: the searcher's predicted score in units of the real score, None if it makes no prediction.
        parent: the seed architecture it was derived from, if any.
    """

    architecture: Architecture
    origin: str
    round: int = 0
    predicted: float | None = None
    parent: Architecture | None = None


class Searcher(abc.ABC):
    """Proposes architectures and learns from their evaluations.

    Replaying the same sequence of `propose` and `observe` calls on a searcher made with the same arguments
    rebuilds it exactly: every random draw comes from (seed, index of the proposal), never from a global state.

    Attributes:
        round_size: how many evaluations the searcher wants before it learns again; the search never makes a
            round depend on the number of workers.
    """

    round_size: int

    @abc.abstractmethod
    def propose(self, count: int) -> list[Proposal]:
        """Returns at most `count` proposals of new canonical architectures; [] when the space is exhausted."""

    @abc.abstractmethod
    def observe(self, evaluations: Sequence[Evaluation]) -> None:
        """Learns from evaluations; failed ones count as the worst score of the pool."""

    @abc.abstractmethod
    def state_dict(self) -> dict[str, Any]:
        """Returns everything that `load_state_dict` needs to continue, as JSON types."""

    @abc.abstractmethod
    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continues from what `state_dict` returned."""
