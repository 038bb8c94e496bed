"""Replicas: how one training runs on the replicas of a strategy; the one `strategy.run` loop of this package."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from nao_tf.networks.share import FILLER, Share, share_rows, sum_over_replicas
from nao_tf.training.distribution import Distribution
from nao_tf.training.strategy import make_strategy, task_of_cluster

Loop = Callable[[Iterator, tf.Tensor, tf.Tensor], tf.Tensor]


class Replicas:
    """The replicas of a training and their shares of its global batch; one replica has all of it and shares nothing.

    Args:
        distribution: over which devices.
        batch_size: B, of all replicas together.
        synchronized: whether batch normalisation takes the moments of the global batch.

    Raises:
        InputError: if the batch is too small for every replica to have a row, or the machine cannot do it.
    """

    def __init__(self, distribution: Distribution, batch_size: int, *, synchronized: bool = True):
        self.strategy = make_strategy(distribution)
        self.steps_per_loop = distribution.loop
        self.count = self.strategy.num_replicas_in_sync
        self.synchronized = synchronized
        self.batch_size = batch_size
        self.table = share_rows(batch_size, self.count) if self.count > 1 else None
        self._task, processes = task_of_cluster() if distribution.many_processes else (0, 1)
        self._here = self.count // processes

    @property
    def chief(self) -> bool:
        """Whether this process writes what all of them have."""
        return self._task == 0

    @property
    def rows(self) -> np.ndarray | None:
        """int64 [L, b]: the rows of a batch of the replicas that this process feeds; None for one replica."""
        return None if self.table is None else self.own(self.table)

    @property
    def size(self) -> int:
        """b, rows of a replica, filler included."""
        return self.batch_size if self.table is None else self.table.shape[1]

    def share(self) -> Share | None:
        """Returns the share of the replica that calls, None for one replica; to be called inside `strategy.run`."""
        return None if self.table is None else Share.here(self.table, synchronized=self.synchronized)

    def sum(self, values: list[tf.Tensor]) -> list[tf.Tensor]:
        """Returns the sums over all replicas; to be called inside `strategy.run`."""
        return values if self.count == 1 else sum_over_replicas(values)

    def run(self, function: Callable, parts: Sequence[tf.Tensor], *others: Any) -> Any:
        """Calls a function on every replica.

        Args:
            function: of (its parts, others).
            parts: [L, b, ...] each, of what `rows` says; with one replica [B, ...].
            others: the same for every replica, or values that a run returned.

        Returns:
            What it returned on each.
        """
        if self.table is None:
            return self.strategy.run(function, args=(*parts, *others))
        first = self._task * self._here
        split = self.strategy.experimental_distribute_values_from_function(
            lambda context: tuple(part[context.replica_id_in_sync_group - first] for part in parts)
        )
        return self.strategy.run(lambda part, *rest: function(*part, *rest), args=(split, *others))

    def total(self, value: Any) -> tf.Tensor:
        """Returns the sum over the replicas of what `run` returned."""
        return value if self.count == 1 else self.strategy.reduce(tf.distribute.ReduceOp.SUM, value, axis=None)

    def gather(self, value: Any) -> tf.Tensor:
        """Returns the rows of all replicas, one replica's after the other's, of what `run` returned."""
        return value if self.count == 1 else self.strategy.gather(value, axis=0)

    def spread(self, rows: np.ndarray) -> Any:
        """Returns the rows [B, ...] of a global batch as a value for each replica of this process, [b, ...] each."""
        table = self.rows
        if table is None:
            return tf.constant(rows)
        first = self._task * self._here
        filler = (table == FILLER).reshape(*table.shape, *[1] * (rows.ndim - 1))
        parts = np.where(filler, np.zeros((), rows.dtype), rows[np.maximum(table, 0)])
        return self.strategy.experimental_distribute_values_from_function(
            lambda context: tf.constant(parts[context.replica_id_in_sync_group - first])
        )

    def collect(self, value: Any) -> np.ndarray:
        """Returns the rows [B, ...] of the global batch of what `spread` or `run` returned; all processes have to ask.

        Args:
            value: [b, ...] on each replica.
        """
        rows = self.gather(value).numpy()
        return rows if self.table is None else rows[self.table.ravel() != FILLER]

    def own(self, parts: Any) -> Any:
        """Returns those of some parts, one for each replica, that are for the replicas of this process."""
        return parts[self._task * self._here :][: self._here]

    def loop(self, step: Callable[..., tf.Tensor], batches: Iterator) -> Loop:
        """Traces the training loop.

        Args:
            step: (parts of an element of the batches, number of the step) -> loss; on every replica, its share of it.
            batches: an iterator of the kind that the loop will read.

        Returns:
            (iterator, first, count) -> losses [count] of the steps first, first + 1, ..., all of one call from
            Python; `count` is at most `steps_per_loop`.
        """

        def once(batches: Iterator, number: tf.Tensor) -> tf.Tensor:
            return self.total(self.run(step, next(batches), number))

        def many(batches: Iterator, first: tf.Tensor, count: tf.Tensor) -> tf.Tensor:
            if self.steps_per_loop == 1:
                return once(batches, first)[tf.newaxis]

            def body(index: tf.Tensor, losses: tf.TensorArray) -> tuple[tf.Tensor, tf.TensorArray]:
                return index + 1, losses.write(index, once(batches, first + index))

            losses = tf.TensorArray(tf.float32, count, element_shape=())
            _, losses = tf.while_loop(
                lambda index, _: index < count, body, (tf.constant(0), losses), parallel_iterations=1
            )
            return losses.stack()

        scalar = tf.TensorSpec((), tf.int32)
        return tf.function(many, autograph=False).get_concrete_function(batches, scalar, scalar)

    def averaging(self, variables: Sequence[keras.Variable]) -> Callable[[], Any]:
        """Returns the compiled function that gives variables that differ between replicas their mean on all of them.

        Args:
            variables: moving statistics.
        """

        def average() -> None:
            sums = sum_over_replicas([tf.identity(variable.value) for variable in variables])
            for variable, value in zip(variables, sums, strict=True):
                variable.value.assign(value / self.count, read_value=False)

        return tf.function(lambda: self.strategy.run(average), autograph=False)

    def read(self, variables: Sequence[keras.Variable | tf.Variable]) -> list[np.ndarray]:
        """Returns the values of variables that are the same on all replicas, without asking another process."""
        return read_local(self.strategy, variables)

    def write(self, variables: Sequence[keras.Variable | tf.Variable], values: Sequence[np.ndarray]) -> None:
        """Sets variables on the replicas of this process."""
        for variable, value in zip(variables, values, strict=True):
            for component in _local(self.strategy, variable):
                component.assign(value)


def read_local(strategy: tf.distribute.Strategy, variables: Sequence[keras.Variable | tf.Variable]) -> list[np.ndarray]:
    """Returns the values that variables have on the first replica of this process.

    Args:
        strategy: in whose scope they were made.
        variables: which.
    """
    return [_local(strategy, variable)[0].numpy() for variable in variables]


def _local(strategy: tf.distribute.Strategy, variable: keras.Variable | tf.Variable) -> tuple[tf.Variable, ...]:
    value = variable.value if isinstance(variable, keras.Variable) else variable
    return strategy.experimental_local_results(value)
