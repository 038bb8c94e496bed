"""SharedCell: what one cell of a supernet has weights for; Store: the variables themselves."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from nao_tf.networks.initialization import fan_out, weight_generator
from nao_tf.networks.operations import Place, operation_blocks
from nao_tf.spaces.cells import CELL_INPUTS
from nao_tf.supernets.codes import row_count
from nao_tf.supernets.layout import Layout
from nao_tf.supernets.plan import SharedCellPlan


class SharedCell:
    """Weights by operation, node, side and input (A2): an operation has a row of weights for each of these places.

    A cell computes, for the codes of an architecture, its nodes (each the sum of two branches), and of the states that
    nobody reads the projection sum_i ReLU(s_i) W_i: a 1x1 convolution of their concatenation, whose kernel is put
    together from one block [F, F] a state.

    Args:
        plan: its size.
        operations: names, in the order of the codes.
        nodes: B.
        name: place of the cell in the supernet.

    Attributes:
        layouts: of the operations, in the order of the codes.
        places: for each operation its number among those that have weights, None without weights.
        sizes: for each operation the length P of a row.
    """

    def __init__(self, plan: SharedCellPlan, operations: Sequence[str], nodes: int, name: str):
        self.plan = plan
        self.operations = tuple(operations)
        self.nodes = nodes
        self.name = name
        filters = plan.filters
        self.layouts = tuple(Layout(operation_blocks(name, Place(filters, filters))) for name in operations)
        self.sizes = tuple(layout.size for layout in self.layouts)
        weighted = [index for index, size in enumerate(self.sizes) if size]
        self.places = tuple(weighted.index(index) if size else None for index, size in enumerate(self.sizes))

    def initial_rows(self, seed: int) -> list[np.ndarray]:
        """Returns float32 [B (B + 3), P] for each operation that has weights."""
        rows = range(row_count(self.nodes))
        return [
            np.stack([layout.initial(seed, f'{self.name}/{operation}/{row}') for row in rows])
            for operation, layout in zip(self.operations, self.layouts, strict=True)
            if layout.size
        ]

    def initial_projection(self, seed: int) -> np.ndarray:
        """Returns float32 [B + 2, F, F]."""
        shape = (self.plan.filters, self.plan.filters)
        return np.stack(
            [
                fan_out(weight_generator(seed, f'{self.name}/projection/{state}'), shape)
                for state in range(self.nodes + CELL_INPUTS)
            ]
        )


def add_to(variable: tf.Variable, change: tf.Tensor) -> None:
    """Adds to a variable; on one of several replicas to its own, of which the strategy is not asked."""
    tf.raw_ops.AssignAddVariableOp(resource=variable.handle, value=change)


class Store(tf.Module):
    """One number for each weight of a supernet: the weights themselves, or their momenta.

    Args:
        fixed: vectors [P] of the parts that every architecture uses, by name.
        rows: [B (B + 3), P] by cell and weighted operation.
        projections: [B + 2, F, F] by cell.
    """

    def __init__(
        self, fixed: dict[str, np.ndarray], rows: Sequence[Sequence[np.ndarray]], projections: Sequence[np.ndarray]
    ):
        super().__init__(name='store')
        self.fixed = {name: tf.Variable(value, name=name) for name, value in fixed.items()}
        self.rows = [[tf.Variable(value, name='rows') for value in values] for values in rows]
        self.projections = [tf.Variable(value, name='projection') for value in projections]

    def zeros(self) -> Store:
        """Returns a store of the same shapes, all zero."""
        return Store(
            {name: np.zeros(variable.shape, np.float32) for name, variable in self.fixed.items()},
            [[np.zeros(variable.shape, np.float32) for variable in variables] for variables in self.rows],
            [np.zeros(variable.shape, np.float32) for variable in self.projections],
        )
