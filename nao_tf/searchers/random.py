"""Random search: what every searcher has to beat."""

from __future__ import annotations

from nao_tf.searchers.base import Searcher
from nao_tf.searchers.evaluation import Proposal
from nao_tf.spaces.base import SearchSpace


class RandomSearch(Searcher):
    """Draws every decision uniformly and never the same canonical cell twice.

    Args:
        space: what is searched.
        evaluations: how many cells it wants in all; one round.
        seed: of every draw.
    """

    def __init__(self, space: SearchSpace, *, evaluations: int = 1000, seed: int = 0):
        super().__init__(space, seed=seed)
        self.budget = evaluations

    @property
    def round_size(self) -> int:
        """The whole budget: nothing is learned on the way."""
        return self.budget

    def _propose(self, count: int) -> list[Proposal]:
        return self.random_proposals(count)
