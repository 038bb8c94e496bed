"""The compiled steps of a language model: a step for each of a few static lengths, several of them to a call."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from nao_tf.tasks.streams import Segment
from nao_tf.training.replicas import Replicas

Step = Callable[..., tuple[tf.Tensor, Any]]


class LanguageSteps:
    """Steps over segments that follow one another, the state carried from each to the next.

    Args:
        function: (inputs [T, b], targets [T, b], weights [T, b], state, number, others) -> value (scalar), state; on
            every replica, its share of the value.
        replicas: that run it.
        initial_state: of the replicas, at the beginning of a text.
        others: what it takes beside, the same for all steps of a call.
    """

    def __init__(self, function: Step, replicas: Replicas, initial_state: Any, others: Sequence[tf.TensorSpec] = ()):
        self._function = function
        self._replicas = replicas
        self._initial_state = initial_state
        self._others = tuple(others)
        self.compiled: dict[int, Step] = {}

    def __call__(
        self, segments: Sequence[Segment], state: Any, first: int, *others: tf.Tensor
    ) -> tuple[tf.Tensor, Any]:
        """Makes the steps of segments of one length in one call from Python.

        Args:
            segments: of T tokens each, at most `steps_per_loop` of them.
            state: that the first one begins with.
            first: number of its step.
            others: see the class.

        Returns:
            The values [segments], and the state after the last.
        """
        loop = self._replicas.steps_per_loop
        found = [_arrays(segment, self._replicas.rows) for segment in segments]
        parts = [np.stack(part) for part in zip(*found, strict=True)]
        if len(segments) < loop:  # to the static shape; steps that are not counted are not made
            parts = [np.pad(part, ((0, loop - len(segments)), *[(0, 0)] * (part.ndim - 1))) for part in parts]
        step = self.step(len(segments[0].inputs))
        return step(*map(tf.constant, parts), state, tf.constant(first), tf.constant(len(segments)), *others)

    def step(self, length: int) -> Step:
        """Returns the compiled call of one length.

        Args:
            length: T; each is traced when it is first asked for.

        Returns:
            A function (inputs, targets, weights, state, first, count, others) -> values, state; the first three are
            [steps_per_loop, (replicas,) T, b], of which `count` are used.
        """
        if length not in self.compiled:
            replicas = self._replicas
            rows = () if replicas.rows is None else (len(replicas.rows),)
            shape = (replicas.steps_per_loop, *rows, length, replicas.size)
            specs = [tf.TensorSpec(shape, kind) for kind in (tf.int32, tf.int32, tf.float32)]
            scalar = tf.TensorSpec((), tf.int32)
            self.compiled[length] = tf.function(self._many, autograph=False).get_concrete_function(
                *specs, self._initial_state, scalar, scalar, *self._others
            )
        return self.compiled[length]

    def _many(
        self,
        inputs: tf.Tensor,
        targets: tf.Tensor,
        weights: tf.Tensor,
        state: Any,
        first: tf.Tensor,
        count: tf.Tensor,
        *others: tf.Tensor,
    ) -> tuple[tf.Tensor, Any]:
        def once(index: tf.Tensor | int, state: Any) -> tuple[tf.Tensor, Any]:
            parts = [part[index] for part in (inputs, targets, weights)]
            value, state = self._replicas.run(self._function, parts, state, first + index, *others)
            return self._replicas.total(value), state

        if self._replicas.steps_per_loop == 1:
            value, state = once(0, state)
            return value[tf.newaxis], state

        def body(index: tf.Tensor, values: tf.TensorArray, state: Any) -> tuple[tf.Tensor, tf.TensorArray, Any]:
            value, state = once(index, state)
            return index + 1, values.write(index, value), state

        values = tf.TensorArray(tf.float32, count, element_shape=())
        _, values, state = tf.while_loop(
            lambda index, *_: index < count, body, (tf.constant(0), values, state), parallel_iterations=1
        )
        return values.stack(), state


def calls_of(segments: Iterable[Segment], size: int) -> Iterator[list[Segment]]:
    """Yields the segments in their order, as many to a list as one call can take.

    Args:
        segments: of a text, one after the other.
        size: most of a list, whose segments are all of one length.
    """
    for _, same in itertools.groupby(segments, lambda segment: len(segment.inputs)):
        while call := list(itertools.islice(same, size)):
            yield call


def _arrays(segment: Segment, rows: np.ndarray | None) -> list[np.ndarray]:
    """Returns inputs, targets and weights [T, B] of a segment; of rows [L, b] of its streams, [L, T, b]."""
    parts = [segment.inputs, segment.targets, segment.weights]
    if rows is not None:
        parts = [np.moveaxis(part[:, np.maximum(rows, 0)], 1, 0) for part in parts]
        parts[2] = parts[2] * (rows >= 0)[:, np.newaxis]
    return [parts[0].astype(np.int32), parts[1].astype(np.int32), parts[2].astype(np.float32)]
