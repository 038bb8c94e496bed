"""The selected execution: of every branch only the chosen operation is computed. The fastest on CPU and GPU.

The step is one graph, traced once. At each place of a choice it calls one of a few functions, which were traced once
for each operation and shape and are shared by all places (see `case`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

from nao_tf.own_gradient import own_gradient
from nao_tf.spaces.cells import CELL_INPUTS
from nao_tf.supernets.case import call, traced
from nao_tf.supernets.codes import branch_rows, loose_ends
from nao_tf.supernets.kernels import Kernels, project
from nao_tf.supernets.shared_cell import SharedCell


class Selected:
    """Runs the cells of a supernet, each time with the chosen operations only."""

    def __init__(self) -> None:
        self._kernels: dict[tuple[int, ...], Kernels] = {}
        self._access: dict[tuple[str, int, int], list[Any]] = {}

    def row_tensors(self, cell: SharedCell) -> int:
        """Returns how many tensors `read` returns for each set."""
        del cell
        return 1

    def read(self, cell: SharedCell, codes: tf.Tensor, sets: Sequence[Sequence[tf.Variable]]) -> list[list[tf.Tensor]]:
        """Returns the rows that an architecture uses.

        Args:
            cell: whose rows.
            codes: int32 [2B, 2], of the cell.
            sets: variables [rows, P] by weighted operation; the weights, or weights and momenta.

        Returns:
            For each set a list of one vector: the rows of all branches, one behind the other.
        """
        found = [self._call('read', cell, choice, sets, []) for choice in _choices(codes)]
        return [[tf.concat(rows, 0)] for rows in zip(*found, strict=True)]

    def add(
        self,
        cell: SharedCell,
        codes: tf.Tensor,
        sets: Sequence[Sequence[tf.Variable]],
        changes: Sequence[Sequence[tf.Tensor]],
    ) -> None:
        """Adds to the rows that an architecture uses; the arguments are those of `read`, the changes its returns."""
        lengths = tf.gather(cell.sizes, codes[:, 1])
        parts = [tf.split(change, lengths, num=codes.shape[0]) for (change,) in changes]
        for choice, *changed in zip(_choices(codes), *parts, strict=True):
            self._call('add', cell, choice, sets, changed)

    def _call(
        self,
        name: str,
        cell: SharedCell,
        choice: tuple[tf.Tensor, tf.Tensor],
        sets: Sequence[Sequence[tf.Variable]],
        rows: list,
    ) -> list[tf.Tensor]:
        handles = [variable.handle for variables in sets for variable in variables]
        key = (name, len(sets), len(handles))
        if key not in self._access:
            specs = [tf.TensorSpec((), tf.int32), *[tf.TensorSpec((None,), tf.float32)] * len(rows)]
            specs += [tf.TensorSpec((), tf.resource)] * len(handles)
            makers = {'read': _read, 'add': _add_row}
            self._access[key] = [traced(makers[name](place, len(sets)), specs) for place in cell.places]
        row, operation = choice
        shapes = [(None,)] * len(sets) if name == 'read' else []
        return call(operation, [row, *rows, *handles], self._access[key], shapes)

    def run(
        self,
        cell: SharedCell,
        codes: tf.Tensor,
        inputs: Sequence[tf.Tensor],
        rows: Sequence[tf.Tensor],
        projection: tf.Tensor,
        masks: Sequence[tf.Tensor] | None,
    ) -> tf.Tensor:
        """Computes one cell up to its projection, see `SharedCell`; differentiable in inputs, rows and projection.

        Args:
            cell: which.
            codes: int32 [2B, 2], of the cell.
            inputs: the two calibrated inputs [batch, H, W, F].
            rows: from `read`.
            projection: [B + 2, F, F].
            masks: of drop path, [batch, 1, 1, 1] a branch; None for none.

        Returns:
            [batch, H, W, F].
        """
        shape = tuple(inputs[0].shape)
        if shape not in self._kernels:
            self._kernels[shape] = Kernels(cell.layouts, shape)
        program = _Program(self._kernels[shape], codes, tf.gather(cell.sizes, codes[:, 1]), masks)
        return own_gradient(program.run)(*inputs, *rows, projection)


class _Program:
    """One cell of one step: the forward calls, and those of its gradient in the reverse order."""

    def __init__(self, kernels: Kernels, codes: tf.Tensor, lengths: tf.Tensor, masks: Sequence[tf.Tensor] | None):
        self.kernels = kernels
        self.choices = [tf.unstack(code) for code in tf.unstack(codes)]
        self.ends = tf.unstack(tf.cast(loose_ends(codes), tf.int32))
        self.lengths = lengths
        self.masks = masks

    def run(self, older: tf.Tensor, newer: tf.Tensor, row: tf.Tensor, projection: tf.Tensor) -> tuple[tf.Tensor, Any]:
        """Returns the output and the function that gives the gradients of the arguments."""
        kernels = self.kernels
        branches = len(self.choices)
        states = [older, newer]
        array = self._array(states)
        rows = tf.split(row, self.lengths, num=branches)
        read, kept = [], []
        for branch, (source, operation) in enumerate(self.choices):
            x = array.read(source)
            y, *others = call(operation, [x, rows[branch]], kernels.forward, [x.shape, *[None] * kernels.kept])
            y = y if self.masks is None else y * self.masks[branch]
            read.append(x)
            kept.append(others)
            if branch % 2:
                states[-1] += y
                array = array.write(CELL_INPUTS + branch // 2, states[-1])
            else:
                states.append(y)
        parts = tf.unstack(projection[:, tf.newaxis, tf.newaxis])
        total = project(states[-1], parts[-1])  # nobody can read the last node
        for end, state, part in zip(self.ends[:-1], states, parts, strict=False):
            (total,) = call(end, [total, state, part], kernels.project, [kernels.shape])

        def gradient(arriving: tf.Tensor) -> list[tf.Tensor]:
            ends = zip(self.ends, states, parts, strict=True)
            projected = [
                call(end, [state, part, arriving], kernels.unproject, [state.shape, part.shape])
                for end, state, part in ends
            ]
            found = self._array([by_state for by_state, _ in projected])
            by_row: list[tf.Tensor] = []
            for branch in reversed(range(branches)):
                source, operation = self.choices[branch]
                if branch % 2:
                    by_node = found.read(CELL_INPUTS + branch // 2)
                by_y = by_node if self.masks is None else by_node * self.masks[branch]
                arguments = [by_y, read[branch], rows[branch], *kept[branch]]
                by_x, one = call(operation, arguments, kernels.backward, [by_y.shape, (None,)])
                by_row.append(one)
                found = found.write(source, found.read(source) + by_x)
            by_part = tf.concat([by_kernel for _, by_kernel in projected], 0)[:, 0]
            return [found.read(0), found.read(1), tf.concat(by_row[::-1], 0), by_part]

        return total, gradient

    def _array(self, values: Sequence[tf.Tensor]) -> tf.TensorArray:
        """Returns an array of the cell's states that begins with some values; its elements are read without a copy."""
        array = tf.TensorArray(tf.float32, len(self.ends), clear_after_read=False, element_shape=self.kernels.shape)
        for index, value in enumerate(values):
            array = array.write(index, value)
        return array


def _choices(codes: tf.Tensor) -> list[tuple[tf.Tensor, tf.Tensor]]:
    """Returns row and operation of each branch of the codes [2B, 2] of a cell."""
    rows, operations = tf.unstack(codes, axis=1)
    first = tf.constant(branch_rows(codes.shape[0] // 2), tf.int32)
    return list(zip(tf.unstack(rows + first), tf.unstack(operations), strict=True))


def _read(place: int | None, sets: int) -> Callable[..., list[tf.Tensor]]:
    """Returns the function that reads a row of an operation; `place` is its number among those with weights."""

    def read(row: tf.Tensor, *handles: tf.Tensor) -> list[tf.Tensor]:
        if place is None:
            return [tf.zeros((0,)) for _ in range(sets)]
        step = len(handles) // sets
        return [tf.raw_ops.ResourceGather(resource=h, indices=row, dtype=tf.float32) for h in handles[place::step]]

    return read


def _add_row(place: int | None, sets: int) -> Callable[..., list[tf.Tensor]]:
    """Returns the function that adds to a row of an operation."""

    def add(row: tf.Tensor, *args: tf.Tensor) -> list[tf.Tensor]:
        changes, handles = args[:sets], args[sets:]
        if place is not None:
            for change, handle in zip(changes, handles[place :: len(handles) // sets], strict=True):
                tf.raw_ops.ResourceScatterAdd(resource=handle, indices=row, updates=change)
        return []

    return add
