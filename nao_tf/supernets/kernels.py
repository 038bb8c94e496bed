"""Kernels: the functions that a cell of one shape may call, traced once for each operation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

from nao_tf.supernets.case import compiled, traced
from nao_tf.supernets.layout import Layout
from nao_tf.supernets.split_gradient import split_operation

ANY = tf.TensorSpec(None, tf.float32)


class Kernels:
    """The functions of all choices for one shape.

    Args:
        layouts: of the operations, in their order.
        shape: [B, H, W, F] of the states, static.
    """

    def __init__(self, layouts: Sequence[Layout], shape: Sequence[int]):
        self.shape = tuple(shape)
        splits = [split_operation(layout, shape) for layout in layouts]
        self.kept = max(split.kept for split in splits)
        state, row = tf.TensorSpec(shape, tf.float32), tf.TensorSpec((None,), tf.float32)
        self.forward = [
            traced(self._forward(split.forward, layout), [state, row])
            for split, layout in zip(splits, layouts, strict=True)
        ]
        self.backward = [
            traced(self._backward(split.backward, layout, split.kept), [state, state, row, *[ANY] * self.kept])
            for split, layout in zip(splits, layouts, strict=True)
        ]
        kernel = tf.TensorSpec((1, 1, shape[-1], shape[-1]), tf.float32)
        self.project = [
            traced(lambda total, x, kernel: total, [state, state, kernel]),
            compiled(lambda total, x, kernel: total + project(x, kernel), [state, state, kernel]),
        ]
        self.unproject = [
            traced(lambda x, kernel, gradient: [tf.zeros_like(x), tf.zeros_like(kernel)], [state, kernel, state]),
            compiled(_unproject, [state, kernel, state]),
        ]

    def _forward(self, function: Callable[..., Sequence[tf.Tensor]], layout: Layout) -> Callable[..., Any]:
        def forward(x: tf.Tensor, row: tf.Tensor) -> list[tf.Tensor]:
            results = list(function(x, tf.ensure_shape(row, (layout.size,))))
            # Every function of a Case returns as many tensors.
            return results + [tf.zeros((0,))] * (self.kept + 1 - len(results))

        return forward

    def _backward(self, function: Callable[..., Any], layout: Layout, kept: int) -> Callable[..., Any]:
        def backward(gradient: tf.Tensor, x: tf.Tensor, row: tf.Tensor, *others: tf.Tensor) -> list[tf.Tensor]:
            return list(function(gradient, x, tf.ensure_shape(row, (layout.size,)), *others[:kept]))

        return backward


def project(x: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
    """Returns what a loose end [B, H, W, F] gives to the output: ReLU, then its part [1, 1, F, F] of the 1x1 kernel."""
    return tf.nn.conv2d(tf.nn.relu(x), kernel, 1, 'VALID')


def _unproject(x: tf.Tensor, kernel: tf.Tensor, gradient: tf.Tensor) -> list[tf.Tensor]:
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch([x, kernel])
        y = project(x, kernel)
    return tape.gradient(y, [x, kernel], output_gradients=gradient)
