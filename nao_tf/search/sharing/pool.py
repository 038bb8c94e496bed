"""Pool: the steps draw from a pool whose worst a round replaces (NAO-WS, and any other searcher in NAO's place)."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import scipy.stats

from nao_tf.errors import InputError
from nao_tf.search.setup import derived_seed
from nao_tf.search.sharing.candidates import Candidates, Score, proposal_from_json, proposal_to_json
from nao_tf.searchers.random import RandomSearch
from nao_tf.spaces.architecture import Architecture
from nao_tf.spaces.base import SearchSpace

SAMPLING = ('uniform', 'params', 'score')


class Pool(Candidates):
    """A pool that every step draws from; a round replaces its worst by what the searcher proposes (NAO-WS).

    After the training of a round all of the pool is scored. The searcher observes it and proposes `per_round` new
    cells; those and `fresh` uniform ones take the place of the worst (1,000 cells, 500 and 50 in the released search).

    Args:
        space: of the architectures.
        config: the `searcher` part of a search's config; `initial` is the size of the pool.
        fresh: uniform draws of every round.
        sampling: what a step draws by (A2): `uniform`; `params`, each cell as often as it has parameters, so that
            large ones get the longer training that they need; `score`, by its rank in the last scores, the best most
            often, where a cell without a score stands in the middle.
        parameters: counts those of an architecture; None where all have as many.
        seed: of every draw.

    Raises:
        InputError: if the pool is smaller than what a round replaces, or there is no such sampling of it.
    """

    def __init__(
        self,
        space: SearchSpace,
        config: Mapping[str, Any],
        *,
        fresh: int,
        sampling: str = 'uniform',
        parameters: Callable[[Architecture], int] | None = None,
        seed: int,
    ):
        super().__init__(space, config, seed=seed)
        if config['rounds'] and config['per_round'] + fresh >= config['initial']:
            raise InputError(
                f'sharing: a round replaces searcher.per_round={config["per_round"]} and sharing.fresh={fresh} cells, '
                f'but the pool has only searcher.initial={config["initial"]}; make the pool larger'
            )
        if sampling not in SAMPLING:
            raise InputError(f'sharing.sampling is {sampling!r}; it is one of {", ".join(SAMPLING)}')
        if sampling == 'params' and parameters is None:
            raise InputError("sharing.sampling is 'params', but all recurrent cells have as many; set it to uniform")
        self.fresh = fresh
        self.sampling = sampling
        self.parameters = parameters
        first = RandomSearch(space, seed=derived_seed(seed, 'pool'))
        self.pool = first.random_proposals(config['initial'])
        self._until = self._chances()

    def draw(self, step: int) -> Architecture:
        """Returns one of the pool."""
        rng = np.random.default_rng([self.seed, step])
        if self._until is None:
            return self.pool[rng.integers(len(self.pool))].architecture
        return self.pool[int(np.searchsorted(self._until, rng.random(), side='right'))].architecture

    def _chances(self) -> np.ndarray | None:
        """Returns the cumulated probabilities of the pool; None if all are the same."""
        if self.sampling == 'uniform':
            return None
        if self.sampling == 'params':
            assert self.parameters is not None
            weights = np.array([self.parameters(proposal.architecture) for proposal in self.pool], float)
        else:
            last = {cell.proposal.architecture: cell.score for cell in self.scored}
            scores = np.array([last.get(proposal.architecture, math.nan) for proposal in self.pool])
            weights = np.full(len(scores), (len(scores) + 1) / 2)
            known = ~np.isnan(scores)
            places = scipy.stats.rankdata(scores[known])
            weights[known] = places * len(scores) / max(len(places), 1)
        until = np.cumsum(weights / weights.sum())
        return until / until[-1]

    def turn(self, number: int, score: Score, *, last: bool) -> None:
        """Scores the pool and replaces its worst."""
        evaluations = [score(proposal.architecture) for proposal in self.pool]
        self._keep(self.pool, evaluations)
        self.report = {}
        if last:
            return
        searcher = self.searcher(number)
        # The best last: no score of these weights has stood for any time, which a searcher would tell by its place.
        searcher.observe(sorted(evaluations, key=lambda found: -math.inf if found.failed else found.score))
        new = [dataclasses.replace(proposal, round=number) for proposal in searcher.propose(self.config['per_round'])]
        self.report = {name: value for name, value in searcher.report.items() if name != 'round'}
        new += searcher.random_proposals(self.fresh, round_number=number)
        scores = np.array([cell.score for cell in self.scored])
        order = np.argsort(np.where(np.isnan(scores), np.inf, -scores), kind='stable')
        kept = sorted(order[: len(self.pool) - len(new)])
        self.pool = [self.pool[index] for index in kept] + new
        self.model = searcher.model_state()
        self._until = self._chances()

    @property
    def scores(self) -> int:
        """The whole pool in every round."""
        return (self.config['rounds'] + 1) * len(self.pool)

    def describe(self) -> str:
        """Returns the size of the pool and what a round replaces."""
        drawn = '' if self.sampling == 'uniform' else f' drawn by {self.sampling}'
        return (
            f'a pool of {len(self.pool)}{drawn}, of which {self.config["name"]} replaces {self.config["per_round"]} '
            f'and uniform draws {self.fresh} in each of {self.config["rounds"]} rounds'
        )

    def state_dict(self) -> dict[str, Any]:
        """Returns the state of the base class and the pool."""
        return {**super().state_dict(), 'pool': [proposal_to_json(proposal) for proposal in self.pool]}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continues from what `state_dict` returned."""
        super().load_state_dict(state)
        self.pool = [proposal_from_json(value, self.space.name) for value in state['pool']]
        self._until = self._chances()
