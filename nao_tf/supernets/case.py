"""Choices of a compiled step: one of some functions is called, which were traced once and are shared by all places.

The `Case` operation is used as it is. `tf.switch_case` marks it to be lowered: then the nodes of every alternative
stand in the step's graph, with their gradients, and the executor walks through all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf


def call(index: tf.Tensor, inputs: Sequence[Any], functions: Sequence[Any], shapes: Sequence[Any]) -> list[tf.Tensor]:
    """Calls one of some functions.

    Args:
        index: which, int32 scalar.
        inputs: arguments, the same for each.
        functions: traced ones; they have to be held as long as the graph.
        shapes: of what they return, None where it differs; all float32.
    """
    if tf.executing_eagerly():  # run eagerly, the operation waits for ever where there is one inter-op thread
        results = functions[int(index)](*inputs)
        return list(results) if isinstance(results, list | tuple) else [results]
    kind = tf.raw_ops.Case if any(x.dtype == tf.resource for x in inputs) else tf.raw_ops.StatelessCase
    results = kind(
        branch_index=index,
        input=list(inputs),
        Tout=[tf.float32] * len(shapes),
        branches=list(functions),
        output_shapes=[],
    )
    for result, shape in zip(results if shapes else (), shapes, strict=True):
        result.set_shape(shape)
    return list(results) if shapes else []


def traced(function: Callable[..., Any], specs: Sequence[tf.TensorSpec]) -> Any:
    """Returns a function traced for its arguments, which runs on whichever device calls it."""
    with tf.device(None):
        return tf.function(function, autograph=False).get_concrete_function(*specs)


def compiled(function: Callable[..., Any], specs: Sequence[tf.TensorSpec]) -> Any:
    """Returns a function traced for its arguments, of work that is worth optimising.

    The function is called inside another one: TensorFlow rewrites a nested function for oneDNN, but not the body of a
    branch itself, and a pooling's gradient without oneDNN takes tens of times as long.
    """
    inner = traced(function, specs)
    return traced(lambda *args: inner(*args), specs)


def pick_function(index: int) -> Callable[..., tf.Tensor]:
    """Returns the function that returns its argument of a number."""
    return lambda *states: states[index]


def add_function(index: int) -> Callable[..., list[tf.Tensor]]:
    """Returns the function (x, *found) -> found, with x added to the one of a number."""
    return lambda x, *found: [value + x if number == index else value for number, value in enumerate(found)]
