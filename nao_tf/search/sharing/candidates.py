"""Candidates: which architectures shared weights are trained by, and how a searcher changes them from round to round.

Scores of different rounds are of different weights, so every round has a searcher of its own, which observes the
present scores only and goes on with the model of the last.
"""

from __future__ import annotations

import abc
import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from nao_tf.search.events import finite
from nao_tf.search.setup import derived_seed
from nao_tf.searchers.base import Searcher
from nao_tf.searchers.evaluation import Evaluation, Proposal
from nao_tf.searchers.registry import make_searcher
from nao_tf.spaces.architecture import Architecture
from nao_tf.spaces.base import SearchSpace

Score = Callable[[Architecture], Evaluation]


@dataclasses.dataclass(frozen=True)
class Scored:
    """One architecture with its score by the present weights.

    Args:
        proposal: how it came about; its round is that after which it was proposed, 0 for the beginning.
        score: NaN if it has none.
    """

    proposal: Proposal
    score: float


class Candidates(abc.ABC):
    """What the steps draw from, and what a round makes of it.

    Args:
        space: of the architectures.
        config: the `searcher` part of a search's config.
        seed: of every draw.

    Attributes:
        scored: what the last round scored, in the order of the scoring.
        report: figures of the searcher's last round, {} where it learned nothing.
    """

    def __init__(self, space: SearchSpace, config: Mapping[str, Any], *, seed: int):
        self.space = space
        self.config = config
        self.seed = seed
        self.model: dict[str, Any] = {}
        self.scored: list[Scored] = []
        self.report: dict[str, float | None] = {}

    @abc.abstractmethod
    def draw(self, step: int) -> Architecture:
        """Returns the architecture that a step trains: a function of (seed, step) and the last round.

        Args:
            step: counted from 0.
        """

    @abc.abstractmethod
    def turn(self, number: int, score: Score, *, last: bool) -> None:
        """Scores architectures with the present weights and lets the searcher learn from them.

        Args:
            number: of the round, from 1.
            score: the evaluation of one architecture.
            last: whether no training follows.
        """

    @property
    @abc.abstractmethod
    def scores(self) -> int:
        """How many scores all rounds take."""

    @abc.abstractmethod
    def describe(self) -> str:
        """Returns what the steps draw from and what the rounds do, for a person."""

    def searcher(self, number: int) -> Searcher:
        """Returns the searcher of a round, with the model of the one before.

        Args:
            number: of the round, from 0.
        """
        seed = derived_seed(self.seed, f'round {number}')
        searcher = make_searcher(self.config['name'], self.space, config=self.config, seed=seed)
        searcher.load_model_state(self.model)
        return searcher

    def state_dict(self) -> dict[str, Any]:
        """Returns everything that `load_state_dict` needs, as JSON types."""
        return {'model': self.model, 'scored': [_scored_to_json(scored) for scored in self.scored]}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continues from what `state_dict` returned."""
        self.model = dict(state['model'])
        self.scored = [_scored_from_json(value, self.space.name) for value in state['scored']]

    def _keep(self, proposals: Sequence[Proposal], evaluations: Sequence[Evaluation]) -> None:
        pairs = zip(proposals, evaluations, strict=True)
        self.scored = [Scored(proposal, math.nan if found.failed else found.score) for proposal, found in pairs]


def proposal_to_json(proposal: Proposal) -> dict[str, Any]:
    """Returns a proposal as JSON types, without its parent."""
    return {
        'tokens': list(proposal.architecture.tokens),
        'origin': proposal.origin,
        'round': proposal.round,
        'predicted': finite(proposal.predicted),
    }


def proposal_from_json(value: Mapping[str, Any], space: str) -> Proposal:
    """Reads what `proposal_to_json` wrote; `space` is the name of the space of its tokens."""
    return Proposal(Architecture(space, tuple(value['tokens'])), value['origin'], value['round'], value['predicted'])


def _scored_to_json(scored: Scored) -> dict[str, Any]:
    return {**proposal_to_json(scored.proposal), 'score': finite(scored.score)}


def _scored_from_json(value: Mapping[str, Any], space: str) -> Scored:
    score = value['score']
    return Scored(proposal_from_json(value, space), math.nan if score is None else score)
