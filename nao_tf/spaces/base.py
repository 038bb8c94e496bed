"""SearchSpace: what may be searched, told without knowing who searches it."""

from __future__ import annotations

import abc
import functools
import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from nao_tf.errors import InputError
from nao_tf.spaces.architecture import Architecture

SOS = 0  # the start token of the decoder; never part of an architecture


def parse_json(text: str) -> Any:
    """Parses JSON.

    Raises:
        InputError: if the text is not JSON, with the line and column.
    """
    try:
        return json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        raise InputError(f'malformed JSON: {error}; it begins {" ".join(text.split())[:60]!r}') from None


class SearchSpace(abc.ABC):
    """A finite set of architectures written as T tokens each.

    A subclass sets the attributes below and implements the abstract methods; everything else follows. The masks
    are a small state machine, so that a compiled decoder can follow them: it starts in state 0, at position t in
    state s it may write token v where `valid[t, s, v]`, and then goes to state `next_state[s, v]`. From every
    reachable prefix a valid architecture can be completed.

    Attributes:
        name: the space's name, as configs and journals write it.
        vocabulary: V token words; id 0 is `<sos>` and is valid nowhere.
        length: T, the number of tokens of every architecture.
        branch_length: tokens of one encoder step; T / branch_length = S branch steps.
        next_state: int32 [states, V].
        valid: bool [T, states, V], the paper's V_r (section 3.2).
    """

    name: str
    vocabulary: tuple[str, ...]
    length: int
    branch_length: int = 1
    next_state: np.ndarray
    valid: np.ndarray

    @property
    @abc.abstractmethod
    def size(self) -> int:
        """Number of valid token sequences (an exact Python integer, before any reduction by symmetry)."""

    @abc.abstractmethod
    def symmetries(self, architecture: Architecture) -> Iterator[Architecture]:
        """Yields other token sequences of the same architecture (augmentation, section 3.2), never itself."""

    @abc.abstractmethod
    def canonical(self, architecture: Architecture) -> Architecture:
        """Returns the one representative of all sequences that are this architecture."""

    @abc.abstractmethod
    def describe(self, architecture: Architecture) -> str:
        """Returns the architecture as text for a person, one line a node."""

    @property
    def branch_swaps(self) -> np.ndarray:
        """Token positions that a symmetric copy exchanges: int [nodes, 2, tokens of a branch]; empty if none can.

        The tokens at `branch_swaps[n, 0]` and at `branch_swaps[n, 1]` exchange, for any set of nodes n.
        """
        return np.zeros((0, 2, self.branch_length), int)

    def random_symmetry(self, tokens: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Returns a symmetric copy of each sequence of a batch: each node's branches exchanged or not, by a coin.

        Args:
            tokens: int [B, T], valid sequences; they are not changed.
            rng: the source of randomness.

        Returns:
            int [B, T], drawn uniformly from each sequence's symmetric copies and itself (section 3.2).
        """
        tokens = np.asarray(tokens)
        swaps = self.branch_swaps
        flip = rng.random((tokens.shape[0], swaps.shape[0])) < 0.5
        positions = np.broadcast_to(np.arange(tokens.shape[1]), tokens.shape).copy()
        for side in (0, 1):
            positions[:, swaps[:, side]] = np.where(flip[..., None], swaps[:, 1 - side], swaps[:, side])
        return np.take_along_axis(tokens, positions, axis=1)

    def random_isomorph(self, tokens: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Returns a sequence of the same canonical form for each of a batch; here `random_symmetry`.

        A space whose nodes can be renumbered overrides this and draws a numbering too.

        Args:
            tokens: int [B, T], valid sequences; they are not changed.
            rng: the source of randomness.

        Returns:
            int [B, T].
        """
        return self.random_symmetry(tokens, rng)

    @property
    def step_nodes(self) -> np.ndarray:
        """Number of the node that each branch step belongs to: int [S], counted from 0; here a node a step."""
        return np.arange(self.length // self.branch_length)

    @property
    def read_nodes(self) -> np.ndarray:
        """Number of the node whose output a step reads if one of its tokens is v: int [S, V], -1 for none.

        With `step_nodes` this is all that a structure-aware encoder knows of a space; a space without it
        (all -1, as here) is encoded as a plain sequence.
        """
        return np.full((self.length // self.branch_length, len(self.vocabulary)), -1)

    def features(self, architectures: Sequence[Architecture]) -> np.ndarray:
        """Returns what a classic model (forest, Gaussian process, linear regressor) reads of architectures.

        Here one-hot tokens by position, and how often each token occurs. A space whose structure tells more (paths,
        operation counts) overrides this.

        Args:
            architectures: n canonical ones.

        Returns:
            float32 [n, F].
        """
        words = np.eye(len(self.vocabulary), dtype=np.float32)[
            np.array([architecture.tokens for architecture in architectures], int).reshape(-1, self.length)
        ]
        return np.concatenate([words.reshape(len(words), -1), words.sum(axis=1)], axis=1)

    @property
    def stages(self) -> int:
        """Number of sizes that a cell grows through; a space with growth overrides this and the three below.

        Raises:
            InputError: here, since a cell of a fixed size does not grow.
        """
        raise self._no_growth()

    def _no_growth(self) -> InputError:
        return InputError(
            f'space {self.name} has no growth: its architectures are all of one size, so that progressive search '
            'cannot search it; it searches spaces such as pnas_cnn'
        )

    def stage(self, architecture: Architecture) -> int:
        """Returns the size of an architecture, 1 to `stages`.

        Raises:
            InputError: if the space has no growth.
        """
        del architecture
        raise self._no_growth()

    def extensions(self, architecture: Architecture | None) -> Iterator[Architecture]:
        """Yields the architectures of the next size that an architecture grows into, canonical, each once.

        Args:
            architecture: what grows; None yields all architectures of stage 1.

        Raises:
            InputError: if the space has no growth.
        """
        del architecture
        raise self._no_growth()

    def extend(self, architecture: Architecture, rng: np.random.Generator) -> Architecture | None:
        """Returns one of `extensions`, drawn at random; None if there is none.

        Args:
            architecture: what grows.
            rng: the source of randomness.

        Raises:
            InputError: if the space has no growth.
        """
        choices = list(self.extensions(architecture))
        return choices[int(rng.integers(len(choices)))] if choices else None

    def to_text(self, architecture: Architecture) -> str:
        """Returns the architecture in one line as the field writes it; `parse` reads it back."""
        return ' '.join(self.vocabulary[token] for token in architecture.tokens)

    def to_json(self, architecture: Architecture) -> dict[str, Any]:
        """Returns the architecture as JSON types in the form a person reads; `from_json` reads it back."""
        return architecture.to_json()

    def parse(self, text: str) -> Architecture:
        """Reads any of the three ways of writing: token ids, the text form of `to_text`, JSON.

        Args:
            text: whitespace-separated integers, or vocabulary words, or a JSON object.

        Returns:
            A valid architecture.

        Raises:
            InputError: if the text is not an architecture of this space.
        """
        if text.lstrip().startswith('{'):
            return self.from_json(parse_json(text))
        words = text.split()
        if not words:
            raise InputError(f'space {self.name}: an empty text is no architecture')
        if all(re.fullmatch(r'[+-]?[0-9]{1,18}', word) for word in words):
            return self.parse_integers([int(word) for word in words])
        return self.parse_words(words)

    def from_json(self, value: Any) -> Architecture:
        """Reads a JSON object: what `to_json` or `Architecture.to_json` writes.

        Raises:
            InputError: if the object is not an architecture of this space.
        """
        result = Architecture.from_json(value)
        self.validate(result)
        return result

    def parse_integers(self, numbers: Sequence[int]) -> Architecture:
        """Reads integers: the token ids, and what other forms of integers a space knows.

        Raises:
            InputError: if they are not an architecture of this space.
        """
        return self.architecture(numbers)

    def parse_words(self, words: Sequence[str]) -> Architecture:
        """Reads the words of the text form.

        Raises:
            InputError: if they are not an architecture of this space.
        """
        lookup = {word: token for token, word in enumerate(self.vocabulary) if token != SOS}
        for position, word in enumerate(words):
            if word not in lookup:
                raise InputError(
                    f'space {self.name}: {word!r} at position {position} is not a token; '
                    f'the tokens are {", ".join(self.vocabulary[1:])}'
                )
        return self.architecture([lookup[word] for word in words])

    def architecture(self, tokens: Sequence[int]) -> Architecture:
        """Returns a validated architecture of this space.

        Args:
            tokens: T token ids.

        Raises:
            InputError: if the tokens are not valid (`validate`).
        """
        result = Architecture(self.name, tuple(tokens))
        self.validate(result)
        return result

    def validate(self, architecture: Architecture) -> None:
        """Checks an architecture against the masks.

        Raises:
            InputError: naming the position, the token given and the tokens that are valid there.
        """
        if architecture.space != self.name:
            raise InputError(f'the architecture is of space {architecture.space!r}, not {self.name!r}')
        if len(architecture.tokens) != self.length:
            raise InputError(
                f'an architecture of space {self.name} has {self.length} tokens, not {len(architecture.tokens)}'
            )
        state = 0
        for position, token in enumerate(architecture.tokens):
            if not 0 <= token < len(self.vocabulary):
                raise InputError(
                    f'space {self.name}: token {token} at position {position} is outside 1..{len(self.vocabulary) - 1}'
                )
            if not self.valid[position, state, token]:
                allowed = [self.vocabulary[v] for v in np.flatnonzero(self.valid[position, state])]
                raise InputError(
                    f'space {self.name}: token {token} ({self.vocabulary[token]}) at position {position} is not '
                    f'valid there{self.explain(architecture, position)}; valid: {", ".join(allowed)}'
                )
            state = int(self.next_state[state, token])

    def explain(self, architecture: Architecture, position: int) -> str:
        """Returns why a token is not valid at a position, to be put into an error (may be empty)."""
        del architecture, position
        return ''

    @functools.cached_property
    def completions(self) -> list[np.ndarray]:
        """Number of ways to complete a sequence: T + 1 object arrays [states] of exact integers."""
        states = self.next_state.shape[0]
        counts = [np.ones(states, dtype=object)]
        for position in reversed(range(self.length)):
            row = np.zeros(states, dtype=object)
            for state in range(states):
                for token in np.flatnonzero(self.valid[position, state]):
                    row[state] += counts[0][self.next_state[state, token]]
            counts.insert(0, row)
        return counts

    def sample(self, rng: np.random.Generator) -> Architecture:
        """Draws one architecture, uniform over the decisions at each position.

        Args:
            rng: the source of randomness.

        Returns:
            A valid architecture.
        """
        tokens: list[int] = []
        state = 0
        for position in range(self.length):
            token = int(rng.choice(np.flatnonzero(self.valid[position, state])))
            tokens.append(token)
            state = int(self.next_state[state, token])
        return Architecture(self.name, tuple(tokens))

    def mutations(self, architecture: Architecture) -> Iterator[Architecture]:
        """Yields the valid architectures that differ in exactly one token.

        A space whose decisions span several tokens overrides this with one decision at a time.
        """
        for position, token in enumerate(architecture.tokens):
            for other in range(1, len(self.vocabulary)):
                if other == token:
                    continue
                tokens = (*architecture.tokens[:position], other, *architecture.tokens[position + 1 :])
                candidate = Architecture(self.name, tokens)
                if self.is_valid(candidate):
                    yield candidate

    def mutate(self, architecture: Architecture, rng: np.random.Generator) -> Architecture:
        """Returns one of `mutations`, drawn uniformly.

        Args:
            architecture: the parent.
            rng: the source of randomness.

        Raises:
            InputError: if there is no other architecture.
        """
        candidates = list(self.mutations(architecture))
        if not candidates:
            raise InputError(f'space {self.name}: {architecture} cannot be mutated into anything else')
        return candidates[int(rng.integers(len(candidates)))]

    def is_valid(self, architecture: Architecture) -> bool:
        """Returns whether `validate` accepts the architecture."""
        if architecture.space != self.name or len(architecture.tokens) != self.length:
            return False
        state = 0
        for position, token in enumerate(architecture.tokens):
            if not 0 <= token < len(self.vocabulary) or not self.valid[position, state, token]:
                return False
            state = int(self.next_state[state, token])
        return True
