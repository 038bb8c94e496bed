"""The recurrent cell: nodes that read one earlier node each and apply an activation (section 3.1, recurrent cells)."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from nao_tf.errors import InputError
from nao_tf.spaces import writing
from nao_tf.spaces.architecture import Architecture
from nao_tf.spaces.base import SearchSpace
from nao_tf.spaces.cells import RecurrentCell

ACTIVATIONS = ('tanh', 'relu', 'sigmoid', 'identity')
# Activation ids of the released strings: two code bases, two tables.
RELEASED_ACTIVATIONS = {
    'nao_ws': ('tanh', 'relu', 'sigmoid', 'identity'),
    'nao': ('tanh', 'relu', 'identity', 'sigmoid'),
}


class RecurrentCellSpace(SearchSpace):
    """All recurrent cells of n searched nodes: node i = 1 .. n reads one of node 0 .. i - 1 and has an activation.

    Node 0 combines the word with the last state; its activation is fixed and not searched. The cell's output is the
    mean of the nodes.

    Args:
        name: the space's name.
        nodes: n, the number of searched nodes (11 for the paper's 22 tokens).
        activations: names of the activations.

    Raises:
        InputError: if there are no nodes, or the activations are none or not all different.
    """

    def __init__(self, name: str, *, nodes: int = 11, activations: Sequence[str] = ACTIVATIONS):
        if nodes < 1:
            raise InputError(f'space {name}: a cell has at least 1 node, not {nodes}')
        if not activations or len(set(activations)) != len(activations):
            raise InputError(f'space {name}: the activations are at least one and all different, not {activations!r}')
        self.name = name
        self.node_count = nodes
        self.activations = tuple(activations)
        self.branch_length = 2
        self.length = 2 * nodes
        self.vocabulary = ('<sos>', *(f'node_{i}' for i in range(nodes)), *self.activations)
        self.next_state = np.zeros((1, len(self.vocabulary)), np.int32)
        self.valid = np.zeros((self.length, 1, len(self.vocabulary)), bool)
        for node in range(nodes):
            self.valid[2 * node, 0, 1 : node + 2] = True
            self.valid[2 * node + 1, 0, nodes + 1 :] = True

    @property
    def size(self) -> int:
        """Number of sequences: n! * activations^n."""
        return math.factorial(self.node_count) * len(self.activations) ** self.node_count

    @property
    def read_nodes(self) -> np.ndarray:
        """Searched node that a step reads if its input token is v: int [S, V]; -1 for node 0 and activations."""
        table = np.full((self.node_count, len(self.vocabulary)), -1)
        for node in range(self.node_count):
            table[node, 2 : node + 2] = np.arange(node)
        return table

    def nodes(self, architecture: Architecture) -> tuple[tuple[int, str], ...]:
        """Returns (index of the node that is read, name of the activation) of node 1, 2, ... n."""
        return tuple((source, self.activations[index]) for source, index in self._codes(architecture))

    def from_nodes(self, nodes: Sequence[tuple[int, str]]) -> Architecture:
        """Returns the architecture that writes such a list of nodes.

        Raises:
            InputError: if it has another number of nodes, reads a later node, or has an unknown activation.
        """
        for index, (_, activation) in enumerate(nodes, start=1):
            if activation not in self.activations:
                raise InputError(
                    f'space {self.name}: activation {activation!r} of node_{index} is not in the space; '
                    f'the activations are {", ".join(self.activations)}'
                )
        if len(nodes) != self.node_count:
            raise InputError(f'space {self.name}: a cell has {self.node_count} nodes, not {len(nodes)}')
        cell = RecurrentCell(tuple(nodes))
        return self._architecture([(source, self.activations.index(activation)) for source, activation in cell.nodes])

    def _codes(self, architecture: Architecture) -> list[tuple[int, int]]:
        """Returns (input, index of the activation) of each node."""
        first = self.node_count + 1
        tokens = iter(architecture.tokens)
        return [(source - 1, activation - first) for source, activation in zip(tokens, tokens, strict=True)]

    def _architecture(self, codes: Sequence[tuple[int, int]]) -> Architecture:
        """Returns the architecture of (input, index of the activation) pairs."""
        first = self.node_count + 1
        tokens = itertools.chain.from_iterable((source + 1, index + first) for source, index in codes)
        return Architecture(self.name, tuple(tokens))

    def sample(self, rng: np.random.Generator) -> Architecture:
        """Draws one architecture, uniform over the whole space.

        Args:
            rng: the source of randomness.
        """
        inputs = rng.integers(np.arange(1, self.node_count + 1)).tolist()
        activations = rng.integers(len(self.activations), size=self.node_count).tolist()
        return self._architecture(list(zip(inputs, activations, strict=True)))

    def mutations(self, architecture: Architecture) -> Iterator[Architecture]:
        """Yields the architectures that differ in one input or one activation."""
        tokens = architecture.tokens
        for position, token in enumerate(tokens):
            for other in np.flatnonzero(self.valid[position, 0]).tolist():
                if other != token:
                    yield Architecture(self.name, (*tokens[:position], other, *tokens[position + 1 :]))

    def symmetries(self, architecture: Architecture) -> Iterator[Architecture]:
        """Yields nothing: a node has one input, so there are no branches to exchange."""
        del architecture
        return iter(())

    def canonical(self, architecture: Architecture) -> Architecture:
        """Returns the representative of all cells that renumbering the nodes gives.

        The nodes are a tree with node 0 as its root: each subtree gets a code (activation and the sorted codes of
        its children), and nodes are numbered breadth first, children by their codes.
        """
        codes = self._codes(architecture)
        order = self.canonical_order(architecture)
        number = {0: 0, **{old: new for new, old in enumerate(order, start=1)}}
        return self._architecture([(number[codes[old - 1][0]], codes[old - 1][1]) for old in order])

    def canonical_order(self, architecture: Architecture) -> tuple[int, ...]:
        """Returns the renumbering of `canonical`: entry i - 1 is the old index of the new node i."""
        codes = self._codes(architecture)
        children: list[list[int]] = [[] for _ in range(self.node_count + 1)]
        subtree: list[tuple] = [()] * (self.node_count + 1)
        for node in range(self.node_count, 0, -1):  # a node's children have larger indices
            children[node].sort(key=subtree.__getitem__)
            source, activation = codes[node - 1]
            subtree[node] = (activation, tuple(subtree[child] for child in children[node]))
            children[source].append(node)
        children[0].sort(key=subtree.__getitem__)
        order = [0]
        for node in order:  # grows while it is read: breadth first
            order.extend(children[node])
        return tuple(order[1:])

    def describe(self, architecture: Architecture) -> str:
        """Returns the cell as text, one line a node and one for the output."""
        return writing.describe_recurrent(self.cell(architecture))

    def cell(self, architecture: Architecture) -> RecurrentCell:
        """Returns the cell as a value; its output is the mean of node 1 .. n."""
        return RecurrentCell(self.nodes(architecture))

    def from_cell(self, cell: RecurrentCell) -> Architecture:
        """Returns the architecture that writes a recurrent cell.

        Raises:
            InputError: if it is not in the space (`from_nodes`), or lists the nodes that it averages.
        """
        if set(cell.averaged) != set(range(1, len(cell.nodes) + 1)):
            raise InputError(f'space {self.name}: the cell averages some of its nodes; the tokens cannot say that')
        return self.from_nodes(cell.nodes)

    def explain(self, architecture: Architecture, position: int) -> str:
        """Returns which node a wrong token belongs to."""
        del architecture
        reads = ' reads an earlier node, not itself' if position % 2 == 0 else ''
        return f' (node_{position // 2 + 1}{reads})'

    def to_json(self, architecture: Architecture) -> dict[str, Any]:
        """Returns `{'space': name, 'nodes': [['node_0', 'relu'], ...]}`, activations by name."""
        return {'space': self.name, 'nodes': [[f'node_{i}', name] for i, name in self.nodes(architecture)]}

    def from_json(self, value: Any) -> Architecture:
        """Reads `to_json` or `Architecture.to_json`.

        Raises:
            InputError: if the object is not an architecture of this space.
        """
        if not isinstance(value, dict) or 'nodes' not in value:
            return super().from_json(value)
        if value.get('space', self.name) != self.name:
            raise InputError(f'the architecture is of space {value["space"]!r}, not {self.name!r}')
        rows = value['nodes']
        if not isinstance(rows, list) or not all(
            isinstance(row, list) and len(row) == 2 and all(isinstance(word, str) for word in row) for row in rows
        ):
            raise InputError(f"nodes is a list of ['node_0', 'tanh'] and so on, not {str(rows)[:200]}")
        return self.parse_words([word for row in rows for word in row])

    def parse_integers(self, numbers: Sequence[int]) -> Architecture:
        """Reads token ids, or a released string `input activation input activation ...` that is not ambiguous.

        The released tables agree on 0 (tanh) and 1 (relu) only, so a released string with another id is refused
        here; `parse_released` reads it once its table is named.

        Raises:
            InputError: if they are neither.
        """
        if len(numbers) != self.length or max(numbers[1::2]) > self.node_count or min(numbers[::2]) > 0:
            return self.architecture(numbers)
        unclear = sorted(set(numbers[1::2]) & {2, 3})
        if unclear:
            raise InputError(
                f'space {self.name}: activation {unclear[0]} is {RELEASED_ACTIVATIONS["nao"][unclear[0]]} in the '
                f'released table nao and {RELEASED_ACTIVATIONS["nao_ws"][unclear[0]]} in nao_ws; write names, such as '
                '"node_0 tanh node_1 relu ..."'
            )
        return self.parse_released(numbers, table='nao')

    def parse_released(self, numbers: Sequence[int], *, table: str) -> Architecture:
        """Reads a released string of 2 * n integers.

        Args:
            numbers: input (from 0) and activation id of each node.
            table: a key of `RELEASED_ACTIVATIONS`: which released code wrote the string.

        Raises:
            InputError: if the table, the length, an input or an activation is wrong.
        """
        if table not in RELEASED_ACTIVATIONS:
            raise InputError(f'there is no activation table {table!r}; there are {", ".join(RELEASED_ACTIVATIONS)}')
        names = RELEASED_ACTIVATIONS[table]
        if len(numbers) != self.length:
            raise InputError(f'a released string of space {self.name} has {self.length} integers, not {len(numbers)}')
        for position, activation in enumerate(numbers[1::2]):
            if not 0 <= activation < len(names):
                raise InputError(
                    f'released string: activation {activation} at position {2 * position + 1} is outside '
                    f'0..{len(names) - 1}'
                )
        nodes = zip(numbers[::2], (names[activation] for activation in numbers[1::2]), strict=True)
        return self.from_nodes(tuple(nodes))
