"""Gradients of our own, which die with the graph that they are part of."""

from __future__ import annotations

import functools
import weakref
from collections.abc import Callable
from typing import Any

import tensorflow as tf
from tensorflow.python.framework.ops import gradient_registry


def own_gradient(function: Callable) -> Callable:
    """Does what `tf.custom_gradient` does, and lets go of the graph when nothing else holds it.

    TensorFlow registers such a gradient under a new name in every graph, for as long as the process lives, and the
    gradient holds the graph: a search would keep the graphs of all its children.

    Args:
        function: of tensors and without variables; returns (result, function of the gradient of the result).

    Returns:
        The function of the result.
    """
    differentiable = tf.custom_gradient(function)

    @functools.wraps(function)
    def call(*arguments: Any) -> Any:
        result = differentiable(*arguments)
        if not tf.executing_eagerly():
            _give_to_graph(tf.nest.flatten(result)[0])
        return result

    return call


def _give_to_graph(output: tf.Tensor) -> None:
    """Makes the graph of an output the one owner of the gradient that was registered for it."""
    name = output.op.get_attr('_gradient_op_type').decode()
    entry = gradient_registry._registry[name]
    gradient = entry['type']
    output.graph.own_gradients = [*getattr(output.graph, 'own_gradients', ()), gradient]
    held: Callable[[], Any] = weakref.ref(gradient)
    entry['type'] = lambda *arguments: held()(*arguments)
    weakref.finalize(output.graph, gradient_registry._registry.pop, name, None)
