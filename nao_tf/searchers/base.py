"""The searcher's contract: propose architectures, observe their scores, and be rebuilt from a log."""

from __future__ import annotations

import abc
import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from nao_tf.errors import InputError
from nao_tf.spaces.architecture import Architecture
from nao_tf.spaces.base import SearchSpace


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
        origin: `random`, `ascent`, `mutation` or another word of the searcher's.
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
    """Proposes new architectures and learns from their evaluations.

    The base class keeps what every searcher knows: the canonical cells that it has proposed or been told of,
    and the evaluations in the order in which they were observed. Every random draw comes from
    (seed, number of the draw), never from a global state, so the same calls in the same order give the same
    proposals, and a log of them rebuilds the searcher.

    Args:
        space: what is searched.
        seed: of every draw.

    Attributes:
        known: canonical architectures that are not proposed again.
        evaluations: all observations, oldest first.
        report: figures of the last `propose` that learned something (for the journal), else empty.
    """

    def __init__(self, space: SearchSpace, *, seed: int = 0):
        self.space = space
        self.seed = seed
        self.known: set[Architecture] = set()
        self.evaluations: list[Evaluation] = []
        self.report: dict[str, float | None] = {}
        self.draws = 0

    @property
    @abc.abstractmethod
    def round_size(self) -> int:
        """Evaluations that the searcher wants before it learns again; never depends on the number of workers."""

    @abc.abstractmethod
    def _propose(self, count: int) -> list[Proposal]:
        """Returns at most `count` proposals whose architectures are canonical, distinct and not known."""

    def propose(self, count: int) -> list[Proposal]:
        """Returns proposals of new canonical architectures.

        Args:
            count: how many at the most.

        Returns:
            Fewer where the searcher finds fewer, [] when the space is exhausted.
        """
        self.report = {}
        proposals = self._propose(count)
        self.known.update(proposal.architecture for proposal in proposals)
        return proposals

    def adopt(self, proposals: Sequence[Proposal], draws: int) -> None:
        """Takes proposals from a log, as if `propose` had just returned them.

        This serves searchers whose state is the log itself; one that changes inside `propose` overrides it.

        Args:
            proposals: of one call of `propose`.
            draws: the value of `draws` after that call.
        """
        self.known.update(proposal.architecture for proposal in proposals)
        self.draws = draws

    def observe(self, evaluations: Sequence[Evaluation]) -> None:
        """Learns from evaluations, which may include cells that the searcher did not propose.

        Args:
            evaluations: of canonical architectures; a failed one counts as the worst score of the pool.
        """
        for evaluation in evaluations:
            self.known.add(evaluation.architecture)
            self.evaluations.append(evaluation)

    def pool(self) -> tuple[list[Architecture], np.ndarray]:
        """Returns the observed architectures and their scores [n], failures at the pool's worst score."""
        finite = [evaluation.score for evaluation in self.evaluations if not evaluation.failed]
        worst = min(finite, default=0.0)
        scores = [worst if evaluation.failed else evaluation.score for evaluation in self.evaluations]
        return [evaluation.architecture for evaluation in self.evaluations], np.asarray(scores, np.float64)

    def rng(self) -> np.random.Generator:
        """Returns a fresh generator of (seed, number of the draw) and counts the draw."""
        self.draws += 1
        return np.random.default_rng([self.seed, self.draws])

    def draw_new(self, taken: set[Architecture], limit: int = 1000) -> Architecture | None:
        """Draws uniformly until a cell is neither known nor taken.

        Args:
            taken: cells of the proposal that is being made.
            limit: draws before the space is given up as exhausted.

        Returns:
            A canonical architecture, or None.
        """
        generator = self.rng()
        for _ in range(limit):
            candidate = self.space.canonical(self.space.sample(generator))
            if candidate not in self.known and candidate not in taken:
                return candidate
        return None

    def state_dict(self) -> dict[str, Any]:
        """Returns everything that `load_state_dict` needs, as JSON types."""
        return {
            'draws': self.draws,
            'known': sorted(list(architecture.tokens) for architecture in self.known),
            'evaluations': [evaluation_to_json(evaluation) for evaluation in self.evaluations],
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continues from what `state_dict` returned.

        Args:
            state: of a searcher that was made with the same arguments.

        Raises:
            InputError: if a field is missing.
        """
        try:
            self.draws = int(state['draws'])
            self.known = {Architecture(self.space.name, tuple(tokens)) for tokens in state['known']}
            self.evaluations = [evaluation_from_json(value, self.space.name) for value in state['evaluations']]
        except KeyError as error:
            raise InputError(f'the saved state of the searcher has no field {error}') from None


def evaluation_to_json(evaluation: Evaluation) -> dict[str, Any]:
    """Returns an evaluation as JSON types (a failed score is null)."""
    value = dataclasses.asdict(evaluation)
    value['architecture'] = list(evaluation.architecture.tokens)
    value['metrics'] = dict(evaluation.metrics)
    value['score'] = evaluation.score if math.isfinite(evaluation.score) else None
    return value


def evaluation_from_json(value: Mapping[str, Any], space: str) -> Evaluation:
    """Reads what `evaluation_to_json` wrote.

    Args:
        value: the parsed object.
        space: name of the space of its tokens.
    """
    fields = dict(value)
    fields['architecture'] = Architecture(space, tuple(fields['architecture']))
    fields['score'] = math.nan if fields['score'] is None else float(fields['score'])
    return Evaluation(**fields)
