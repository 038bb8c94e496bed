"""Initial weights, drawn by NumPy from a seed: the same network starts the same on every machine."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable

import numpy as np

# Standard deviation of a standard normal cut off at two standard deviations.
_TRUNCATED_DEVIATION = 0.87962566103423978

Initial = Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]


def weight_generator(seed: int, path: str) -> np.random.Generator:
    """Returns the generator of one weight: a hash of (seed, path), so that no weight depends on another.

    Args:
        seed: the network's seed.
        path: the weight's place, such as `cell_0_node_3_left/kernel`.
    """
    digest = hashlib.blake2b(f'{seed}/{path}'.encode(), digest_size=16).digest()
    return np.random.Generator(np.random.PCG64(int.from_bytes(digest, 'little')))


def zeros(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Returns zeros."""
    del rng
    return np.zeros(shape, np.float32)


def ones(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Returns ones."""
    del rng
    return np.ones(shape, np.float32)


def fan_out(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Returns a truncated normal of variance 1 / fan-out, the initial convolution kernels of A1.

    Args:
        rng: the source of randomness.
        shape: [height, width, inputs, outputs]; the fan-out is height * width * outputs.
    """
    values = rng.standard_normal(shape, np.float32)
    while (outside := np.abs(values) > 2).any():
        values[outside] = rng.standard_normal(int(outside.sum()), np.float32)
    return values * np.float32(math.sqrt(1 / (math.prod(shape[:-2]) * shape[-1])) / _TRUNCATED_DEVIATION)


def glorot_uniform(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Returns a uniform draw of variance 2 / (inputs + outputs), the initial dense kernel.

    Args:
        rng: the source of randomness.
        shape: [inputs, outputs].
    """
    limit = np.float32(math.sqrt(6 / (shape[0] + shape[1])))
    return (rng.random(shape, np.float32) * 2 - 1) * limit


def uniform(limit: float) -> Initial:
    """Returns the initial value that is uniform between -limit and limit."""

    def draw(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        return (rng.random(shape, np.float32) * 2 - 1) * np.float32(limit)

    return draw
