"""Bayesian optimisation: a Gaussian process and the expected improvement, proposals in batches."""

from __future__ import annotations

import dataclasses
import math
import warnings

import numpy as np

from nao_tf.searchers.base import Searcher, check_at_least
from nao_tf.searchers.candidates import PER_QUERY, check_candidates, draw_candidates
from nao_tf.searchers.evaluation import Proposal
from nao_tf.spaces.base import SearchSpace

LEARNED = 200  # points on which the kernel's parameters are chosen
JITTER = 1e-6  # added to the diagonal, in variances of the score


class BayesianOptimisation(Searcher):
    """A Gaussian process on `space.features` and the expected improvement (EI) over drawn candidates.

    As Snoek et al. 2012 and the Bayesian rival of Wang et al. 2019 (LaNAS): fit the process to the observed scores
    (Matern 5/2 with one length scale, a constant and noise, by marginal likelihood; scikit-learn), then propose
    where EI = (m - b) Phi(z) + s phi(z), z = (m - b) / s, is largest; b is the best observed score. The candidates
    are mutations of the best cells and uniform draws, at most 20 for each proposal, in every mode of use.

    A batch is chosen one by one by the kriging believer (Ginsbourger et al. 2010): the chosen cell counts as
    evaluated at the process's own mean, so that the variance around it falls and the next choice goes elsewhere.

    A process of n points costs n^3. At most `fitted` points are used: the better half of that number are the best
    cells, the other half the latest of the rest (LaNAS fits 2,000 points at a time). The kernel's parameters are
    chosen on at most 200 of them, spaced evenly by rank.

    Args:
        space: what is searched.
        start: cells of the random start.
        batch: proposals between two observations.
        fitted: largest number of points of the process.
        parents: best cells whose mutations are candidates.
        mutated: share of the mutations among the candidates; the others are uniform draws.
        per_query: candidates for each proposal, at most 20.
        seed: of every draw.

    Raises:
        InputError: if a setting is out of range.
    """

    def __init__(
        self,
        space: SearchSpace,
        *,
        start: int = 20,
        batch: int = 5,
        fitted: int = 400,
        parents: int = 10,
        mutated: float = 0.8,
        per_query: int = PER_QUERY,
        seed: int = 0,
    ):
        super().__init__(space, seed=seed)
        check_at_least(1, start=start, batch=batch)
        check_at_least(2, fitted=fitted)
        check_candidates(parents, mutated, per_query)
        self.start = start
        self.batch = batch
        self.fitted = fitted
        self.parents = parents
        self.mutated = mutated
        self.per_query = per_query

    @property
    def round_size(self) -> int:
        """The rest of the random start while it lasts, then `batch`."""
        missing = self.start - len(self.known)
        return missing if missing > 0 else self.batch

    def _propose(self, count: int) -> list[Proposal]:
        if not self.evaluations or len(self.known) < self.start:
            return self.random_proposals(count)
        number = 1 + max(0, len(self.known) - self.start) // self.batch
        candidates = draw_candidates(
            self, count * self.per_query, self.best(self.parents), mutated=self.mutated, round_number=number
        )
        if not candidates:
            return []
        self.candidates += len(candidates)
        features = self.space.features([candidate.architecture for candidate in candidates])
        # One thread: on matrices this small more are slower, and the sums must not depend on their number.
        from threadpoolctl import threadpool_limits

        with threadpool_limits(1):
            chosen, means = self._choose(features.astype(np.float64), min(count, len(candidates)))
        return [
            dataclasses.replace(candidates[index], origin=f'ranked {candidates[index].origin}', predicted=mean)
            for index, mean in zip(chosen, means, strict=True)
        ]

    def _points(self) -> tuple[np.ndarray, np.ndarray]:
        """Returns the features [n, F] and scores [n] that the process is fitted to, the best first."""
        architectures, scores = self.pool()
        order = np.argsort(-scores, kind='stable')
        half = self.fitted // 2
        rest = np.sort(order[half:])[len(order) - self.fitted :] if len(order) > self.fitted else order[half:]
        kept = np.concatenate([order[:half], rest])
        kept = kept[np.argsort(-scores[kept], kind='stable')]
        return self.space.features([architectures[index] for index in kept]).astype(np.float64), scores[kept]

    def _choose(self, candidates: np.ndarray, count: int) -> tuple[list[int], list[float]]:
        """Chooses a batch by EI and the kriging believer.

        Args:
            candidates: features [m, F].
            count: how many, at most m.

        Returns:
            Indices of the chosen candidates, and the predicted scores before any of them counts as evaluated.
        """
        points, scores = self._points()
        varies = points.std(axis=0) > 0
        # Columns that never changed among the points tell nothing about their effect, but of distance: unit scale.
        shift, scale = points.mean(axis=0), np.where(varies, points.std(axis=0), 1.0)
        points, candidates = (points - shift) / scale, (candidates - shift) / scale
        level, spread = float(scores.mean()), float(scores.std()) or 1.0
        targets = (scores - level) / spread
        process = _process(_kernel(points, targets))
        best = float(targets.max())
        chosen: list[int] = []
        first = np.zeros(0)
        for _ in range(count):
            process.fit(points, targets)
            mean, deviation = process.predict(candidates, return_std=True)
            if not chosen:
                first = mean
            gain = expected_improvement(mean, deviation, best)
            gain[chosen] = -math.inf
            index = int(np.argmax(gain))
            chosen.append(index)
            points = np.concatenate([points, candidates[index : index + 1]])
            targets = np.append(targets, mean[index])
        return chosen, [float(level + spread * first[index]) for index in chosen]


def expected_improvement(mean: np.ndarray, deviation: np.ndarray, best: float) -> np.ndarray:
    """Returns EI of normal predictions over the best score.

    Args:
        mean: [n].
        deviation: [n]; 0 is taken as a very small one.
        best: the score that counts as no improvement.
    """
    from scipy.special import ndtr

    deviation = np.maximum(deviation, 1e-9)
    z = (mean - best) / deviation
    return deviation * (z * ndtr(z) + np.exp(-0.5 * z * z) / math.sqrt(2 * math.pi))


def _process(kernel, **settings):
    from sklearn.gaussian_process import GaussianProcessRegressor

    return GaussianProcessRegressor(kernel, alpha=JITTER, **({'optimizer': None} | settings))


def _kernel(points: np.ndarray, targets: np.ndarray):
    """Returns the kernel with the parameters of largest marginal likelihood on at most `LEARNED` points."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel

    width = math.sqrt(points.shape[1])
    kernel = ConstantKernel(1.0, (1e-2, 1e2)) * Matern(width, (0.05 * width, 20 * width), nu=2.5)
    kernel = kernel + WhiteKernel(0.1, (1e-5, 1.0))
    if len(points) < 3 or not targets.std():
        return kernel
    kept = np.unique(np.linspace(0, len(points) - 1, min(len(points), LEARNED)).astype(int))
    with warnings.catch_warnings():
        warnings.simplefilter('ignore', ConvergenceWarning)  # a parameter at its bound is an answer too
        return _process(kernel, optimizer='fmin_l_bfgs_b').fit(points[kept], targets[kept]).kernel_
