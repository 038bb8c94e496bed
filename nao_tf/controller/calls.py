"""Compiled functions of static shapes on any number of rows."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import tensorflow as tf

from nao_tf.controller.program import ROWS


@functools.cache
def _side_by_side() -> Callable:
    """Returns a `map` whose calls run on as many threads as TensorFlow uses."""
    said = tf.config.threading
    threads = max(said.get_intra_op_parallelism_threads(), said.get_inter_op_parallelism_threads()) or os.cpu_count()
    return map if threads == 1 else ThreadPoolExecutor(threads).map


def in_chunks(function: Callable, weights: np.ndarray, *rows: np.ndarray) -> list[np.ndarray]:
    """Calls a compiled function on ROWS rows at a time, the last ones filled up by repeating a row.

    The calls run side by side: a loop over positions does not fill more than one core.

    Args:
        function: of the weights and one tensor of ROWS rows for each of `rows`; returns one or a tuple of tensors.
        weights: flat, float32 [P].
        rows: arrays [n, ...].

    Returns:
        The outputs, arrays [n, ...].
    """
    count = len(rows[0])
    flat = tf.constant(weights)

    def call(start: int) -> list[np.ndarray]:
        index = np.minimum(np.arange(start, start + ROWS), max(count - 1, 0))
        chunk = [row[index] if count else np.ones((ROWS, *row.shape[1:]), row.dtype) for row in rows]
        outputs = function(flat, *chunk)
        return [output.numpy() for output in (outputs if isinstance(outputs, tuple) else (outputs,))]

    starts = range(0, max(count, 1), ROWS)
    parts = list(_side_by_side()(call, starts)) if len(starts) > 1 else [call(0)]
    return [np.concatenate(outputs)[:count] for outputs in zip(*parts, strict=True)]
