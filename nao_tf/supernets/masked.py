"""The masked execution: every branch computes every operation and keeps one. It lowers for TPU.

It holds nothing but gathers, sums and operations of static shapes, so that one program, compiled once, serves every
architecture on a compiler that has no cheap conditionals. It costs as many times the work as there are operations.
"""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf

from nao_tf.spaces.cells import CELL_INPUTS
from nao_tf.supernets.codes import branch_rows, loose_ends
from nao_tf.supernets.shared_cell import SharedCell


class Masked:
    """Runs the cells of a supernet with every operation, all but the chosen ones times zero.

    The rows of operations that are not chosen are read as zeros, so that they get neither gradient nor weight decay.
    """

    def row_tensors(self, cell: SharedCell) -> int:
        """Returns how many tensors `read` returns for each set: one for each operation with weights."""
        return sum(place is not None for place in cell.places)

    def read(self, cell: SharedCell, codes: tf.Tensor, sets: Sequence[Sequence[tf.Variable]]) -> list[list[tf.Tensor]]:
        """Returns the rows that an architecture uses, see `Selected.read`.

        Returns:
            For each set a list by weighted operation: [2B, P], the row of each branch, zeros where it is not chosen.
        """
        return [
            [
                tf.gather(variable, indices) * chosen
                for variable, (indices, chosen) in zip(variables, self._weighted(cell, codes), strict=True)
            ]
            for variables in sets
        ]

    def add(
        self,
        cell: SharedCell,
        codes: tf.Tensor,
        sets: Sequence[Sequence[tf.Variable]],
        changes: Sequence[Sequence[tf.Tensor]],
    ) -> None:
        """Adds to the rows that an architecture uses; the arguments are those of `read`, the changes its returns."""
        for variables, parts in zip(sets, changes, strict=True):
            for variable, part, (indices, chosen) in zip(variables, parts, self._weighted(cell, codes), strict=True):
                tf.raw_ops.ResourceScatterAdd(resource=variable.handle, indices=indices, updates=part * chosen)

    def _weighted(self, cell: SharedCell, codes: tf.Tensor) -> list[tuple[tf.Tensor, tf.Tensor]]:
        """Returns, for each operation with weights, the row of each branch [2B] and whether it is chosen [2B, 1]."""
        indices = branch_rows(codes.shape[0] // 2) + codes[:, 0]
        chosen = tf.one_hot(codes[:, 1], len(cell.layouts), axis=0)[..., tf.newaxis]
        return [(indices, chosen[index]) for index, place in enumerate(cell.places) if place is not None]

    def run(
        self,
        cell: SharedCell,
        codes: tf.Tensor,
        inputs: Sequence[tf.Tensor],
        rows: Sequence[tf.Tensor],
        projection: tf.Tensor,
        masks: Sequence[tf.Tensor] | None,
    ) -> tf.Tensor:
        """Computes one cell up to its projection, see `Selected.run`."""
        states = list(inputs)
        chosen = tf.unstack(tf.one_hot(codes[:, 1], len(cell.layouts)))
        nothing = tf.zeros((0,))
        for branch in range(codes.shape[0]):
            x = tf.gather(tf.stack(states[: CELL_INPUTS + branch // 2]), codes[branch, 0])
            outputs = [
                layout.apply(x, nothing if place is None else rows[place][branch]) * chosen[branch][index]
                for index, (layout, place) in enumerate(zip(cell.layouts, cell.places, strict=True))
            ]
            y = tf.add_n(outputs)
            y = y if masks is None else y * masks[branch]
            if branch % 2:
                states[-1] += y
            else:
                states.append(y)
        ends = tf.unstack(loose_ends(codes))
        x = tf.concat([tf.nn.relu(state) * end for state, end in zip(states, ends, strict=True)], -1)
        kernel = tf.reshape(projection, (1, 1, -1, projection.shape[-1]))
        return tf.nn.conv2d(x, kernel, 1, 'VALID')
