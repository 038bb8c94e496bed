"""Any searcher on a trade-off of score and cost: the weighted product of MnasNet."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any

from nao_tf.searchers.base import Searcher
from nao_tf.searchers.evaluation import Evaluation, Proposal
from nao_tf.spaces.architecture import Architecture
from nao_tf.spaces.constrained import Cost


class WeightedProduct(Searcher):
    """Lets another searcher maximise score x cost^-w, and tells and is told scores as they are.

    Tan et al. 2019, "MnasNet: Platform-Aware Neural Architecture Search for Mobile", Eq. (2) and (3): maximise
    ACC(m) x [LAT(m) / T]^w with w = -0.07 on both sides of the target T, at which a model of twice the cost has to be
    5% (relatively) better to be worth as much. T only scales all values alike, so that there is none here. It is one
    number for each architecture that never changes, which is all that a searcher of this package needs; one search
    then finds its best trade-off and a front around it, and another exponent moves it along the front.

    A score below 0 (a language model that is worse than chance) is divided by the factor, so that less cost is better
    there too. Predicted scores are divided out of the predicted products.

    Args:
        inner: what searches.
        cost: of a canonical architecture, above 0; infinite for one that has none, which counts as failed.
        exponent: w, without its sign.
    """

    def __init__(self, inner: Searcher, cost: Cost, exponent: float):
        super().__init__(inner.space, seed=inner.seed)
        self.inner = inner
        self.cost = cost
        self.exponent = exponent

    @property
    def round_size(self) -> int:
        """That of the inner searcher."""
        return self.inner.round_size

    def value(self, architecture: Architecture, score: float) -> float:
        """Returns what the inner searcher maximises.

        Args:
            architecture: canonical.
            score: as it was evaluated; NaN stays NaN.

        Returns:
            NaN for an infinite cost.
        """
        cost = self.cost(architecture)
        if math.isinf(cost):
            return math.nan
        factor = cost**-self.exponent
        return score / factor if score < 0 else score * factor

    def score_of(self, architecture: Architecture, value: float) -> float:
        """Returns the score that a value stands for: the inverse of `value`."""
        cost = self.cost(architecture)
        if math.isinf(cost):
            return math.nan
        factor = cost**-self.exponent
        return value * factor if value < 0 else value / factor

    def _propose(self, count: int) -> list[Proposal]:
        proposals = self.inner.propose(count)
        self._copy()
        return [
            proposal
            if proposal.predicted is None
            else dataclasses.replace(proposal, predicted=self.score_of(proposal.architecture, proposal.predicted))
            for proposal in proposals
        ]

    def adopt(self, proposals: Sequence[Proposal], draws: int, asked: int | None = None) -> None:
        """Takes proposals from a log.

        Args:
            proposals: of one call of `propose`.
            draws: the value of `draws` after that call.
            asked: how many that call was to return; None for as many as there are.
        """
        self.inner.adopt(proposals, draws, asked)
        self._copy()

    def observe(self, evaluations: Sequence[Evaluation]) -> None:
        """Keeps evaluations, and hands them on with their products in place of their scores.

        Args:
            evaluations: of canonical architectures.
        """
        super().observe(evaluations)
        self.inner.observe(
            [dataclasses.replace(found, score=self.value(found.architecture, found.score)) for found in evaluations]
        )
        self._copy()

    def state_dict(self) -> dict[str, Any]:
        """Returns the scores as they are, and the state of the inner searcher."""
        return {**super().state_dict(), 'inner': self.inner.state_dict()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continues from what `state_dict` returned.

        Args:
            state: of a searcher that was made with the same arguments.
        """
        super().load_state_dict(state)
        self.inner.load_state_dict(state['inner'])
        self._copy()

    def model_state(self) -> dict[str, Any]:
        """Returns what the inner searcher's model has learned."""
        return self.inner.model_state()

    def load_model_state(self, state: Mapping[str, Any]) -> None:
        """Takes over the model of an earlier searcher.

        Args:
            state: what `model_state` of a searcher of the same settings returned.
        """
        self.inner.load_model_state(state)

    def _copy(self) -> None:
        """Shows what the inner searcher knows and counts; the scores are the wrapper's own."""
        inner = self.inner
        self.known = inner.known
        self.duplicates, self.candidates = inner.duplicates, inner.candidates
        self.report, self.draws = inner.report, inner.draws
