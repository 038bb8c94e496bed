"""NAS-Bench-201: cells of four nodes in which every edge has one of five operations (Dong and Yang, 2020)."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from nao_tf.errors import InputError
from nao_tf.spaces import nasbench201_writing as writing
from nao_tf.spaces.architecture import Architecture
from nao_tf.spaces.base import SearchSpace
from nao_tf.spaces.nasbench201_cells import EDGES, OPERATIONS, Node, class_texts, features


class NASBench201Space(SearchSpace):
    """All 5^6 cells: a token an edge, its operation; node i is the sum of what its edges carry.

    The canonical form is the smallest token sequence of the benchmark's class of isomorphic cells; everything about
    classes is a look-up in tables that are made at first use (some 50 ms).

    Args:
        name: the space's name.
    """

    branch_length = 1
    length = len(EDGES)
    vocabulary = ('<sos>', *OPERATIONS)
    node_count = 2  # between input and output

    def __init__(self, name: str = 'nasbench201'):
        self.name = name
        self.next_state = np.zeros((1, len(self.vocabulary)), np.int32)
        self.valid = np.ones((self.length, 1, len(self.vocabulary)), bool)
        self.valid[:, :, 0] = False
        self._powers = len(OPERATIONS) ** np.arange(self.length)[::-1]

    @property
    def size(self) -> int:
        """Number of sequences: 15,625 in 6,466 classes."""
        return len(OPERATIONS) ** self.length

    @property
    def step_nodes(self) -> np.ndarray:
        """Node that an edge ends in: int [6], node 1 counted as 0."""
        return np.array([target - 1 for _, target in EDGES])

    @property
    def read_nodes(self) -> np.ndarray:
        """Node that an edge begins at: int [6, V]; -1 for the cell's input and behind `none`."""
        table = np.full((self.length, len(self.vocabulary)), -1)
        for position, (source, _) in enumerate(EDGES):
            table[position, 2:] = source - 1
        return table

    def codes(self, tokens: np.ndarray) -> np.ndarray:
        """Returns the rank of sequences in lexicographic order.

        Args:
            tokens: int [B, 6].

        Returns:
            int [B], 0 to 15,624.
        """
        return (np.asarray(tokens) - 1) @ self._powers

    def decode(self, codes: np.ndarray) -> np.ndarray:
        """Returns the tokens of lexicographic ranks: int [B] to int [B, 6]."""
        return np.asarray(codes)[:, None] // self._powers % len(OPERATIONS) + 1

    @functools.cached_property
    def classes(self) -> np.ndarray:
        """Class of every rank: int [15625], numbered by each class's smallest rank from 0 to 6,465."""
        numbers: dict[str, int] = {}
        return np.array([numbers.setdefault(text, len(numbers)) for text in class_texts()])

    @functools.cached_property
    def _members(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Ranks sorted by class [15625], and where each class begins in them and how many it has [6466]."""
        counts = np.bincount(self.classes)
        return np.argsort(self.classes, kind='stable'), np.cumsum(counts) - counts, counts

    @functools.cached_property
    def _canonical(self) -> list[tuple[int, ...]]:
        """Canonical tokens of every rank."""
        ranks, starts, _ = self._members
        return [tuple(tokens) for tokens in self.decode(ranks[starts][self.classes]).tolist()]

    def _code(self, architecture: Architecture) -> int:
        """Returns the rank of one architecture (plain integers are faster than arrays for one)."""
        return functools.reduce(lambda rank, token: len(OPERATIONS) * rank + token - 1, architecture.tokens, 0)

    def canonical(self, architecture: Architecture) -> Architecture:
        """Returns the smallest sequence of the architecture's class."""
        return Architecture(self.name, self._canonical[self._code(architecture)])

    def symmetries(self, architecture: Architecture) -> Iterator[Architecture]:
        """Yields the other sequences of the class, smallest first."""
        ranks, starts, counts = self._members
        code = self._code(architecture)
        group = self.classes[code]
        for tokens in self.decode(ranks[starts[group] : starts[group] + counts[group]]).tolist():
            if tuple(tokens) != architecture.tokens:
                yield Architecture(self.name, tuple(tokens))

    def random_symmetry(self, tokens: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Returns a sequence of each one's class, drawn uniformly from the class: int [B, 6].

        Args:
            tokens: int [B, 6], valid sequences; they are not changed.
            rng: the source of randomness.
        """
        ranks, starts, counts = self._members
        groups = self.classes[self.codes(tokens)]
        return self.decode(ranks[starts[groups] + rng.integers(counts[groups])])

    def sample(self, rng: np.random.Generator) -> Architecture:
        """Draws one architecture, uniform over the 15,625 sequences.

        Args:
            rng: the source of randomness.
        """
        return Architecture(self.name, tuple(rng.integers(1, len(self.vocabulary), size=self.length).tolist()))

    def mutations(self, architecture: Architecture) -> Iterator[Architecture]:
        """Yields the 24 sequences that differ in the operation of one edge."""
        for position, token in enumerate(architecture.tokens):
            for other in range(1, len(self.vocabulary)):
                if other != token:
                    yield self._with(architecture, position, other)

    def mutate(self, architecture: Architecture, rng: np.random.Generator) -> Architecture:
        """Returns one of `mutations`, drawn uniformly.

        Args:
            architecture: the parent.
            rng: the source of randomness.
        """
        position, other = divmod(int(rng.integers(self.length * (len(OPERATIONS) - 1))), len(OPERATIONS) - 1)
        return self._with(architecture, position, other + 1 + (other + 1 >= architecture.tokens[position]))

    def _with(self, architecture: Architecture, position: int, token: int) -> Architecture:
        """Returns a copy with one token changed."""
        tokens = architecture.tokens
        return Architecture(self.name, (*tokens[:position], token, *tokens[position + 1 :]))

    def features(self, architectures: Sequence[Architecture]) -> np.ndarray:
        """Returns one-hot edge operations (30), path counts (40) and operation counts (5).

        The path counts have a column for each sequence of at most three operations that compute something: how many
        paths from the input to the output carry it, identities left out (after the path encoding of BANANAS, White et
        al., section 3, which says whether one does and keeps identities).

        Args:
            architectures: n of them.

        Returns:
            float32 [n, 75].
        """
        tokens = np.array([architecture.tokens for architecture in architectures], int).reshape(-1, self.length)
        return self._features[self.codes(tokens)]

    @functools.cached_property
    def _features(self) -> np.ndarray:
        """Features of every rank: float32 [15625, 75]."""
        return features(self.decode(np.arange(self.size)) - 1)

    def nodes(self, architecture: Architecture) -> tuple[Node, ...]:
        """Returns the (operation, source node) of every edge into node 1, 2 and 3 (the output)."""
        result: list[list[tuple[str, int]]] = [[], [], []]
        for (source, target), token in zip(EDGES, architecture.tokens, strict=True):
            result[target - 1].append((self.vocabulary[token], source))
        return tuple(tuple(node) for node in result)

    def from_nodes(self, nodes: Sequence[Sequence[tuple[str, int]]]) -> Architecture:
        """Returns the architecture that writes such a list; edges of a node in any order.

        Raises:
            InputError: if an edge is missing, twofold or unknown, or has an unknown operation.
        """
        operations = writing.edge_operations(self.name, nodes)
        return Architecture(self.name, tuple(1 + OPERATIONS.index(operation) for operation in operations))

    def to_text(self, architecture: Architecture) -> str:
        """Returns the benchmark's own form, such as `|nor_conv_3x3~0|+|none~0|skip_connect~1|+|...~0|...~1|...~2|`."""
        return writing.to_text(self.nodes(architecture))

    def parse_words(self, words: Sequence[str]) -> Architecture:
        """Reads the benchmark's form (with or without spaces in it), or six operations.

        Raises:
            InputError: if the text is neither.
        """
        text = ''.join(words)
        if not text.startswith('|'):
            return super().parse_words(words)
        return self.from_nodes(writing.from_text(self.name, text))

    def to_json(self, architecture: Architecture) -> dict[str, Any]:
        """Returns `{'space': name, 'cell': text}`, the text as in `to_text`."""
        return {'space': self.name, 'cell': self.to_text(architecture)}

    def from_json(self, value: Any) -> Architecture:
        """Reads `to_json` or `Architecture.to_json`.

        Raises:
            InputError: if the object is not an architecture of this space.
        """
        if not isinstance(value, dict) or not isinstance(value.get('cell'), str):
            return super().from_json(value)
        if value.get('space', self.name) != self.name:
            raise InputError(f'the architecture is of space {value["space"]!r}, not {self.name!r}')
        return self.parse_words(value['cell'].split())

    def describe(self, architecture: Architecture) -> str:
        """Returns the cell as text, one line a node."""
        return writing.describe(self.nodes(architecture))

    def explain(self, architecture: Architecture, position: int) -> str:
        """Returns the edge of a wrong token."""
        del architecture
        return f' (edge {writing.edge_list(EDGES[position : position + 1])})'
