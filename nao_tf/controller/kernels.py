"""Distances of embeddings and the kernels on them that the posterior averages over."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import threadpoolctl

SHARES = (1.0, 0.5)  # of the mean state in the kernel; the rest is that of all states by position
LENGTHS = (0.5, 1.0, 2.0, 4.0)
NOISES = (0.01, 0.05, 0.2)


class Kernel(NamedTuple):
    """exp(-d^2 / (2 length^2)): share of the mean state in d^2, length, and variance of the noise beside 1."""

    share: float
    length: float
    noise: float

    def __call__(self, squares: Squares) -> np.ndarray:
        """Returns the kernel without noise, float32 of the shape of the distances."""
        mixed = squares.means if self.share == 1 else self.share * squares.means + (1 - self.share) * squares.states
        return np.exp(mixed * np.float32(-0.5 / self.length**2))


class Inputs(NamedTuple):
    """Embeddings in the units of the distance: mean states [n, D] and all states [n, S * D], float32."""

    means: np.ndarray
    states: np.ndarray


class Squares(NamedTuple):
    """Squared distances of n and m embeddings, of their mean states and of all their states: float32 [n, m] each."""

    means: np.ndarray
    states: np.ndarray


class Distance:
    """The two distances of embeddings: of mean states, by deviations, and of all states, by their whole spread.

    Args:
        reference: embeddings of any architectures, [m, S, D]; their deviations are the units.

    Attributes:
        centre: mean of the mean states, [D].
        deviation: of each of their coordinates, times the root of D, [D].
        spread: root of the variance of all states.
    """

    def __init__(self, reference: np.ndarray):
        means, states = reference.mean(axis=1), reference.reshape(len(reference), -1)
        self.centre = means.mean(axis=0)
        self.deviation = (means.std(axis=0) + 1e-6) * np.sqrt(reference.shape[2])
        self.spread = float(np.sqrt(states.var(axis=0).sum())) + 1e-6

    def inputs(self, embeddings: np.ndarray) -> Inputs:
        """Returns embeddings [n, S, D] in the units of the distance."""
        embeddings = np.asarray(embeddings, np.float32)
        means = (embeddings.mean(axis=1) - self.centre) / self.deviation
        states = embeddings.reshape(len(embeddings), embeddings.shape[1] * embeddings.shape[2]) / self.spread
        return Inputs(means.astype(np.float32), states.astype(np.float32))


def squared_distances(rows: Inputs, columns: Inputs) -> Squares:
    """Returns the squared distances of n embeddings to m others."""
    return Squares(_squares(rows.means, columns.means), _squares(rows.states, columns.states))


def _squares(rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    squares = rows @ columns.T
    squares *= -2
    squares += np.einsum('ij,ij->i', rows, rows)[:, None]
    squares += np.einsum('ij,ij->i', columns, columns)
    return np.maximum(squares, 0, out=squares)


@functools.cache
def _controller() -> threadpoolctl.ThreadpoolController:
    return threadpoolctl.ThreadpoolController()


def on_one_thread(function: Callable) -> Callable:
    """Wraps a function whose matrices are small: threads of BLAS gain nothing, and wait for each other on a busy
    machine a hundred times as long as they work.
    """

    @functools.wraps(function)
    def wrapped(*args, **kwargs):
        with _controller().limit(limits=1, user_api='blas'):
            return function(*args, **kwargs)

    return wrapped
