"""Cells as values: branch, node, cell, the pair that a convolutional network stacks, and the recurrent cell."""

from __future__ import annotations

import dataclasses

from nao_tf.errors import InputError

CELL_INPUTS = 2  # a cell reads the outputs of the two cells before it (the paper's node -2 and node -1)


@dataclasses.dataclass(frozen=True, order=True)
class Branch:
    """One of the two branches of a node: an operation applied to an earlier node.

    Args:
        input: index of the node that is read; 0 and 1 are the cell's inputs (k-2 and k-1), 2 is its first node.
        operation: name of the operation, such as `conv 3x3` (kind and size as the 60-token form writes them,
            `identity` without a size).
    """

    input: int
    operation: str


@dataclasses.dataclass(frozen=True, order=True)
class Node:
    """A node adds the outputs of its two branches (section 3.1)."""

    left: Branch
    right: Branch

    @property
    def branches(self) -> tuple[Branch, Branch]:
        """Both branches, left first."""
        return (self.left, self.right)


@dataclasses.dataclass(frozen=True, order=True)
class Cell:
    """B nodes in topological order; the output concatenates the nodes that nobody reads.

    Args:
        nodes: B nodes; node i (counted from 0) has index i + 2 and may read indices 0 .. i + 1.
        outputs: indices to concatenate, for published cells that list them; None means the loose ends.

    Raises:
        InputError: if a node reads itself or a later node, or an output is no node.
    """

    nodes: tuple[Node, ...]
    outputs: tuple[int, ...] | None = None

    def __post_init__(self):
        for index, node in enumerate(self.nodes, start=CELL_INPUTS):
            for branch in node.branches:
                if not 0 <= branch.input < index:
                    raise InputError(
                        f'node_{index + 1} cannot read node_{branch.input + 1}; it may read node_1 .. node_{index}'
                    )
        last = len(self.nodes) + CELL_INPUTS
        if self.outputs is not None and (not self.outputs or not all(0 <= index < last for index in self.outputs)):
            raise InputError(f'the outputs of a cell are nodes among node_1 .. node_{last}, not {self.outputs}')

    @property
    def loose_ends(self) -> tuple[int, ...]:
        """Indices that make up the output: the unread ones (cell inputs included), or `outputs` where given."""
        if self.outputs is not None:
            return self.outputs
        used = {branch.input for node in self.nodes for branch in node.branches}
        return tuple(index for index in range(len(self.nodes) + CELL_INPUTS) if index not in used)


@dataclasses.dataclass(frozen=True, order=True)
class CellPair:
    """The two cells of a convolutional architecture: normal (stride 1) and reduction (stride 2)."""

    normal: Cell
    reduction: Cell


@dataclasses.dataclass(frozen=True, order=True)
class RecurrentCell:
    """A recurrent cell: node 0 combines the word with the last state, every other node reads one earlier node.

    Args:
        nodes: (index of the node that is read, name of the activation) of node 1, 2, ...
        outputs: indices to average, for published cells that list them; None means all of node 1, 2, ...

    Raises:
        InputError: if a node reads itself or a later node, or an output is no node.
    """

    nodes: tuple[tuple[int, str], ...]
    outputs: tuple[int, ...] | None = None

    def __post_init__(self):
        for index, (source, _) in enumerate(self.nodes, start=1):
            if not 0 <= source < index:
                raise InputError(f'node_{index} cannot read node_{source}; it may read node_0 .. node_{index - 1}')
        count = len(self.nodes)
        if self.outputs is not None and (not self.outputs or not all(1 <= index <= count for index in self.outputs)):
            raise InputError(f'the outputs of a recurrent cell are among node_1 .. node_{count}, not {self.outputs}')

    @property
    def averaged(self) -> tuple[int, ...]:
        """Indices of the nodes whose mean is the output."""
        return self.outputs if self.outputs is not None else tuple(range(1, len(self.nodes) + 1))
