"""The recurrent cell: nodes that read one earlier node each and apply an activation (section 3.1, recurrent cells)."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence

import numpy as np

from nao_tf.errors import InputError
from nao_tf.spaces.architecture import Architecture
from nao_tf.spaces.base import SearchSpace

ACTIVATIONS = ('tanh', 'relu', 'sigmoid', 'identity')


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
        codes = [(source, self.activations.index(activation)) for source, activation in nodes]
        result = self._architecture(codes)
        self.validate(result)
        return result

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
        lines = ['recurrent cell', '  node_0 = tanh(word, last state)']
        for index, (source, activation) in enumerate(self.nodes(architecture), start=1):
            lines.append(f'  node_{index} = {activation}(node_{source})')
        return '\n'.join([*lines, f'  output = mean(node_1 .. node_{self.node_count})'])
