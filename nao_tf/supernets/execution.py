"""Execution: how the cells of a supernet are computed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import tensorflow as tf

from nao_tf.errors import InputError
from nao_tf.supernets.masked import Masked
from nao_tf.supernets.selected import Selected
from nao_tf.supernets.shared_cell import SharedCell


class Execution(Protocol):
    """The two differ in speed and in what compiles them, not in what they compute; `Selected` describes the methods."""

    def row_tensors(self, cell: SharedCell) -> int:
        """Returns how many tensors `read` returns for each set."""

    def read(self, cell: SharedCell, codes: tf.Tensor, sets: Sequence[Any]) -> list[list[tf.Tensor]]:
        """Returns the rows that an architecture uses."""

    def add(self, cell: SharedCell, codes: tf.Tensor, sets: Sequence[Any], changes: Sequence[Any]) -> None:
        """Adds to those rows."""

    def run(
        self, cell: SharedCell, codes: tf.Tensor, inputs: Any, rows: Any, projection: tf.Tensor, masks: Any
    ) -> tf.Tensor:
        """Computes a cell up to its projection."""


EXECUTIONS: dict[str, Callable[[], Execution]] = {'selected': Selected, 'masked': Masked}


def make_execution(name: str) -> Execution:
    """Returns an execution.

    Args:
        name: `selected`, the fastest on CPU and GPU, or `masked`, which lowers for TPU.

    Raises:
        InputError: if there is no such execution.
    """
    if name not in EXECUTIONS:
        raise InputError(f'supernet: execution is one of {", ".join(EXECUTIONS)}, not {name!r}')
    return EXECUTIONS[name]()
