"""An operation as two compiled functions, its forward and its gradient, that other graphs call by their names."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import tensorflow as tf

from nao_tf.supernets.case import traced
from nao_tf.supernets.layout import Layout


class Split(NamedTuple):
    """The two halves of an operation.

    Args:
        forward: (x, row) -> (y, *kept).
        backward: (gradient of y, x, row, *kept) -> (gradient of x, gradient of row).
        kept: how many tensors the forward keeps for the backward.
    """

    forward: Callable[..., Sequence[tf.Tensor]]
    backward: Callable[..., Sequence[tf.Tensor]]
    kept: int


def split_operation(layout: Layout, shape: Sequence[int]) -> Split:
    """Traces an operation and its gradient once, and cuts the graph between them.

    An operation without weights (a pooling) keeps nothing and is computed again in its gradient: that is cheap, and
    oneDNN's gradient of a pooling has to stand in one graph with it.

    Args:
        layout: of the operation.
        shape: [B, H, W, F], static.
    """
    found = _cut(layout, shape) if layout.size else None
    return _recomputed(layout, shape) if found is None else found


def _recomputed(layout: Layout, shape: Sequence[int]) -> Split:
    def forward(x: tf.Tensor, row: tf.Tensor) -> list[tf.Tensor]:
        return [layout.apply(x, row)]

    def backward(gradient: tf.Tensor, x: tf.Tensor, row: tf.Tensor) -> list[tf.Tensor]:
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch([x, row])
            y = layout.apply(x, row)
        none = tf.UnconnectedGradients.ZERO
        return tape.gradient(y, [x, row], output_gradients=gradient, unconnected_gradients=none)

    state, row = tf.TensorSpec(shape, tf.float32), tf.TensorSpec((layout.size,), tf.float32)
    return Split(traced(forward, [state, row]), traced(backward, [state, state, row]), 0)


def _cut(layout: Layout, shape: Sequence[int]) -> Split | None:
    """Returns the halves with everything kept that the gradient reads; None if some of it is not float32."""
    before: set[tf.Operation] = set()

    def whole(x: tf.Tensor, row: tf.Tensor, gradient: tf.Tensor) -> list[tf.Tensor]:
        y = tf.identity(layout.apply(x, row))
        before.update(y.graph.get_operations())
        none = tf.UnconnectedGradients.ZERO
        return [y, *tf.gradients(y, [x, row], gradient, unconnected_gradients=none)]

    image, flat = tf.TensorSpec(shape, tf.float32), tf.TensorSpec((layout.size,), tf.float32)
    graph = tf.compat.v1.wrap_function(whole, [image, flat, image])
    x, row, gradient = graph.graph.inputs
    y, by_x, by_row = graph.graph.outputs
    kept = {
        tensor.name: tensor
        for operation in graph.graph.get_operations()
        if operation not in before
        for tensor in operation.inputs
        if tensor.op in before and tensor.op.type not in ('Placeholder', 'Const')
    }
    if any(tensor.dtype != tf.float32 for tensor in kept.values()):
        return None
    forward = graph.prune([x, row], [y, *kept.values()])
    pruned = graph.prune([gradient, x, row, *kept.values()], [by_x, by_row])

    def backward(*args: tf.Tensor) -> Sequence[tf.Tensor]:
        for value, tensor in zip(args[3:], kept.values(), strict=True):
            value.set_shape(tensor.shape)
        return pruned(*args)

    return Split(forward, backward, len(kept))
