"""The tree of a space's tokens as sequential actions: UCT, expansion, back-propagation, random completion (AlphaX)."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

import numpy as np

from nao_tf.spaces.architecture import Architecture
from nao_tf.spaces.base import SearchSpace


@dataclasses.dataclass
class State:
    """A node of the tree: an unfinished architecture.

    Args:
        machine: state of the space's masks behind its tokens.
        visits: n, rollouts that went through it.
        total: sum of their values; x = total / visits.
        children: the states that were visited, by the token that leads there.
        closed: whether every end behind it has been reached.
    """

    machine: int
    visits: int = 0
    total: float = 0.0
    children: dict[int, State] = dataclasses.field(default_factory=dict)
    closed: bool = False


class ActionTree:
    """Grows by one state with every rollout.

    Args:
        space: whose masks say which tokens may follow.
    """

    def __init__(self, space: SearchSpace):
        self.space = space
        self.root = State(0)
        self._actions: dict[tuple[int, int], list[int]] = {}

    def actions(self, position: int, machine: int) -> list[int]:
        """Returns the tokens that may stand at a position in a state of the masks."""
        key = (position, machine)
        if key not in self._actions:
            self._actions[key] = np.flatnonzero(self.space.valid[position, machine]).tolist()
        return self._actions[key]

    def add(self, prefix: Sequence[int], value: float) -> None:
        """Back-propagates a value along a prefix, from the root to its last state, which may be new.

        Args:
            prefix: tokens of the state that the rollout began at.
            value: of the rollout.
        """
        path = [self.root]
        for token in prefix:
            children = path[-1].children
            if token not in children:
                children[token] = State(int(self.space.next_state[path[-1].machine, token]))
            path.append(children[token])
        for state in path:
            state.visits += 1
            state.total += value
        if len(prefix) == self.space.length:
            path[-1].closed = True
            for position in reversed(range(self.space.length)):
                state = path[position]
                tried = len(state.children) == len(self.actions(position, state.machine))
                if not tried or not all(child.closed for child in state.children.values()):
                    break
                state.closed = True

    def expansion(self, tokens: Sequence[int]) -> tuple[int, ...]:
        """Returns the shortest prefix of an architecture that is no state of the tree yet (or all of it)."""
        state = self.root
        for position, token in enumerate(tokens):
            if token not in state.children:
                return tuple(tokens[: position + 1])
            state = state.children[token]
        return tuple(tokens)

    def select(self, exploration: float, rng: np.random.Generator) -> tuple[int, ...]:
        """Descends by UCT, x + 2 Cp sqrt(2 ln n_parent / n), to a state that is not in the tree.

        Branches of which every end has been reached are not entered again.

        Args:
            exploration: Cp.
            rng: chooses among actions that were never tried.

        Returns:
            The tokens of that state; the last one expands the tree. Nothing if the whole tree is closed.
        """
        prefix: list[int] = []
        state = self.root
        while not state.closed:
            actions = self.actions(len(prefix), state.machine)
            untried = [token for token in actions if token not in state.children]
            if untried:
                prefix.append(untried[int(rng.integers(len(untried)))])
                break
            scale = 2 * exploration * math.sqrt(2 * math.log(state.visits))
            token, state = max(
                ((token, child) for token, child in state.children.items() if not child.closed),
                key=lambda item: item[1].total / item[1].visits + scale / math.sqrt(item[1].visits),
            )
            prefix.append(token)
        return tuple(prefix)

    def complete(self, prefix: Sequence[int], rng: np.random.Generator) -> Architecture:
        """Returns a random end of an unfinished architecture, every following action drawn uniformly; canonical.

        Args:
            prefix: the tokens that stand.
            rng: the source of randomness.
        """
        tokens = list(prefix)
        machine = 0
        for token in tokens:
            machine = int(self.space.next_state[machine, token])
        for position in range(len(tokens), self.space.length):
            actions = self.actions(position, machine)
            tokens.append(actions[int(rng.random() * len(actions))])
            machine = int(self.space.next_state[machine, tokens[-1]])
        return self.space.canonical(Architecture(self.space.name, tuple(tokens)))
