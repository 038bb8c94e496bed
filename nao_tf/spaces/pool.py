"""A given set of architectures as a search space of its own: what a table that is a sample of its space can answer."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence

import numpy as np

from nao_tf.errors import InputError
from nao_tf.spaces.architecture import Architecture
from nao_tf.spaces.base import SearchSpace

NEIGHBOURS = 15  # about as many as a cell of NAS-Bench-101 has neighbours of one decision


class PoolSpace(SearchSpace):
    """The part of a space that a list of architectures is, closed under all that a searcher does.

    Where only a sample of a space has been measured, nearly every neighbour of a cell is outside it. Here the sample is
    the whole world: uniform draws come from it; the masks let through exactly the sequences of its architectures, so
    that whatever writes tokens under the masks V_r (a decoder, a policy, a tree of actions) writes one of them; and the
    neighbours of an architecture are the nearest of the pool by `features`, those that it is among the nearest of
    included, since of the mutations of one decision there may be none inside.

    It has the name of the space, whose architectures it shares, and no growth. The sequences of all architectures and
    of their `symmetries` are kept, so that it is for spaces in which an architecture has few of these; where the whole
    space knows more copies (`random_isomorph`), the pool does not.

    Args:
        space: what the architectures are of.
        architectures: at least two different ones.
        neighbours: how many nearest architectures are neighbours at the least, where there are so many.

    Raises:
        InputError: if there are fewer than two different architectures.
    """

    def __init__(self, space: SearchSpace, architectures: Sequence[Architecture], *, neighbours: int = NEIGHBOURS):
        self.whole = space
        self.name = space.name
        self.vocabulary = space.vocabulary
        self.length = space.length
        self.branch_length = space.branch_length
        self.cells = tuple(dict.fromkeys(map(space.canonical, architectures)))
        if len(self.cells) < 2:
            raise InputError(f'a pool of space {space.name} needs two different architectures, not {len(self.cells)}')
        self._wanted = min(neighbours, len(self.cells) - 1)
        self._classes = {cell: cell for cell in self.cells}
        for cell in self.cells:
            self._classes.update((copy, cell) for copy in space.symmetries(cell))
        rows = np.array(sorted(cell.tokens for cell in self._classes))
        self.next_state, self.valid = minimal_machine(rows, len(self.vocabulary))
        self._numbers = {cell: number for number, cell in enumerate(self.cells)}

    @property
    def size(self) -> int:
        """Number of sequences: every architecture in each of its symmetric copies."""
        return len(self._classes)

    def sample(self, rng: np.random.Generator) -> Architecture:
        """Draws one architecture of the pool, each with the same probability, canonical.

        Args:
            rng: the source of randomness.
        """
        return self.cells[int(rng.integers(len(self.cells)))]

    def canonical(self, architecture: Architecture) -> Architecture:
        """Returns the canonical form; that of an architecture outside is the whole space's."""
        found = self._classes.get(architecture)
        return self.whole.canonical(architecture) if found is None else found

    @functools.cached_property
    def _neighbours(self) -> list[np.ndarray]:
        """Numbers of the neighbours of each architecture, ascending."""
        from sklearn.neighbors import NearestNeighbors

        features = self.whole.features(self.cells)
        nearest = NearestNeighbors(n_neighbors=self._wanted).fit(features).kneighbors(return_distance=False)
        found: list[set[int]] = [set(row) for row in nearest.tolist()]
        for number, row in enumerate(nearest.tolist()):
            for other in row:
                found[other].add(number)
        return [np.array(sorted(numbers)) for numbers in found]

    def mutations(self, architecture: Architecture) -> Iterator[Architecture]:
        """Yields the neighbours of an architecture of the pool, canonical."""
        for number in self._neighbours[self._number(architecture)]:
            yield self.cells[number]

    def mutate(self, architecture: Architecture, rng: np.random.Generator) -> Architecture:
        """Returns one of `mutations`, drawn uniformly.

        Args:
            architecture: the parent, of the pool.
            rng: the source of randomness.
        """
        numbers = self._neighbours[self._number(architecture)]
        return self.cells[numbers[int(rng.integers(len(numbers)))]]

    def _number(self, architecture: Architecture) -> int:
        number = self._numbers.get(self.canonical(architecture))
        if number is None:
            raise InputError(f'{architecture} is not in the pool of {len(self.cells):,} architectures of {self.name}')
        return number

    def symmetries(self, architecture: Architecture) -> Iterator[Architecture]:
        """Yields other token sequences of the same architecture, as the whole space does."""
        return self.whole.symmetries(architecture)

    @property
    def branch_swaps(self) -> np.ndarray:
        """Token positions that a symmetric copy exchanges, those of the whole space."""
        return self.whole.branch_swaps

    def random_symmetry(self, tokens: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Returns symmetric copies, drawn as the whole space draws them: int [B, T].

        Args:
            tokens: int [B, T], valid sequences; they are not changed.
            rng: the source of randomness.
        """
        return self.whole.random_symmetry(tokens, rng)

    @property
    def step_nodes(self) -> np.ndarray:
        """Number of the node of each branch step, that of the whole space: int [S]."""
        return self.whole.step_nodes

    @property
    def read_nodes(self) -> np.ndarray:
        """Number of the node that a step reads, that of the whole space: int [S, V]."""
        return self.whole.read_nodes

    def features(self, architectures: Sequence[Architecture]) -> np.ndarray:
        """Returns the whole space's features: float32 [n, F].

        Args:
            architectures: n canonical ones.
        """
        return self.whole.features(architectures)

    def to_text(self, architecture: Architecture) -> str:
        """Returns the architecture in one line, as the whole space writes it."""
        return self.whole.to_text(architecture)

    def describe(self, architecture: Architecture) -> str:
        """Returns the architecture as text for a person, one line a node."""
        return self.whole.describe(architecture)


def minimal_machine(rows: np.ndarray, words: int) -> tuple[np.ndarray, np.ndarray]:
    """Returns the smallest state machine that lets through exactly the given sequences.

    Prefixes of one length that can be completed in the same ways share a state (a minimal acyclic automaton, built from
    the end, as Daciuk et al. 2000 define it).

    Args:
        rows: int [n, T], different sequences, sorted.
        words: V.

    Returns:
        `next_state` int32 [states, V] and `valid` bool [T, states, V] of a `SearchSpace`; state 0 is the first.
    """
    length = rows.shape[1]
    prefixes = [np.zeros(len(rows), int)]  # number of each row's prefix of length 0, 1, ..., T
    for position in range(length):
        pairs = np.stack([prefixes[-1], rows[:, position]], 1)
        prefixes.append(np.unique(pairs, axis=0, return_inverse=True)[1].reshape(-1))
    classes = np.zeros(prefixes[-1].max() + 1, int)  # of the prefixes one token longer; all that are whole are one
    levels: list[list[frozenset[tuple[int, int]]]] = []  # for each position, the last first: (token, class) by class
    for position in reversed(range(length)):
        choices: list[set[tuple[int, int]]] = [set() for _ in range(prefixes[position].max() + 1)]
        following = classes[prefixes[position + 1]]
        for prefix, choice in zip(
            prefixes[position].tolist(), zip(rows[:, position].tolist(), following.tolist(), strict=True), strict=True
        ):
            choices[prefix].add(choice)
        ways: dict[frozenset[tuple[int, int]], int] = {}
        classes = np.array([ways.setdefault(frozenset(choice), len(ways)) for choice in choices])
        levels.append(list(ways))
    levels.reverse()
    starts = np.cumsum([0, *map(len, levels)])  # first state of each position, and the last state of all
    next_state = np.zeros((starts[-1] + 1, words), np.int32)
    valid = np.zeros((length, starts[-1] + 1, words), bool)
    for position, level in enumerate(levels):
        for number, choices_here in enumerate(level):
            for token, following_class in choices_here:
                valid[position, starts[position] + number, token] = True
                next_state[starts[position] + number, token] = starts[position + 1] + following_class
    return next_state, valid
