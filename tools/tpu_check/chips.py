"""What a training step sees on each chip of a data-parallel training: its share of the batch, and XLA's exchange."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf
from tensorflow.compiler.tf2xla.ops import gen_xla_ops

from nao_tf.networks.share import share_rows
from nao_tf.training.replicas import Replicas


class Chips(tf.distribute.ReplicaContext):
    """The replica context of one of several chips; sums over them are XLA's all-reduce.

    `TPUStrategy` cannot be made without a TPU. What the steps ask of it is their replica's number and sums over the
    replicas, and both are answered here by the operations that its own lower to.

    Args:
        count: of the chips.
    """

    def __init__(self, count: int):
        super().__init__(tf.distribute.get_strategy(), 0)
        self._group = [list(range(count))]

    @property
    def replica_id_in_sync_group(self) -> tf.Tensor:
        """The chip's number, known when the program runs."""
        return gen_xla_ops.xla_replica_id()

    def all_reduce(self, reduce_op: Any, value: list[tf.Tensor], options: Any = None) -> list[tf.Tensor]:
        """Returns the sums over all chips; the gradient of a sum is the sum of the gradients."""

        def add(values: list[tf.Tensor]) -> list[tf.Tensor]:
            return [gen_xla_ops.xla_all_reduce(part, self._group, 'Add', 'CrossReplica') for part in values]

        @tf.custom_gradient
        def total(*values: tf.Tensor) -> tuple[list[tf.Tensor], Callable]:
            return add(list(values)), lambda *gradients: self.all_reduce(reduce_op, list(gradients))

        return list(total(*value))


class ChipReplicas(Replicas):
    """The replicas of a training on chips that are not there: everything but a strategy.

    Args:
        count: of the chips.
        batch_size: B, of all of them together.
        synchronized: whether batch normalisation takes the moments of the global batch.
    """

    def __init__(self, count: int, batch_size: int, *, synchronized: bool = True):
        self.strategy = tf.distribute.get_strategy()
        self.steps_per_loop = 1
        self.count = count
        self.synchronized = synchronized
        self.batch_size = batch_size
        self.table = share_rows(batch_size, count) if count > 1 else None


def on_chip(function: Callable, count: int) -> Callable:
    """Returns the function as one of `count` chips runs it."""
    if count == 1:
        return function

    def run(*arguments: Any) -> Any:
        with Chips(count):
            return function(*arguments)

    return run
