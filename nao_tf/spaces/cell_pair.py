"""Spaces whose architectures are pairs of cells, and the ways of writing such a pair."""

from __future__ import annotations

import abc
import itertools
from collections.abc import Iterator, Sequence
from typing import Any

from nao_tf.errors import InputError
from nao_tf.spaces import writing
from nao_tf.spaces.architecture import Architecture
from nao_tf.spaces.base import SearchSpace
from nao_tf.spaces.cells import CELL_INPUTS, Branch, Cell, CellPair, Node
from nao_tf.spaces.isomorphism import CodedNode
from nao_tf.spaces.operations import ENAS_OPERATIONS, RELEASED_OPERATIONS, operation_name

Code = tuple[int, int]  # of a branch: input, index of the operation


class CellPairSpace(SearchSpace):
    """A space of a normal and a reduction cell, written branch by branch: an input, then an operation.

    Attributes:
        nodes: B, the nodes of each cell.
        operations: names of the operations.
    """

    nodes: int
    operations: tuple[str, ...]
    _by_name: dict[str, int]  # index of an operation by each spelling that is read

    @abc.abstractmethod
    def _codes(self, tokens: Sequence[int]) -> list[Code]:
        """Returns the branches that tokens write, two a node."""

    @abc.abstractmethod
    def _architecture(self, codes: Sequence[Code]) -> Architecture:
        """Returns the architecture of such branches."""

    @abc.abstractmethod
    def cells(self, architecture: Architecture) -> CellPair:
        """Returns the normal and the reduction cell of a valid architecture."""

    @abc.abstractmethod
    def from_cells(self, pair: CellPair) -> Architecture:
        """Returns the architecture that writes a pair of cells.

        Raises:
            InputError: if the pair is not in the space.
        """

    def symmetries(self, architecture: Architecture) -> Iterator[Architecture]:
        """Yields the other sequences that exchanging the branches of some nodes gives, lazily, each once.

        Of n nodes at most 2^n - 1 of them; a node whose two branches are equal gives nothing new.
        """
        codes = self._codes(architecture.tokens)
        pairs = zip(codes[::2], codes[1::2], strict=True)
        copies = itertools.product(*((pair,) if pair[0] == pair[1] else (pair, pair[::-1]) for pair in pairs))
        next(copies)  # itself
        for copy in copies:
            yield self._architecture(list(itertools.chain.from_iterable(copy)))

    def _coded_nodes(self, architecture: Architecture) -> list[CodedNode]:
        """Returns the nodes as `isomorphism` reads them."""
        codes = self._codes(architecture.tokens)
        return [(*left, *right) for left, right in zip(codes[::2], codes[1::2], strict=True)]

    def _of_coded_nodes(self, nodes: Sequence[CodedNode]) -> Architecture:
        """Returns the architecture of such nodes."""
        return self._architecture([code for node in nodes for code in (node[:2], node[2:])])

    def _nodes(self, architecture: Architecture) -> tuple[Node, ...]:
        """Returns the nodes that are written, as values."""
        branches = [Branch(source, self.operations[index]) for source, index in self._codes(architecture.tokens)]
        return tuple(Node(left, right) for left, right in zip(branches[::2], branches[1::2], strict=True))

    def _codes_of(self, cell: Cell, kind: str = '') -> list[Code]:
        """Returns the branches of a cell.

        Args:
            cell: of as many nodes as it may have.
            kind: normal or reduction, for errors; empty where both are one.

        Raises:
            InputError: if it has an operation outside the space, or lists outputs other than its loose ends.
        """
        if cell.outputs is not None and set(cell.outputs) != set(Cell(cell.nodes).loose_ends):
            raise InputError(
                f'space {self.name}: the {f"{kind} cell".strip()} lists its outputs, and they are not its loose ends; '
                'the tokens cannot say that'
            )
        codes = []
        for index, node in enumerate(cell.nodes, start=CELL_INPUTS + 1):
            for branch in node.branches:
                operation = self._by_name.get(operation_name(branch.operation))
                if operation is None:
                    raise InputError(
                        f'space {self.name}: operation {branch.operation!r} of node_{index}'
                        f'{f" of the {kind} cell" if kind else ""} is not in the space; the operations are '
                        f'{", ".join(self.operations)}'
                    )
                codes.append((branch.input, operation))
        return codes

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
