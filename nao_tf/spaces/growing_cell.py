"""The growing cell of PNAS: one cell for normal and reduction, whose later nodes may be absent."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence

import numpy as np

from nao_tf.spaces import isomorphism
from nao_tf.spaces.architecture import Architecture
from nao_tf.spaces.cell_pair import Code
from nao_tf.spaces.cells import CELL_INPUTS
from nao_tf.spaces.single_cell import SingleCellSpace


class GrowingCellSpace(SingleCellSpace):
    """All cells of one to B nodes over a set of operations; the normal and the reduction cell are the same cell.

    "Progressive Neural Architecture Search" (Liu et al. 2018), section 3: a node (there: a block) is two branches,
    and a cell of b nodes grows by one more. Written as 4 B tokens: an input and an operation for each of 2 B
    branches, `absent` in all four places of the nodes that a cell has not got; those are the last ones. With the
    8 operations of PNAS there are 136 cells of one node: unordered pairs of 2 inputs x 8 operations.

    Args:
        name: the space's name.
        operations: names of the operations, each `kind` or `kind size`.
        nodes: B, the most nodes of a cell.

    Raises:
        InputError: if there is no node, no operation, or one twice.
    """

    def _choices(self, node: int) -> list[Code]:
        """Returns the branches that a node (counted from 0) may have."""
        return list(itertools.product(range(node + CELL_INPUTS), range(len(self.operations))))

    @property
    def size(self) -> int:
        """Number of sequences: the sum over b of the product over nodes of (inputs * operations)^2."""
        counts = [(len(self.operations) * (node + CELL_INPUTS)) ** 2 for node in range(self.nodes)]
        return sum(math.prod(counts[:b]) for b in range(1, self.nodes + 1))

    @property
    def branch_swaps(self) -> np.ndarray:
        """Positions whose contents exchange when a node's branches do: int [B, 2, 2]."""
        return np.arange(self.length).reshape(self.nodes, 2, 2)

    @property
    def step_nodes(self) -> np.ndarray:
        """Node of each branch: int [2 B]."""
        return np.arange(2 * self.nodes) // 2

    @property
    def read_nodes(self) -> np.ndarray:
        """Node that a branch reads if its input token is v: int [2 B, V]; -1 for the cell's inputs."""
        table = np.full((2 * self.nodes, len(self.vocabulary)), -1)
        for step, node in enumerate(self.step_nodes):
            table[step, CELL_INPUTS + 1 : CELL_INPUTS + 1 + node] = np.arange(node)
        return table

    def features(self, architectures: Sequence[Architecture]) -> np.ndarray:
        """Returns what a surrogate of cells of any size reads: the mean over the nodes, and how many there are.

        PNAS's set-of-tokens predictor embeds (left input, left operation, right input, right operation) of every
        node and averages the nodes; here the four are one-hot, a linear layer on which is that mean embedding. The
        operation counts per input and the number of loose ends are added, since a mean of one-hots forgets them.

        Args:
            architectures: n canonical ones.

        Returns:
            float32 [n, F].
        """
        tokens = np.array([architecture.tokens for architecture in architectures], int).reshape(-1, self.nodes, 4)
        words = np.eye(len(self.vocabulary), dtype=np.float32)[tokens]
        words[..., self._absent] = 0
        sizes = (tokens[..., 0] != self._absent).sum(axis=1)
        mean = words.sum(axis=1) / sizes[:, None, None]
        inputs, operations = words[:, :, ::2], words[:, :, 1::2]
        pairs = np.einsum(
            'nbsi,nbso->nio',
            inputs[..., 1 : self._first_operation],
            operations[..., self._first_operation : self._absent],
        )
        read = inputs[..., 1 : self._first_operation].sum(axis=(1, 2)) > 0
        loose = sizes + CELL_INPUTS - read.sum(axis=1)
        parts = [
            mean[:, ::2, 1 : self._first_operation].reshape(len(tokens), -1),
            mean[:, 1::2, self._first_operation : self._absent].reshape(len(tokens), -1),
            pairs.reshape(len(tokens), -1),
            np.eye(self.nodes, dtype=np.float32)[sizes - 1],
            loose[:, None],
        ]
        return np.concatenate(parts, axis=1).astype(np.float32)

    # --- growth -----------------------------------------------------------------------------------------------------

    @property
    def stages(self) -> int:
        """B: a cell of stage b has b nodes."""
        return self.nodes

    def stage(self, architecture: Architecture) -> int:
        """Returns how many nodes a cell has."""
        return len(self._codes(architecture.tokens)) // 2

    def extensions(self, architecture: Architecture | None) -> Iterator[Architecture]:
        """Yields every cell with one more node, in canonical form, each once.

        Args:
            architecture: the cell that grows; None yields the cells of one node.
        """
        codes = [] if architecture is None else self._codes(architecture.tokens)
        if len(codes) == 2 * self.nodes:
            return
        seen = set()
        for left, right in itertools.combinations_with_replacement(self._choices(len(codes) // 2), 2):
            grown = self.canonical(self._architecture([*codes, left, right]))
            if grown not in seen:
                seen.add(grown)
                yield grown

    def extend(self, architecture: Architecture, rng: np.random.Generator) -> Architecture | None:
        """Returns a cell with one more node, drawn uniformly over its branches; None if there is no room.

        Args:
            architecture: the cell that grows.
            rng: the source of randomness.
        """
        codes = self._codes(architecture.tokens)
        if len(codes) == 2 * self.nodes:
            return None
        return self.canonical(self._architecture([*codes, *self._random_node(len(codes) // 2, rng)]))

    def _random_node(self, node: int, rng: np.random.Generator) -> list[Code]:
        """Returns two branches of a node (counted from 0)."""
        inputs = rng.integers(node + CELL_INPUTS, size=2).tolist()
        return list(zip(inputs, rng.integers(len(self.operations), size=2).tolist(), strict=True))

    # --- mutation, symmetry -----------------------------------------------------------------------------------------

    def mutations(self, architecture: Architecture) -> Iterator[Architecture]:
        """Yields the cells that differ in one input or one operation, that have a node more, or the last one less."""
        codes = self._codes(architecture.tokens)
        for branch in range(len(codes)):
            yield from (self._architecture(other) for other in self._changed(codes, branch))
        if len(codes) > 2:
            yield self._architecture(codes[:-2])
        if len(codes) < 2 * self.nodes:
            for left, right in itertools.product(self._choices(len(codes) // 2), repeat=2):
                yield self._architecture([*codes, left, right])

    def _changed(self, codes: list[Code], branch: int) -> Iterator[list[Code]]:
        """Yields the branches with another input, or another operation, of one of them."""
        source, operation = codes[branch]
        for other in range(branch // 2 + CELL_INPUTS):
            if other != source:
                yield [*codes[:branch], (other, operation), *codes[branch + 1 :]]
        for index in range(len(self.operations)):
            if index != operation:
                yield [*codes[:branch], (source, index), *codes[branch + 1 :]]

    def mutate(self, architecture: Architecture, rng: np.random.Generator) -> Architecture:
        """Returns one of `mutations`: first what changes is drawn (a branch, a node more, a node less), then how.

        Drawn uniformly, nearly all of them would be cells with a node more.

        Raises:
            InputError: if the space holds one architecture only.
        """
        codes = self._codes(architecture.tokens)
        moves = [*range(len(codes)), *([-1] if len(codes) > 2 else []), *([-2] if len(codes) < 2 * self.nodes else [])]
        move = moves[int(rng.integers(len(moves)))]
        if move == -1:
            return self._architecture(codes[:-2])
        if move == -2:
            return self._architecture([*codes, *self._random_node(len(codes) // 2, rng)])
        changed = list(self._changed(codes, move))
        return self._architecture(changed[int(rng.integers(len(changed)))])

    def canonical(self, architecture: Architecture) -> Architecture:
        """Returns the representative of all cells that renumbering nodes and exchanging branches gives."""
        return self._of_coded_nodes(isomorphism.canonical_nodes(tuple(self._coded_nodes(architecture))).nodes)
