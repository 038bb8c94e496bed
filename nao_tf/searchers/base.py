"""The searcher's contract: propose architectures, observe their scores, and be rebuilt from a log."""

from __future__ import annotations

import abc
import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from nao_tf.errors import InputError
from nao_tf.searchers.drawing import Drawing
from nao_tf.searchers.evaluation import Evaluation, Proposal, evaluation_from_json, evaluation_to_json
from nao_tf.searchers.known import known_cells
from nao_tf.spaces.architecture import Architecture
from nao_tf.spaces.base import SearchSpace


class Searcher(Drawing, abc.ABC):
    """Proposes new architectures and learns from their evaluations.

    The base class keeps what every searcher knows: the canonical cells that it has proposed or been told of,
    and the evaluations in the order in which they were observed. Every random draw comes from
    (seed, number of the draw), never from a global state, so the same calls in the same order give the same
    proposals, and a log of them rebuilds the searcher.

    Args:
        space: what is searched.
        seed: of every draw.

    Attributes:
        mode: `generate` if it makes its proposals itself, `enumerate` if it ranks every cell of the space; the two
            are never compared in one row.
        state_in_propose: whether `propose` changes more than `known` and the number of draws; such a searcher is
            rebuilt from a log by proposing again.
        known: canonical architectures that are not proposed again; what the space does not admit is found in it too.
        evaluations: all observations, oldest first.
        duplicates: how often it came upon a cell that was known; it costs nothing and is counted apart.
        candidates: how many cells its model has scored.
        report: figures of the last `propose` that learned something (for the journal), else empty.
    """

    mode: ClassVar[str] = 'generate'
    state_in_propose: ClassVar[bool] = False

    def __init__(self, space: SearchSpace, *, seed: int = 0):
        super().__init__(space, seed=seed)
        self.evaluations: list[Evaluation] = []
        self.candidates = 0
        self.report: dict[str, float | None] = {}
        self._scores: dict[Architecture, float] = {}
        self._worst = math.inf

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

    def adopt(self, proposals: Sequence[Proposal], draws: int, asked: int | None = None) -> None:
        """Takes proposals from a log, as if `propose` had just returned them.

        Args:
            proposals: of one call of `propose`.
            draws: the value of `draws` after that call.
            asked: how many that call was to return; None for as many as there are.
        """
        if self.state_in_propose and proposals:
            self._propose(asked or len(proposals))
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
            self._scores[evaluation.architecture] = math.nan if evaluation.failed else evaluation.score
            if not evaluation.failed:
                self._worst = min(self._worst, evaluation.score)

    def score(self, architecture: Architecture) -> float | None:
        """Returns the observed score of a canonical architecture; None while it has none.

        A searcher that comes upon a known cell learns this score and draws again. A failure has the worst score
        observed so far.
        """
        score = self._scores.get(architecture)
        if score is None or not math.isnan(score):
            return score
        return self._worst if math.isfinite(self._worst) else 0.0

    def best(self, count: int) -> list[Architecture]:
        """Returns the `count` observed architectures of the highest scores, the earlier first where they are equal."""
        architectures, scores = self.pool()
        return [architectures[index] for index in np.argsort(-scores, kind='stable')[:count]]

    def pool(self, count: int | None = None) -> tuple[list[Architecture], np.ndarray]:
        """Returns the observed architectures and their scores [n], failures at the pool's worst score.

        Args:
            count: of the oldest evaluations; None for all.
        """
        evaluations = self.evaluations[:count]
        finite = [evaluation.score for evaluation in evaluations if not evaluation.failed]
        worst = min(finite, default=0.0)
        scores = [worst if evaluation.failed else evaluation.score for evaluation in evaluations]
        return [evaluation.architecture for evaluation in evaluations], np.asarray(scores, np.float64)

    def state_dict(self) -> dict[str, Any]:
        """Returns everything that `load_state_dict` needs, as JSON types."""
        return {
            'draws': self.draws,
            'duplicates': self.duplicates,
            'candidates': self.candidates,
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
            self.duplicates = int(state['duplicates'])
            self.candidates = int(state['candidates'])
            self.known = known_cells(self.space)
            self.known.update(Architecture(self.space.name, tuple(tokens)) for tokens in state['known'])
            evaluations = [evaluation_from_json(value, self.space.name) for value in state['evaluations']]
            self.evaluations = []
            self._scores = {}
            self._worst = math.inf
            Searcher.observe(self, evaluations)
        except KeyError as error:
            raise InputError(f'the saved state of the searcher has no field {error}') from None

    def model_state(self) -> dict[str, Any]:
        """Returns what its model has learned, without the cells and scores that it has seen, as JSON types.

        Where scores change, as those of shared weights do, every round has a new searcher that observes the present
        ones and goes on with the model of the last. {} for a searcher whose model is made of the scores alone.
        """
        return {}

    def load_model_state(self, state: Mapping[str, Any]) -> None:
        """Takes over the model of an earlier searcher.

        Args:
            state: what `model_state` of a searcher of the same settings returned; {} changes nothing.
        """
        del state


def check_at_least(least: float, **settings: float) -> None:
    """Checks settings of a searcher.

    Args:
        least: the smallest value that is right.
        settings: values by their names.

    Raises:
        InputError: naming the first that is smaller.
    """
    for name, value in settings.items():
        if not value >= least:
            raise InputError(f'the setting {name} is {value}; it must be at least {least}')
