"""Uniform draws from the sequences that a state machine lets through."""

from __future__ import annotations

import bisect

import numpy as np

from nao_tf.spaces.architecture import Architecture
from nao_tf.spaces.base import SearchSpace


class UniformSampler:
    """Draws every valid token sequence of a space with the same probability.

    A token is drawn in proportion to the number of ways in which the sequence can be completed behind it; where the
    choices at one position depend on those before, a uniform choice at each position would prefer some sequences.

    Args:
        space: whose masks are followed.
    """

    def __init__(self, space: SearchSpace):
        self.space = space
        self._next = space.next_state.tolist()
        # Tokens and their cumulative shares of the completions, by position and state.
        self._choices: list[dict[int, tuple[list[int], list[float]]]] = []
        for position in range(space.length):
            row = {}
            for state in np.flatnonzero(space.valid[position].any(1)).tolist():
                tokens = np.flatnonzero(space.valid[position, state])
                ways = space.completions[position + 1][space.next_state[state, tokens]].astype(float)
                row[state] = (tokens.tolist(), np.cumsum(ways / ways.sum()).tolist())
            self._choices.append(row)

    def sample(self, rng: np.random.Generator) -> Architecture:
        """Draws one architecture.

        Args:
            rng: the source of randomness.
        """
        tokens: list[int] = []
        state = 0
        for row, draw in zip(self._choices, rng.random(self.space.length).tolist(), strict=True):
            words, shares = row[state]
            token = words[min(bisect.bisect_right(shares, draw), len(words) - 1)]
            tokens.append(token)
            state = self._next[state][token]
        return Architecture(self.space.name, tuple(tokens))
