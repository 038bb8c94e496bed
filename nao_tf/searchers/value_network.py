"""The value network of the tree search: a small multi-layer perceptron on a space's features."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPRegressor
from sklearn.preprocessing import StandardScaler

from nao_tf.spaces.architecture import Architecture
from nao_tf.spaces.base import SearchSpace

STEPS = 8  # of an epoch at the most, so that a fit takes as long with many cells as with few


class ValueNetwork:
    """Predicts scores by the mean of a few perceptrons, each fitted from scratch.

    Args:
        space: whose `features` it reads.
        hidden: units of each hidden layer.
        members: how many perceptrons; each but a single one leaves out another 1 / members of the cells.
        epochs: passes over the cells.
        seed: of the initial weights and the order of the cells.
    """

    def __init__(self, space: SearchSpace, *, hidden: Sequence[int], members: int, epochs: int, seed: int):
        self.space = space
        self._scaler = StandardScaler()
        self._networks = [
            MLPRegressor(
                hidden_layer_sizes=tuple(hidden),
                alpha=0.1,
                learning_rate_init=3e-3,
                max_iter=epochs,
                n_iter_no_change=10,
                tol=1e-4,
                random_state=(seed * 31 + member) % 2**32,
            )
            for member in range(members)
        ]
        self._shift, self._unit = 0.0, 1.0

    def fit(self, architectures: Sequence[Architecture], scores: np.ndarray) -> None:
        """Fits all members.

        Args:
            architectures: n canonical ones.
            scores: [n], finite.
        """
        features = self._scaler.fit_transform(self.space.features(architectures).astype(np.float64))
        self._shift, self._unit = float(scores.mean()), float(scores.std()) or 1.0
        targets = (scores - self._shift) / self._unit
        place = np.arange(len(targets))
        for member, network in enumerate(self._networks):
            kept = place % len(self._networks) != member
            if len(self._networks) == 1 or not kept.any():
                kept[:] = True
            count = int(kept.sum())
            network.batch_size = min(count, max(16, count // STEPS))
            with warnings.catch_warnings():
                warnings.simplefilter('ignore', ConvergenceWarning)  # it is stopped on purpose
                network.fit(features[kept], targets[kept])

    def predict(self, architectures: Sequence[Architecture]) -> np.ndarray:
        """Returns predicted scores [n] in the unit of those that it was fitted to.

        Args:
            architectures: n canonical ones.
        """
        if not len(architectures):
            return np.zeros(0)
        features = self._scaler.transform(self.space.features(architectures).astype(np.float64))
        mean = np.mean([network.predict(features) for network in self._networks], axis=0)
        return mean * self._unit + self._shift
