"""Adam on a flat vector of weights, as compiled programs take its steps: pure functions of what goes in."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-8


class Weights(NamedTuple):
    """Weights and Adam's two moments: float32 [P] each."""

    current: tf.Tensor | np.ndarray
    first: tf.Tensor | np.ndarray
    second: tf.Tensor | np.ndarray


def adam(weights: Weights, gradient: tf.Tensor, rate: tf.Tensor) -> Weights:
    """Returns the weights after one step down a gradient.

    Args:
        weights: before it.
        gradient: float32 [P].
        rate: float32 [], the step size with Adam's bias corrections.
    """
    first = BETA_1 * weights.first + (1 - BETA_1) * gradient
    second = BETA_2 * weights.second + (1 - BETA_2) * tf.square(gradient)
    return Weights(weights.current - rate * first / (tf.sqrt(second) + EPSILON), first, second)


def compiled(function: Callable, *signature: Any, xla: bool = False) -> tf.types.experimental.GenericFunction:
    """Returns a function that is traced once, when it is first called.

    `partial` keeps TensorFlow from counting the programs of several configs as retraces of one function.

    Args:
        function: of tensors, or of tuples of tensors such as `Weights`.
        signature: the shapes and types of its arguments.
        xla: for what runs often enough to earn its compile, also on a CPU.
    """
    return tf.function(functools.partial(function), input_signature=signature, autograph=False, jit_compile=xla or None)
