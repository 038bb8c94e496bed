"""A forest of randomised trees that ranks cells: all of a small space, or mutations of the best."""

from __future__ import annotations

import abc
import dataclasses

import numpy as np

from nao_tf.errors import InputError
from nao_tf.searchers.base import Searcher, check_at_least
from nao_tf.searchers.candidates import PER_QUERY, check_candidates, draw_candidates, ranked
from nao_tf.searchers.enumeration import all_features, canonical_cells
from nao_tf.searchers.evaluation import Proposal
from nao_tf.spaces.architecture import Architecture
from nao_tf.spaces.base import SearchSpace


class ForestSearcher(Searcher):
    """A random start, then rounds of the cells that a new forest ranks best.

    Extremely randomised trees (Geurts et al. 2006, scikit-learn) over `space.features`; a cell's rank is by the
    mean of the trees plus `optimism` times their standard deviation. It is no method of a paper, but the simplest
    sample-efficient search, and the one that a clever search has to be ahead of.

    Args:
        space: what is searched.
        start: cells of the random start.
        batch: best-ranked cells of a round.
        trees: of the forest.
        optimism: standard deviations of the trees added to their mean.
        seed: of every draw and of the trees.

    Raises:
        InputError: if a setting is out of range.
    """

    def __init__(self, space: SearchSpace, *, start: int, batch: int, trees: int, optimism: float, seed: int = 0):
        super().__init__(space, seed=seed)
        check_at_least(1, start=start, batch=batch, trees=trees)
        check_at_least(0, optimism=optimism)
        self.start = start
        self.batch = batch
        self.trees = trees
        self.optimism = optimism

    @property
    def round_size(self) -> int:
        """The rest of the random start while it lasts, then `batch`."""
        missing = self.start - len(self.known)
        return missing if missing > 0 else self.batch

    @property
    def round(self) -> int:
        """Number of the round that is proposed next; 0 is the random start."""
        return 1 + max(0, len(self.known) - self.start) // self.batch if self.learns else 0

    @property
    def learns(self) -> bool:
        """Whether the next proposal fits the forest."""
        return bool(self.evaluations) and len(self.known) >= self.start

    @abc.abstractmethod
    def _ranked(self, count: int) -> list[Proposal]:
        """Returns at most `count` new cells, the best-ranked first."""

    def _propose(self, count: int) -> list[Proposal]:
        return self._ranked(count) if self.learns else self.random_proposals(count)

    def _fitted(self, rng: np.random.Generator) -> list:
        """Returns the trees of a forest that is fitted to all observations."""
        # scikit-learn is not loaded for the settings alone.
        from sklearn.ensemble import ExtraTreesRegressor

        forest = ExtraTreesRegressor(self.trees, random_state=int(rng.integers(2**31)))
        architectures, scores = self.pool()
        forest.fit(self.space.features(architectures), scores)
        return [estimator.tree_ for estimator in forest.estimators_]

    def _score(self, trees: list, features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Returns the mean of the trees [n] and the value that cells are ranked by [n]; counts the candidates."""
        self.candidates += len(features)
        features = np.ascontiguousarray(features, np.float32)
        votes = np.stack([tree.predict(features)[:, 0] for tree in trees])
        mean = votes.mean(axis=0)
        return mean, mean + self.optimism * votes.std(axis=0)


class ForestRanker(ForestSearcher):
    """The forest ranks every cell of the space.

    Only for a space that can be listed. As in the project's protocol: 20 random cells, then the 5 best-ranked
    of the whole space in every round, 100 trees, mean plus half a standard deviation.

    Args:
        space: what is searched.
        start: cells of the random start.
        batch: best-ranked cells of a round.
        trees: of the forest.
        optimism: standard deviations of the trees added to their mean.
        seed: of every draw and of the trees.

    Raises:
        InputError: if the space is too large to be listed, or a setting is out of range.
    """

    mode = 'enumerate'

    def __init__(
        self,
        space: SearchSpace,
        *,
        start: int = 20,
        batch: int = 5,
        trees: int = 100,
        optimism: float = 0.5,
        seed: int = 0,
    ):
        super().__init__(space, start=start, batch=batch, trees=trees, optimism=optimism, seed=seed)
        try:
            self.cells = canonical_cells(space)
        except InputError as error:
            raise InputError(f"the searcher 'forest' ranks every cell: {error} ('forest_generate')") from None

    def _ranked(self, count: int) -> list[Proposal]:
        left = np.array([index for index, cell in enumerate(self.cells) if cell not in self.known], int)
        if not len(left):
            return []
        generator, number = self.rng(), self.round
        mean, value = self._score(self._fitted(generator), all_features(self.space)[left])
        return [
            Proposal(self.cells[left[index]], 'ranked', number, predicted=float(mean[index]))
            for index in ranked(value, generator)[:count]
        ]


class ForestGenerate(ForestSearcher):
    """The forest ranks mutations of the best cells and random ones, at most 20 for each cell that it spends.

    Args:
        space: what is searched.
        start: cells of the random start.
        batch: best-ranked cells of a round.
        trees: of the forest.
        optimism: standard deviations of the trees added to their mean.
        parents: best cells whose mutations are ranked.
        mutated: share of the mutations among the ranked cells; the others are uniform draws.
        per_query: ranked cells for each proposal, at most 20.
        seed: of every draw and of the trees.

    Raises:
        InputError: if a setting is out of range.
    """

    def __init__(
        self,
        space: SearchSpace,
        *,
        start: int = 20,
        batch: int = 5,
        trees: int = 100,
        optimism: float = 0.5,
        parents: int = 10,
        mutated: float = 0.8,
        per_query: int = PER_QUERY,
        seed: int = 0,
    ):
        super().__init__(space, start=start, batch=batch, trees=trees, optimism=optimism, seed=seed)
        check_candidates(parents, mutated, per_query)
        self.parents = parents
        self.mutated = mutated
        self.per_query = per_query

    def _ranked(self, count: int) -> list[Proposal]:
        number = self.round
        candidates = draw_candidates(
            self, count * self.per_query, self.best(self.parents), mutated=self.mutated, round_number=number
        )
        if not candidates:
            return []
        generator = self.rng()
        cells: list[Architecture] = [candidate.architecture for candidate in candidates]
        mean, value = self._score(self._fitted(generator), self.space.features(cells))
        return [
            dataclasses.replace(
                candidates[index], origin=f'ranked {candidates[index].origin}', predicted=float(mean[index])
            )
            for index in ranked(value, generator)[:count]
        ]
