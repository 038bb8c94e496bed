"""A Gaussian process on the embedding: f and its uncertainty in closed form, from few evaluated architectures."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import scipy.linalg
import tensorflow as tf

from nao_tf.controller.kernels import (
    LENGTHS,
    NOISES,
    SHARES,
    Distance,
    Inputs,
    Kernel,
    on_one_thread,
    squared_distances,
)  # fmt: skip
from nao_tf.controller.process_gradient import gradient_of_process

COMPONENTS = 8  # kernels of the highest likelihood that are averaged
COMPETING = 200  # candidates that a batch is chosen from
TEMPERATURE = 4.0  # of the likelihood as a weight: one is overconfident, the kernels being wrong all alike
FAR = 1e4  # where the compiled gradient puts the points that are not there


class Component(NamedTuple):
    """One kernel of the mixture, conditioned: its weight, Cholesky factor [n, n], K^-1 y [n] and variance."""

    weight: float
    kernel: Kernel
    factor: np.ndarray
    solved: np.ndarray
    variance: float


class Process:
    """f(e_x) as the posterior of a Gaussian process whose inputs are the encoder's states.

    The trained predictor shapes the encoder (Eq. 1); this takes its place afterwards: it learns from every new score at
    once, without training, and knows where it knows little. The squared distance of two embeddings is a mixture of
    that of their mean states (section 3.2) and that of all their states. Mixture, length and noise are not chosen but
    averaged over, by their marginal likelihood: a search that trusts one kernel gets stuck where that one is wrong.

    Args:
        reference: embeddings of any architectures, [m, S, D]; their deviations are the units of the distance.
        points: at most so many evaluated architectures are used: the better half by score, and the newest others.
    """

    def __init__(self, reference: np.ndarray, *, points: int):
        self.distance = Distance(reference)
        self.points = points
        self.components: list[Component] = []
        self.known = self.distance.inputs(reference[:0])  # of the evaluated architectures
        self.targets = np.zeros(0)  # their scores less `offset`
        self.offset = 0.0
        self._constants: tuple[tf.Tensor, ...] = ()

    @on_one_thread
    def fit(self, embeddings: np.ndarray, targets: np.ndarray) -> None:
        """Conditions on evaluated architectures.

        Args:
            embeddings: [n, S, D], n >= 1.
            targets: [n], in the predictor's units.
        """
        targets = np.asarray(targets, np.float64)
        if len(targets) > self.points:
            best = np.argsort(-targets, kind='stable')[: self.points // 2]
            rest = np.setdiff1d(np.arange(len(targets)), best)[-(self.points - len(best)) :]
            keep = np.sort(np.concatenate([best, rest]))
            embeddings, targets = embeddings[keep], targets[keep]
        self._constants = ()
        self.known = self.distance.inputs(embeddings)
        self.offset = float(targets.mean())
        self.targets = targets - self.offset
        squares = squared_distances(self.known, self.known)
        found: list[tuple[float, Component]] = []
        for kernel in itertools.starmap(Kernel, itertools.product(SHARES, LENGTHS, NOISES)):
            factor = np.linalg.cholesky(kernel(squares) + kernel.noise * np.eye(len(targets)))
            solved = scipy.linalg.cho_solve((factor, True), self.targets)
            variance = max(float(self.targets @ solved) / len(targets), 1e-12)
            likelihood = -0.5 * len(targets) * np.log(variance) - float(np.log(np.diag(factor)).sum())
            found.append((likelihood, Component(0.0, kernel, factor, solved, variance)))
        found.sort(key=lambda pair: -pair[0])
        found = found[:COMPONENTS]
        weights = np.exp((np.array([likelihood for likelihood, _ in found]) - found[0][0]) / TEMPERATURE)
        weights /= weights.sum()
        self.components = [
            component._replace(weight=float(weight)) for weight, (_, component) in zip(weights, found, strict=True)
        ]

    def _crosses(self, inputs: Inputs) -> Iterator[tuple[Component, np.ndarray]]:
        """Yields every component and its kernel [n, points] between n embeddings and the evaluated architectures."""
        squares = squared_distances(inputs, self.known)
        made: dict[tuple[float, float], np.ndarray] = {}  # kernels that differ in their noise alone are the same here
        for part in self.components:
            key = part.kernel.share, part.kernel.length
            if key not in made:
                made[key] = part.kernel(squares)
            yield part, made[key]

    @on_one_thread
    def mean(self, embeddings: np.ndarray) -> np.ndarray:
        """Returns the mean of f at embeddings [n, S, D], [n], in the predictor's units."""
        total = np.full(len(embeddings), self.offset)
        for part, cross in self._crosses(self.distance.inputs(embeddings)):
            total += part.weight * (cross @ part.solved)
        return total

    @on_one_thread
    def posterior(self, embeddings: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Returns mean [n] and covariance [n, n] of f at embeddings [n, S, D], in the predictor's units."""
        inputs = self.distance.inputs(embeddings)
        own_squares = squared_distances(inputs, inputs)
        mean, second = np.zeros(len(embeddings)), np.zeros((len(embeddings),) * 2)
        for part, cross in self._crosses(inputs):
            half = scipy.linalg.solve_triangular(part.factor, cross.T, lower=True, check_finite=False)
            covariance = part.variance * (part.kernel(own_squares) - half.T @ half)
            own_mean = cross @ part.solved
            mean += part.weight * own_mean
            second += part.weight * (covariance + np.outer(own_mean, own_mean))
        return self.offset + mean, second - np.outer(mean, mean)

    def log_density(self, embeddings: np.ndarray, targets: np.ndarray) -> np.ndarray:
        """Returns the log density of each of n scores by itself, noise included, [n].

        Args:
            embeddings: [n, S, D].
            targets: [n], in the predictor's units.
        """
        mean, covariance = self.posterior(embeddings)
        variance = np.maximum(np.diag(covariance), 0.0) + self.noise
        return -0.5 * (np.log(2 * np.pi * variance) + (targets - mean) ** 2 / variance)

    @on_one_thread
    def leave_one_out(self) -> tuple[np.ndarray, np.ndarray]:
        """Returns the mean at each point had its score not been seen, and that score, [n] each, less the offset.

        The points are the architectures that the process is conditioned on, `points` at the most.
        """
        means = np.zeros(len(self.targets))
        for part in self.components:
            inverse = scipy.linalg.cho_solve((part.factor, True), np.eye(len(means)))
            means += part.weight * (self.targets - part.solved / np.diag(inverse))
        return means, self.targets

    @property
    def noise(self) -> float:
        """Variance of a score around f."""
        return sum(part.weight * part.variance * part.kernel.noise for part in self.components) + 1e-9

    @on_one_thread
    def optimistic(self, embeddings: np.ndarray, optimism: float) -> np.ndarray:
        """Returns mean + optimism * deviation, [n]."""
        mean, second = np.zeros(len(embeddings)), np.zeros(len(embeddings))
        for part, cross in self._crosses(self.distance.inputs(embeddings)):
            half = scipy.linalg.solve_triangular(part.factor, cross.T, lower=True, check_finite=False)
            own_mean = cross @ part.solved
            mean += part.weight * own_mean
            second += part.weight * (part.variance * (1 - np.einsum('ij,ij->j', half, half)) + own_mean**2)
        return self.offset + mean + optimism * np.sqrt(np.maximum(second - mean**2, 0.0))

    def slope(self, embeddings: np.ndarray, optimism: float) -> np.ndarray:
        """Returns the gradient of mean + optimism * deviation, [n, S, D] (Eq. 2, by GradientTape).

        Args:
            embeddings: [n, S, D].
            optimism: weight of the deviation.
        """
        if not self._constants:
            self._constants = self._compiled_constants()
        given = (tf.constant(array, tf.float32) for array in (embeddings, optimism))
        return gradient_of_process()(*given, *self._constants).numpy()

    def _compiled_constants(self) -> tuple[tf.Tensor, ...]:
        """Returns what the compiled gradient reads of this process: of `points` and COMPONENTS, however many it has."""
        count = len(self.targets)
        means = np.full((self.points, self.known.means.shape[1]), FAR, np.float32)
        states = np.full((self.points, self.known.states.shape[1]), FAR, np.float32)
        means[:count], states[:count] = self.known.means, self.known.states
        solved = np.zeros((COMPONENTS, self.points), np.float32)
        factors = np.tile(np.eye(self.points, dtype=np.float32), (COMPONENTS, 1, 1))
        scalars = np.tile(np.array([0.0, 1.0, 1.0, 0.0], np.float32), (COMPONENTS, 1))
        for index, part in enumerate(self.components):
            solved[index, :count], factors[index, :count, :count] = part.solved, part.factor
            scalars[index] = part.weight, part.kernel.share, part.kernel.length, part.variance
        units = self.distance.centre, self.distance.deviation, self.distance.spread
        return tuple(tf.constant(array, tf.float32) for array in (means, states, solved, factors, scalars, *units))

    @on_one_thread
    def choose(self, embeddings: np.ndarray, count: int, optimism: float) -> list[int]:
        """Returns a batch of candidates: each the most optimistic once those before it are known.

        What the ones before will score is not known, but that they lower the uncertainty around them is. Only the most
        optimistic ones compete, `COMPETING` or twice the batch: the cost is that of their covariance.

        Args:
            embeddings: of the candidates, [n, S, D].
            count: size of the batch, at most n are returned.
            optimism: weight of the deviation.
        """
        compete = np.argsort(-self.optimistic(embeddings, optimism), kind='stable')[: max(COMPETING, 2 * count)]
        mean, covariance = self.posterior(embeddings[compete])
        left = np.ones(len(mean), bool)
        chosen: list[int] = []
        for _ in range(min(count, len(mean))):
            value = mean + optimism * np.sqrt(np.maximum(np.diag(covariance), 0.0))
            pick = int(np.argmax(np.where(left, value, -np.inf)))
            chosen.append(pick)
            left[pick] = False
            column = covariance[:, pick].copy()
            covariance -= np.outer(column, column) / (column[pick] + self.noise)
        return compete[chosen].tolist()
