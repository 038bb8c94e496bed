"""A Gaussian process on the embedding: f and its uncertainty in closed form, from few evaluated architectures."""

from __future__ import annotations

import functools
import itertools
from typing import NamedTuple

import numpy as np
import scipy.linalg
import tensorflow as tf

SHARES = (1.0, 0.5)  # of the mean state in the kernel; the rest is that of all states by position
LENGTHS = (0.5, 1.0, 2.0, 4.0)
NOISES = (0.01, 0.05, 0.2)
COMPONENTS = 8  # kernels of the highest likelihood that are averaged
COMPETING = 200  # candidates that a batch is chosen from
TEMPERATURE = 4.0  # of the likelihood as a weight: one is overconfident, the kernels being wrong all alike


class Kernel(NamedTuple):
    """exp(-d^2 / (2 length^2)): share of the mean state in d^2, length, and variance of the noise beside 1."""

    share: float
    length: float
    noise: float


class Component(NamedTuple):
    """One kernel of the mixture, conditioned: its weight, inputs [n, F], Cholesky factor, y, K^-1 y and variance."""

    weight: float
    kernel: Kernel
    inputs: np.ndarray
    factor: np.ndarray
    targets: np.ndarray
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
        means, states = reference.mean(axis=1), reference.reshape(len(reference), -1)
        self.centre = means.mean(axis=0)
        self.deviation = means.std(axis=0) + 1e-6
        self.spread = float(np.sqrt(states.var(axis=0).sum())) + 1e-6
        self.points = points
        self.components: list[Component] = []
        self._offset = 0.0

    def features(self, embeddings: np.ndarray, share: float) -> np.ndarray:
        """Returns the kernel's inputs, float64 [n, F]: their squared distance is the mixture's.

        Args:
            embeddings: [n, S, D].
            share: of the mean state.
        """
        embeddings = np.asarray(embeddings, np.float64)
        means = (embeddings.mean(axis=1) - self.centre) / self.deviation / np.sqrt(embeddings.shape[2])
        states = embeddings.reshape(len(embeddings), embeddings.shape[1] * embeddings.shape[2]) / self.spread
        return np.concatenate([means * share**0.5, states * (1 - share) ** 0.5], axis=1)

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
        self._offset = float(targets.mean())
        centred = targets - self._offset
        found: list[tuple[float, Component]] = []
        for share in SHARES:
            inputs = self.features(embeddings, share)
            squares = _squares(inputs, inputs)
            for length, noise in itertools.product(LENGTHS, NOISES):
                factor = np.linalg.cholesky(np.exp(-squares / (2 * length * length)) + noise * np.eye(len(inputs)))
                solved = scipy.linalg.cho_solve((factor, True), centred)
                variance = max(float(centred @ solved) / len(centred), 1e-12)
                likelihood = -0.5 * len(centred) * np.log(variance) - float(np.log(np.diag(factor)).sum())
                kernel = Kernel(share, length, noise)
                found.append((likelihood, Component(0.0, kernel, inputs, factor, centred, solved, variance)))
        found.sort(key=lambda pair: -pair[0])
        found = found[:COMPONENTS]
        weights = np.exp((np.array([likelihood for likelihood, _ in found]) - found[0][0]) / TEMPERATURE)
        weights /= weights.sum()
        self.components = [
            component._replace(weight=float(weight)) for weight, (_, component) in zip(weights, found, strict=True)
        ]

    def mean(self, embeddings: np.ndarray) -> np.ndarray:
        """Returns the mean of f at embeddings [n, S, D], [n], in the predictor's units."""
        squares = self._distances(embeddings)
        total = np.full(len(embeddings), self._offset)
        for part in self.components:
            total += part.weight * np.exp(-squares[part.kernel.share] / (2 * part.kernel.length**2)) @ part.solved
        return total

    def _distances(self, embeddings: np.ndarray) -> dict[float, np.ndarray]:
        """Returns the squared distances [n, points] to the evaluated architectures, by share of the mean state."""
        inputs = {part.kernel.share: part.inputs for part in self.components}
        return {share: _squares(self.features(embeddings, share), points) for share, points in inputs.items()}

    def posterior(self, embeddings: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Returns mean [n] and covariance [n, n] of f at embeddings [n, S, D], in the predictor's units."""
        rows = {share: self.features(embeddings, share) for share in SHARES}
        own_squares = {share: _squares(row, row) for share, row in rows.items()}
        squares = self._distances(embeddings)
        mean, second = np.zeros(len(embeddings)), np.zeros((len(embeddings),) * 2)
        for part in self.components:
            length = part.kernel.length
            cross = np.exp(-squares[part.kernel.share] / (2 * length * length))
            half = scipy.linalg.solve_triangular(part.factor, cross.T, lower=True)
            own = np.exp(-own_squares[part.kernel.share] / (2 * length * length))
            covariance = part.variance * (own - half.T @ half)
            own_mean = cross @ part.solved
            mean += part.weight * own_mean
            second += part.weight * (covariance + np.outer(own_mean, own_mean))
        return self._offset + mean, second - np.outer(mean, mean)

    def log_density(self, embeddings: np.ndarray, targets: np.ndarray) -> np.ndarray:
        """Returns the log density of each of n scores by itself, noise included, [n].

        Args:
            embeddings: [n, S, D].
            targets: [n], in the predictor's units.
        """
        mean, covariance = self.posterior(embeddings)
        variance = np.maximum(np.diag(covariance), 0.0) + self.noise
        return -0.5 * (np.log(2 * np.pi * variance) + (targets - mean) ** 2 / variance)

    def leave_one_out(self) -> tuple[np.ndarray, np.ndarray]:
        """Returns the mean at each point had its score not been seen, and that score, [n] each, less the offset.

        The points are the architectures that the process is conditioned on, `points` at the most.
        """
        targets = self.components[0].targets
        means = np.zeros(len(targets))
        for part in self.components:
            inverse = scipy.linalg.cho_solve((part.factor, True), np.eye(len(means)))
            means += part.weight * (part.targets - part.solved / np.diag(inverse))
        return means, targets

    @property
    def noise(self) -> float:
        """Variance of a score around f."""
        return sum(part.weight * part.variance * part.kernel.noise for part in self.components) + 1e-9

    def optimistic(self, embeddings: np.ndarray, optimism: float) -> np.ndarray:
        """Returns mean + optimism * deviation, [n]."""
        squares = self._distances(embeddings)
        mean, second = np.zeros(len(embeddings)), np.zeros(len(embeddings))
        for part in self.components:
            cross = np.exp(-squares[part.kernel.share] / (2 * part.kernel.length**2))
            half = scipy.linalg.solve_triangular(part.factor, cross.T, lower=True, check_finite=False)
            own_mean = cross @ part.solved
            mean += part.weight * own_mean
            second += part.weight * (part.variance * (1 - np.einsum('ij,ij->j', half, half)) + own_mean**2)
        return self._offset + mean + optimism * np.sqrt(np.maximum(second - mean**2, 0.0))

    def slope(self, embeddings: np.ndarray, optimism: float) -> np.ndarray:
        """Returns the gradient of mean + optimism * deviation, [n, S, D] (Eq. 2, by GradientTape).

        Args:
            embeddings: [n, S, D].
            optimism: weight of the deviation.
        """
        count, width = self.components[0].inputs.shape
        inputs = np.zeros((COMPONENTS, self.points, width), np.float32)
        solved = np.zeros((COMPONENTS, self.points), np.float32)
        inverse = np.zeros((COMPONENTS, self.points, self.points), np.float32)
        scalars = np.zeros((COMPONENTS, 4), np.float32)
        scalars[:, 2] = 1.0
        for index, part in enumerate(self.components):
            inputs[index, :count], solved[index, :count] = part.inputs, part.solved
            inverse[index, :count, :count] = scipy.linalg.cho_solve((part.factor, True), np.eye(count))
            scalars[index] = part.weight, part.kernel.share, part.kernel.length, part.variance
        common = np.array([optimism, self.spread], np.float32)
        values = (embeddings, inputs, solved, inverse, scalars, common, self.centre, self.deviation)
        return _slope()(*[tf.constant(array, tf.float32) for array in values]).numpy()

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


def _squares(rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    squares = (rows * rows).sum(1)[:, None] + (columns * columns).sum(1)[None] - 2 * rows @ columns.T
    return np.maximum(squares, 0.0)


@functools.cache
def _slope():
    """Returns the compiled gradient; one trace for all spaces and numbers of architectures."""
    shapes = ([None] * 3, [None] * 3, [None] * 2, [None] * 3, [COMPONENTS, 4], [2], [None], [None])

    @tf.function(input_signature=[tf.TensorSpec(shape) for shape in shapes])
    def slope(embeddings, inputs, solved, inverse, scalars, common, centre, deviation):
        optimism, spread = tf.unstack(common)
        weight, share, length, variance = tf.unstack(scalars, axis=1)
        width = tf.cast(tf.shape(embeddings)[2], tf.float32)
        with tf.GradientTape() as tape:
            tape.watch(embeddings)
            means = (tf.reduce_mean(embeddings, 1) - centre) / deviation / tf.sqrt(width)
            states = tf.reshape(embeddings, (tf.shape(embeddings)[0], -1)) / spread
            rows = tf.concat(
                [means * tf.sqrt(share)[:, None, None], states * tf.sqrt(1 - share)[:, None, None]], 2
            )  # [C, n, F]
            squares = (
                tf.reduce_sum(rows * rows, 2)[:, :, None]
                + tf.reduce_sum(inputs * inputs, 2)[:, None]
                - 2 * tf.matmul(rows, inputs, transpose_b=True)
            )
            cross = tf.exp(-tf.maximum(squares, 0.0) / (2 * length * length)[:, None, None])
            explained = tf.reduce_sum(tf.matmul(cross, inverse) * cross, 2)
            own = tf.linalg.matvec(cross, solved)  # [C, n]
            uncertain = variance[:, None] * tf.maximum(1 - explained, 1e-6)
            mean = tf.linalg.matvec(own, weight, transpose_a=True)
            second = tf.linalg.matvec(uncertain + own * own, weight, transpose_a=True)
            value = mean + optimism * tf.sqrt(tf.maximum(second - mean * mean, 1e-6))
        return tape.gradient(value, embeddings)

    return slope


def traces() -> int:
    """Returns how often the gradient was traced in this process: at most once."""
    return _slope().experimental_get_tracing_count()
