"""The set of token sequences that a space allows, as a small state machine of masks."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence

import numpy as np

from nao_tf.errors import InputError
from nao_tf.spaces.architecture import Architecture

SOS = 0  # the start token of the decoder; never part of an architecture


class Language:
    """Sequences of T tokens, told by masks that a compiled decoder can follow.

    It starts in state 0; at position t in state s it may write token v where `valid[t, s, v]`, and then goes to state
    `next_state[s, v]`. From every reachable prefix a valid sequence can be completed.

    Attributes:
        name: the space's name, as configs and journals write it.
        vocabulary: V token words; id 0 is `<sos>` and is valid nowhere.
        length: T, the number of tokens of every architecture.
        next_state: int32 [states, V].
        valid: bool [T, states, V], the paper's V_r (section 3.2).
    """

    name: str
    vocabulary: tuple[str, ...]
    length: int
    next_state: np.ndarray
    valid: np.ndarray

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
