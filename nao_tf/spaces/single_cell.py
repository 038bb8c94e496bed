"""Spaces of one cell of one to B nodes, used as the normal and as the reduction cell: tokens, masks, writing."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from nao_tf.errors import InputError
from nao_tf.spaces import writing
from nao_tf.spaces.architecture import Architecture
from nao_tf.spaces.cell_pair import CellPairSpace, Code
from nao_tf.spaces.cells import CELL_INPUTS, Cell, CellPair
from nao_tf.spaces.operations import operation_name

ABSENT = 'absent'


class SingleCellSpace(CellPairSpace):
    """How a cell of one to B nodes is written: 4 B tokens, `absent` in the places of the nodes that it has not got.

    Args:
        name: the space's name.
        operations: names of the operations, each `kind` or `kind size`.
        nodes: B, the most nodes of a cell.

    Raises:
        InputError: if there is no node, no operation, one twice, or one that is a word of the vocabulary already.
    """

    branch_length = 2

    def __init__(self, name: str, operations: Sequence[str], *, nodes: int = 5):
        if nodes < 1:
            raise InputError(f'space {name}: a cell has at least 1 node, not {nodes}')
        self.name = name
        self.nodes = nodes
        self.operations = tuple(operation_name(operation) for operation in operations)
        if not self.operations or len(set(self.operations)) != len(self.operations):
            raise InputError(f'space {name}: the operations are at least one and all different, not {operations!r}')
        for operation in self.operations:
            if operation == ABSENT or re.match(r'node_\d+\b|<', operation):
                raise InputError(f'space {name}: the operation {operation!r} is a word of the vocabulary already')
        self.length = 4 * nodes
        self.vocabulary = ('<sos>', *(f'node_{i + 1}' for i in range(nodes + 1)), *self.operations, ABSENT)
        self._first_operation = nodes + 2
        self._absent = len(self.vocabulary) - 1
        self._by_name = {name: index for index, name in enumerate(self.operations)}
        self.next_state, self.valid = self._masks()

    def _masks(self) -> tuple[np.ndarray, np.ndarray]:
        """Returns (next_state, valid): state 0 while the cell grows, state 1 behind its last node."""
        next_state = np.zeros((2, len(self.vocabulary)), np.int32)
        next_state[:, self._absent] = 1
        valid = np.zeros((self.length, 2, len(self.vocabulary)), bool)
        for node in range(self.nodes):
            start = 4 * node
            valid[start : start + 4 : 2, 0, 1 : node + CELL_INPUTS + 1] = True
            valid[start + 1 : start + 4 : 2, 0, self._first_operation : self._absent] = True
            valid[start, 0, self._absent] = node > 0
            valid[start : start + 4, 1, self._absent] = node > 0
        return next_state, valid

    def _codes(self, tokens: Sequence[int]) -> list[Code]:
        """Returns (input, index of the operation) of the branches of the nodes that are there."""
        return [
            (source - 1, operation - self._first_operation)
            for source, operation in zip(tokens[::2], tokens[1::2], strict=True)
            if source != self._absent
        ]

    def _architecture(self, codes: Sequence[Code]) -> Architecture:
        """Returns the architecture of the branches of 1 to B nodes."""
        written = [token for source, index in codes for token in (source + 1, self._first_operation + index)]
        return Architecture(self.name, (*written, *[self._absent] * (self.length - len(written))))

    def cells(self, architecture: Architecture) -> CellPair:
        """Returns the cell of a valid architecture as the normal and the reduction cell."""
        cell = Cell(self._nodes(architecture))
        return CellPair(cell, cell)

    def from_cells(self, pair: CellPair) -> Architecture:
        """Returns the architecture that writes a pair of equal cells.

        Raises:
            InputError: if the cells differ, have too many nodes or an operation outside the space, or list outputs
                other than their loose ends.
        """
        cell = pair.normal
        if pair.normal != pair.reduction:
            raise InputError(f'space {self.name}: the normal and the reduction cell are the same cell; these differ')
        if not 1 <= len(cell.nodes) <= self.nodes:
            raise InputError(f'space {self.name}: a cell has 1 to {self.nodes} nodes, not {len(cell.nodes)}')
        return self._architecture(self._codes_of(cell))

    def to_text(self, architecture: Architecture) -> str:
        """Returns the cell as `node_1 identity node_2 sep_conv 3x3 ...`, an input and an operation a branch."""
        return ' '.join(
            f'node_{source + 1} {self.operations[index]}' for source, index in self._codes(architecture.tokens)
        )

    def parse_words(self, words: Sequence[str]) -> Architecture:
        """Reads `to_text`: the branches of one cell.

        Raises:
            InputError: if an input, an operation or the number of branches is wrong.
        """
        return self.from_cells(writing.pair_from_words([*words, *words]))

    def parse_integers(self, numbers: Sequence[int]) -> Architecture:
        """Reads 4 B token ids.

        Raises:
            InputError: if they are not an architecture of this space.
        """
        return self.architecture(numbers)

    def explain(self, architecture: Architecture, position: int) -> str:
        """Returns the node of a wrong token, and whether it should be absent."""
        node = position // 4
        if self._absent in architecture.tokens[:position]:
            return f' (node_{node + 1 + CELL_INPUTS}, behind one that is absent)'
        return f' (node_{node + 1 + CELL_INPUTS})'
