"""The tree of latent actions: linear regressors that halve the space, and the regions at its leaves (LaNAS)."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
from sklearn.linear_model import Ridge


@dataclasses.dataclass
class Region:
    """A node of the tree: a region of the space and what was observed in it.

    Args:
        members: indices of the samples in the region, int [m].
        visits: n, samples in the region and the proposals of this round that went through it.
        value: x, the mean score of its samples.
        weights: [F] of the regressor that splits it, None in a leaf.
        threshold: of `features @ weights`; above it is good.
        children: the good one (left) and the bad one (right); empty in a leaf.
    """

    members: np.ndarray
    visits: int
    value: float
    weights: np.ndarray | None = None
    threshold: float = 0.0
    children: tuple[Region, ...] = ()


@dataclasses.dataclass(frozen=True)
class Path:
    """The way from the root to a leaf: m constraints, and the leaf.

    Args:
        nodes: from the root to the leaf, m + 1 of them.
        weights: [m, F].
        thresholds: [m].
        good: bool [m], whether the way goes to the good child.
    """

    nodes: tuple[Region, ...]
    weights: np.ndarray
    thresholds: np.ndarray
    good: np.ndarray

    @property
    def leaf(self) -> Region:
        """The region that the path leads to."""
        return self.nodes[-1]

    def depth(self, features: np.ndarray) -> int:
        """Returns how many of the constraints, from the root on, a cell meets (Alg. 2, get_constraints).

        Args:
            features: [F] of the cell.
        """
        if not len(self.weights):
            return 0
        met = (self.weights @ features > self.thresholds) == self.good
        return len(met) if met.all() else int(np.argmin(met))


class RegionTree:
    """A full binary tree of regions, learned top-down (section 3.1, Alg. 1 lines 6 and 7).

    Every inner node has a ridge regression of the score on the features, in closed form; its threshold is the mean
    score of the node's samples, which is the mean of the predictions too. A node that has fewer than `smallest`
    samples, or whose predictions are all equal, stays a leaf.

    Args:
        features: [n, F].
        scores: [n], in units of which 1 is large.
        height: levels of regions; 2^(height - 1) leaves.
        ridge: weight of the penalty.
        smallest: samples that a split takes at least.
    """

    def __init__(self, features: np.ndarray, scores: np.ndarray, *, height: int, ridge: float, smallest: int = 4):
        self._features = np.asarray(features, np.float64)
        self._scores = scores
        self._ridge = ridge
        self._smallest = smallest
        self.root = self._grow(np.arange(len(scores)), height - 1)

    def _grow(self, members: np.ndarray, splits: int) -> Region:
        """Returns the region of some samples, split `splits` times more."""
        scores = self._scores[members]
        region = Region(members, len(members), float(scores.mean()))
        if splits <= 0 or len(members) < self._smallest or np.ptp(scores) == 0:
            return region
        features = self._features[members]
        weights = Ridge(self._ridge).fit(features, scores).coef_
        projections = features @ weights
        threshold = float(projections.mean())
        good = projections > threshold
        if good.all() or not good.any():
            return region
        region.weights, region.threshold = weights, threshold
        region.children = (self._grow(members[good], splits - 1), self._grow(members[~good], splits - 1))
        return region

    def select(self, exploration: float) -> Path:
        """Descends by UCB to a leaf (Alg. 2, ucb_select): x + 2 c sqrt(2 ln n_parent / n).

        Args:
            exploration: c.
        """
        nodes, weights, thresholds, good = [self.root], [], [], []
        while nodes[-1].children:
            region = nodes[-1]
            bounds = [
                child.value + 2 * exploration * math.sqrt(2 * math.log(region.visits) / child.visits)
                for child in region.children
            ]
            left = bounds[0] >= bounds[1]
            nodes.append(region.children[0 if left else 1])
            assert region.weights is not None
            weights.append(region.weights)
            thresholds.append(region.threshold)
            good.append(left)
        size = self._features.shape[1]
        return Path(tuple(nodes), np.reshape(weights, (-1, size)), np.array(thresholds), np.array(good, bool))

    @staticmethod
    def visit(path: Path) -> None:
        """Counts a proposal whose score is not known yet: a visit at the value that every node of the path has."""
        for region in path.nodes:
            region.visits += 1
