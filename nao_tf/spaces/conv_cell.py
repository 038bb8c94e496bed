"""The convolutional cell pair: B nodes a cell, two branches a node, an input and an operation a branch (section 3.1).

The sequence is the normal cell, then the reduction cell; in a cell node after node, in a node the left branch, then
the right one; in a branch the input, then the operation as a kind and a size (60 tokens for B = 5) or as one token
(40 tokens).
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterator, Sequence

import numpy as np

from nao_tf.errors import InputError
from nao_tf.spaces import isomorphism, renumbering
from nao_tf.spaces.architecture import Architecture
from nao_tf.spaces.cell_pair import CellPairSpace, Code
from nao_tf.spaces.cells import CELL_INPUTS, Cell, CellPair
from nao_tf.spaces.isomorphism import CanonicalNodes
from nao_tf.spaces.operations import KINDS, NO_SIZE, SIZES, operation_name


class ConvCellSpace(CellPairSpace):
    """All pairs of cells of B nodes over a set of operations.

    Args:
        name: the space's name.
        operations: names of the operations, each `kind` or `kind size`, such as `identity` or `conv 3x3`.
        nodes: B, the nodes of each cell (5 in the paper).
        tokens_per_operation: 2 writes kind and size, the size masked by the kind; 1 writes one token.

    Raises:
        InputError: if there is no operation, one twice, or one that cannot be written.

    Example:
        >>> space = ConvCellSpace('tiny', operations=('identity', 'conv 3x3'), nodes=1)
        >>> str(space.parse('node_1 identity node_2 conv 3x3 node_1 conv 3x3 node_1 conv 3x3'))
        '1 3 10 2 5 12 1 5 12 1 5 12'
    """

    def __init__(self, name: str, operations: Sequence[str], *, nodes: int = 5, tokens_per_operation: int = 2):
        if nodes < 1:
            raise InputError(f'space {name}: a cell has at least 1 node, not {nodes}')
        if tokens_per_operation not in (1, 2):
            raise InputError(f'space {name}: an operation is written with 1 or 2 tokens, not {tokens_per_operation}')
        self.name = name
        self.nodes = nodes
        self.tokens_per_operation = tokens_per_operation
        self.operations = tuple(operation_name(operation) for operation in operations)
        if not self.operations or len(set(self.operations)) != len(self.operations):
            raise InputError(f'space {name}: the operations are at least one and all different, not {operations!r}')
        for operation in self.operations:
            if f'{operation} {NO_SIZE}' in self.operations:
                raise InputError(f'space {name}: {operation!r} and {f"{operation} {NO_SIZE}"!r} are written alike')
            if re.match(r'node_\d+\b|<', operation):
                raise InputError(f'space {name}: the operation {operation!r} is a word of the vocabulary already')
        self.branch_length = 1 + tokens_per_operation
        self.length = 4 * nodes * self.branch_length
        self.vocabulary = ('<sos>', *(f'node_{i + 1}' for i in range(nodes + 1)), *self._operation_words())
        lookup = {word: token for token, word in enumerate(self.vocabulary)}
        self._tokens = tuple(tuple(lookup[word] for word in self._words(name)) for name in self.operations)
        self._operation_index = {tokens: index for index, tokens in enumerate(self._tokens)}
        # Read by the name, and by the name as two tokens write it.
        self._by_name = {f'{name} {NO_SIZE}': index for index, name in enumerate(self.operations) if ' ' not in name}
        self._by_name |= {name: index for index, name in enumerate(self.operations)}
        # Upper bound of each branch's input; row by row the branches of the sequence.
        self._inputs = np.array([CELL_INPUTS + i for _ in range(2) for i in range(nodes) for _ in range(2)])
        self.next_state, self.valid = self._masks()

    def _words(self, operation: str) -> tuple[str, ...]:
        """Returns the vocabulary words that write an operation."""
        if self.tokens_per_operation == 1:
            return (operation,)
        kind, _, size = operation.partition(' ')
        return (kind, size or NO_SIZE)

    def _operation_words(self) -> tuple[str, ...]:
        """Returns the vocabulary after the inputs; a person's own kinds and sizes follow the released ones."""
        words = [word for operation in self.operations for word in self._words(operation)]
        released = () if self.tokens_per_operation == 1 else KINDS + SIZES
        return (*released, *dict.fromkeys(word for word in words if word not in released))

    def _masks(self) -> tuple[np.ndarray, np.ndarray]:
        """Returns (next_state, valid): state 0 at a branch's input and kind, one state a kind at the size."""
        kinds = tuple(dict.fromkeys(tokens[0] for tokens in self._tokens))
        states = 1 + (len(kinds) if self.tokens_per_operation == 2 else 0)
        next_state = np.zeros((states, len(self.vocabulary)), np.int32)
        valid = np.zeros((self.length, states, len(self.vocabulary)), bool)
        for branch, inputs in enumerate(self._inputs):
            position = branch * self.branch_length
            valid[position, 0, 1 : inputs + 1] = True
            valid[position + 1, 0, list(kinds)] = True
            if self.tokens_per_operation == 2:
                for state, kind in enumerate(kinds, start=1):
                    sizes = [size for first, size in self._tokens if first == kind]
                    valid[position + 2, state, sizes] = True
                    next_state[0, kind] = state
        return next_state, valid

    @property
    def size(self) -> int:
        """Number of sequences: the product over nodes of (inputs * operations)^2, squared for the two cells."""
        return math.prod(int(inputs) * len(self.operations) for inputs in self._inputs)

    @property
    def branch_swaps(self) -> np.ndarray:
        """Positions whose contents exchange when a node's branches do: int [2 * B, 2, branch_length]."""
        return np.arange(self.length).reshape(2 * self.nodes, 2, self.branch_length)

    @property
    def step_nodes(self) -> np.ndarray:
        """Node of each branch, the nodes of the reduction cell after those of the normal cell: int [S]."""
        return np.arange(4 * self.nodes) // 2

    @property
    def read_nodes(self) -> np.ndarray:
        """Node that a branch reads if its input token is v: int [S, V]; -1 for the cell's inputs."""
        table = np.full((4 * self.nodes, len(self.vocabulary)), -1)
        for branch, inputs in enumerate(self._inputs):
            first = branch // (2 * self.nodes) * self.nodes
            table[branch, CELL_INPUTS + 1 : inputs + 1] = first + np.arange(inputs - CELL_INPUTS)
        return table

    def random_isomorph(self, tokens: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Returns a sequence of the same canonical form for each of a batch: nodes renumbered, branches exchanged.

        Args:
            tokens: int [B, T], valid sequences; they are not changed.
            rng: the source of randomness.

        Returns:
            int [B, T].
        """
        tokens = np.asarray(tokens)
        cells = tokens.reshape(2 * len(tokens), self.nodes, 2, self.branch_length)
        offset = CELL_INPUTS + 1  # token of a cell's first node
        order, sources = renumbering.random_renumbering(cells[..., 0] - offset, rng)
        cells = np.take_along_axis(cells, order[:, :, None, None], axis=1)
        cells[..., 0] = sources + offset
        return self.random_symmetry(cells.reshape(tokens.shape), rng)

    # --- tokens <-> cells -------------------------------------------------------------------------------------------

    def _codes(self, tokens: Sequence[int]) -> list[Code]:
        """Returns (input, index of the operation) of each of the 4 * B branches."""
        step = self.branch_length
        return [
            (tokens[start] - 1, self._operation_index[tuple(tokens[start + 1 : start + step])])
            for start in range(0, self.length, step)
        ]

    def _architecture(self, codes: Sequence[Code]) -> Architecture:
        """Returns the architecture of 4 * B valid (input, operation) pairs."""
        tokens = itertools.chain.from_iterable((code + 1, *self._tokens[operation]) for code, operation in codes)
        return Architecture(self.name, tuple(tokens))

    def cells(self, architecture: Architecture) -> CellPair:
        """Returns the normal and the reduction cell of a valid architecture."""
        nodes = self._nodes(architecture)
        return CellPair(Cell(nodes[: self.nodes]), Cell(nodes[self.nodes :]))

    def from_cells(self, pair: CellPair) -> Architecture:
        """Returns the architecture that writes a pair of cells.

        Raises:
            InputError: if the pair has another number of nodes, an operation outside the space, or lists outputs
                other than its loose ends.
        """
        codes = []
        for kind, cell in (('normal', pair.normal), ('reduction', pair.reduction)):
            if len(cell.nodes) != self.nodes:
                raise InputError(
                    f'space {self.name}: a cell has {self.nodes} nodes, the {kind} cell has {len(cell.nodes)}'
                )
            codes += self._codes_of(cell, kind)
        return self._architecture(codes)

    # --- drawing, mutation ------------------------------------------------------------------------------------------

    def sample(self, rng: np.random.Generator) -> Architecture:
        """Draws one architecture, uniform over the whole space (every input and every operation alike).

        Args:
            rng: the source of randomness.
        """
        inputs = rng.integers(self._inputs).tolist()
        operations = rng.integers(len(self.operations), size=len(inputs)).tolist()
        return self._architecture(list(zip(inputs, operations, strict=True)))

    def mutations(self, architecture: Architecture) -> Iterator[Architecture]:
        """Yields the architectures that differ in one decision: one input, or one operation as a whole."""
        tokens, step = architecture.tokens, self.branch_length
        for branch, (source, operation) in enumerate(self._codes(tokens)):
            start = branch * step
            for other in range(int(self._inputs[branch])):
                if other != source:
                    yield Architecture(self.name, (*tokens[:start], other + 1, *tokens[start + 1 :]))
            for index, written in enumerate(self._tokens):
                if index != operation:
                    yield Architecture(self.name, (*tokens[: start + 1], *written, *tokens[start + step :]))

    def mutate(self, architecture: Architecture, rng: np.random.Generator) -> Architecture:
        """Returns one of `mutations`, drawn uniformly without making them all.

        Raises:
            InputError: if the space holds one architecture only.
        """
        others = np.stack([self._inputs - 1, np.full_like(self._inputs, len(self.operations) - 1)], axis=1).ravel()
        bounds = np.cumsum(others)
        if not bounds[-1]:
            raise InputError(f'space {self.name} holds one architecture only; there is nothing to mutate it into')
        draw = int(rng.integers(bounds[-1]))
        decision = int(np.searchsorted(bounds, draw, side='right'))
        choice = draw - int(bounds[decision] - others[decision])
        codes = self._codes(architecture.tokens)
        code = list(codes[decision // 2])
        code[decision % 2] = choice + (choice >= code[decision % 2])
        codes[decision // 2] = (code[0], code[1])
        return self._architecture(codes)

    # --- symmetry ---------------------------------------------------------------------------------------------------

    def canonical(self, architecture: Architecture) -> Architecture:
        """Returns the representative of all cells that renumbering nodes and exchanging branches gives.

        Both cells are put into the form of `isomorphism.canonical_nodes`, which also lists what is not claimed.
        """
        return self._of_coded_nodes(
            [node for cell in self.canonical_with_permutation(architecture) for node in cell.nodes]
        )

    def canonical_with_permutation(self, architecture: Architecture) -> tuple[CanonicalNodes, CanonicalNodes]:
        """Returns, for the normal and the reduction cell, the canonical form, the renumbering and the exchanges.

        Returns:
            Two `CanonicalNodes`; operations are coded as indices into `operations`.
        """
        nodes = self._coded_nodes(architecture)
        return (
            isomorphism.canonical_nodes(tuple(nodes[: self.nodes])),
            isomorphism.canonical_nodes(tuple(nodes[self.nodes :])),
        )
