"""Spaces whose architectures are pairs of cells, and the ways of writing such a pair."""

from __future__ import annotations

import abc
from collections.abc import Sequence
from typing import Any

from nao_tf.errors import InputError
from nao_tf.spaces import writing
from nao_tf.spaces.architecture import Architecture
from nao_tf.spaces.base import SearchSpace
from nao_tf.spaces.cells import CELL_INPUTS, CellPair
from nao_tf.spaces.operations import ENAS_OPERATIONS, RELEASED_OPERATIONS


class CellPairSpace(SearchSpace):
    """A space of a normal and a reduction cell, written branch by branch: an input, then an operation.

    Attributes:
        nodes: B, the nodes of each cell.
        operations: names of the operations.
    """

    nodes: int
    operations: tuple[str, ...]

    @abc.abstractmethod
    def cells(self, architecture: Architecture) -> CellPair:
        """Returns the normal and the reduction cell of a valid architecture."""

    @abc.abstractmethod
    def from_cells(self, pair: CellPair) -> Architecture:
        """Returns the architecture that writes a pair of cells.

        Raises:
            InputError: if the pair is not in the space.
        """

    def describe(self, architecture: Architecture) -> str:
        """Returns both cells as text, one line a node, the loose ends into the output."""
        return writing.describe_pair(self.cells(architecture))

    def explain(self, architecture: Architecture, position: int) -> str:
        """Returns why a token is not valid: what a node may read, or which sizes a kind has."""
        branch, place = divmod(position, self.branch_length)
        cell, branch = divmod(branch, 2 * self.nodes)
        node = f' (node_{branch // 2 + 1 + CELL_INPUTS} of the {("normal", "reduction")[cell]} cell'
        if place == 0:
            return f'{node} reads an earlier node, not itself)'
        if place == 2:
            return f'{node}, behind {self.vocabulary[architecture.tokens[position - 1]]})'
        return f'{node})'

    def to_json(self, architecture: Architecture) -> dict[str, Any]:
        """Returns the released JSON form with the space's name: `{'space': ..., 'conv_dag': ..., 'reduc_dag': ...}`."""
        return {'space': self.name, **writing.pair_to_json(self.cells(architecture))}

    def from_json(self, value: Any) -> Architecture:
        """Reads `to_json`, a released JSON file, or `Architecture.to_json`.

        Raises:
            InputError: if the object is not an architecture of this space.
        """
        if isinstance(value, dict) and any(dag in value for dag in writing.DAGS):
            if value.get('space', self.name) != self.name:
                raise InputError(f'the architecture is of space {value["space"]!r}, not {self.name!r}')
            return self.from_cells(writing.pair_from_json(value))
        return super().from_json(value)

    def parse_words(self, words: Sequence[str]) -> Architecture:
        """Reads the text form: `node_1 conv 3x3 ...`; it is the same for one and two tokens an operation.

        Raises:
            InputError: if an input, an operation or the number of branches is wrong.
        """
        return self.from_cells(writing.pair_from_words(words))

    def parse_integers(self, numbers: Sequence[int]) -> Architecture:
        """Reads token ids, or a released string of 8 * B integers (`input operation input operation` a node).

        The two cannot be confused in the 60-token form (60 or 40 integers) nor in `enas_cnn` (operations from 7 on,
        or up to 5). With one token an operation and the 11 operations they can, where a released string never reads
        k-2 and has operations from 7 on: then the integers are tokens, since that is what this package writes, and
        `parse_released` reads the released string.

        Raises:
            InputError: if they are neither.
        """
        if len(numbers) == 8 * self.nodes:
            first_operation = self.nodes + CELL_INPUTS
            counted_from_zero = 0 in numbers[::2] or min(numbers[1::2]) < first_operation
            if len(numbers) != self.length or counted_from_zero:
                return self.parse_released(numbers)
        return self.architecture(numbers)

    def parse_released(self, numbers: Sequence[int]) -> Architecture:
        """Reads a released string (`writing.pair_from_released`).

        Raises:
            InputError: if the integers are no such string, or an operation is not in the space.
        """
        return self.from_cells(writing.pair_from_released(numbers))

    def to_released(self, architecture: Architecture) -> str:
        """Returns the released string of 8 * B integers; where an operation has two ids, the space's own.

        Raises:
            InputError: if an operation has no released id.
        """
        lookup = {name: index for index, name in enumerate(RELEASED_OPERATIONS)}  # of two ids the second, NAO's own
        if set(self.operations) <= set(ENAS_OPERATIONS):
            lookup = {name: index for index, name in enumerate(ENAS_OPERATIONS)}
        pair = self.cells(architecture)
        branches = [branch for cell in (pair.normal, pair.reduction) for node in cell.nodes for branch in node.branches]
        for branch in branches:
            if branch.operation not in lookup:
                raise InputError(f'{branch.operation} has no released id; write the architecture as text or JSON')
        return ' '.join(f'{branch.input} {lookup[branch.operation]}' for branch in branches)
