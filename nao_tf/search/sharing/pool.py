"""Pool: the steps draw from a pool whose worst a round replaces (NAO-WS, and any other searcher in NAO's place)."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from nao_tf.errors import InputError
from nao_tf.search.setup import derived_seed
from nao_tf.search.sharing.candidates import Candidates, Score, proposal_from_json, proposal_to_json
from nao_tf.searchers.random import RandomSearch
from nao_tf.spaces.architecture import Architecture
from nao_tf.spaces.base import SearchSpace


class Pool(Candidates):
    """A pool that every step draws from uniformly; a round replaces its worst by what the searcher proposes (NAO-WS).

    After the training of a round all of the pool is scored. The searcher observes it and proposes `per_round` new
    cells; those and `fresh` uniform ones take the place of the worst (1,000 cells, 500 and 50 in the released search).

    Args:
        space: of the architectures.
        config: the `searcher` part of a search's config; `initial` is the size of the pool.
        fresh: uniform draws of every round.
        seed: of every draw.

    Raises:
        InputError: if the pool is smaller than what a round replaces.
    """

    def __init__(self, space: SearchSpace, config: Mapping[str, Any], *, fresh: int, seed: int):
        super().__init__(space, config, seed=seed)
        if config['rounds'] and config['per_round'] + fresh >= config['initial']:
            raise InputError(
                f'sharing: a round replaces searcher.per_round={config["per_round"]} and sharing.fresh={fresh} cells, '
                f'but the pool has only searcher.initial={config["initial"]}; make the pool larger'
            )
        self.fresh = fresh
        first = RandomSearch(space, seed=derived_seed(seed, 'pool'))
        self.pool = first.random_proposals(config['initial'])

    def draw(self, step: int) -> Architecture:
        """Returns one of the pool."""
        return self.pool[np.random.default_rng([self.seed, step]).integers(len(self.pool))].architecture

    def turn(self, number: int, score: Score, *, last: bool) -> None:
        """Scores the pool and replaces its worst."""
        evaluations = [score(proposal.architecture) for proposal in self.pool]
        self._keep(self.pool, evaluations)
        self.report = {}
        if last:
            return
        searcher = self.searcher(number)
        searcher.observe(evaluations)
        new = [dataclasses.replace(proposal, round=number) for proposal in searcher.propose(self.config['per_round'])]
        self.report = {name: value for name, value in searcher.report.items() if name != 'round'}
        new += searcher.random_proposals(self.fresh, round_number=number)
        scores = np.array([cell.score for cell in self.scored])
        order = np.argsort(np.where(np.isnan(scores), np.inf, -scores), kind='stable')
        kept = sorted(order[: len(self.pool) - len(new)])
        self.pool = [self.pool[index] for index in kept] + new
        self.model = searcher.model_state()

    @property
    def scores(self) -> int:
        """The whole pool in every round."""
        return (self.config['rounds'] + 1) * len(self.pool)

    def describe(self) -> str:
        """Returns the size of the pool and what a round replaces."""
        return (
            f'a pool of {len(self.pool)}, of which {self.config["name"]} replaces {self.config["per_round"]} and '
            f'uniform draws {self.fresh} in each of {self.config["rounds"]} rounds'
        )

    def state_dict(self) -> dict[str, Any]:
        """Returns the state of the base class and the pool."""
        return {**super().state_dict(), 'pool': [proposal_to_json(proposal) for proposal in self.pool]}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continues from what `state_dict` returned."""
        super().load_state_dict(state)
        self.pool = [proposal_from_json(value, self.space.name) for value in state['pool']]
