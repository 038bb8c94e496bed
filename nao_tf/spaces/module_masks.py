"""The state machine of NAS-Bench-101: which token may follow so that the cell is whole and within its edges."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class State(NamedTuple):
    """What has to be remembered of a prefix.

    Attributes:
        used: inner vertices so far; they are vertex 1 to `used`.
        closed: whether a vertex was left out, so that none may follow.
        reads: whether the vertex that is being written reads anything yet.
        edges: so far.
        loose: bit mask of the used vertices that nobody reads yet.
    """

    used: int = 0
    closed: bool = False
    reads: bool = False
    edges: int = 0
    loose: int = 0


class Tokens(NamedTuple):
    """Ids of the tokens of a space with `sources` possible sources.

    Attributes:
        no_edge: the id of "this source is not read".
        first_source: the id of "source 0 is read"; the others follow.
        unused: the id of "this vertex is not there".
        first_operation: the id of the first operation; the others follow.
    """

    no_edge: int
    first_source: int
    unused: int
    first_operation: int


def layout(vertices: int) -> list[tuple[int, int | None]]:
    """Returns what each position decides, as (vertex, source), or (vertex, None) for the vertex's operation.

    Args:
        vertices: most vertices, input and output included.
    """
    positions: list[tuple[int, int | None]] = []
    for vertex in range(1, vertices):
        positions += [(vertex, source) for source in range(vertex)]
        if vertex < vertices - 1:
            positions.append((vertex, None))
    return positions


def machine(vertices: int, edges: int, operations: int, tokens: Tokens) -> tuple[np.ndarray, np.ndarray]:
    """Returns the masks of a space: `next_state` int32 [states, V] and `valid` bool [T, states, V].

    A token is valid where some completion is a cell in which every used vertex is on a path from the input to the
    output: used vertices come first, each reads an earlier one, all but the output are read, and there are at most
    `edges` edges.

    Args:
        vertices: most vertices, input and output included.
        edges: most edges.
        operations: number of operations.
        tokens: their ids.
    """
    positions = layout(vertices)
    vocabulary = tokens.first_operation + operations
    levels: list[dict[State, dict[int, State]]] = []
    level = {State()}
    for vertex, source in positions:
        steps = {state: _steps(state, vertex, source, vertices, edges, operations, tokens) for state in level}
        levels.append(steps)
        level = {following for choices in steps.values() for following in choices.values()}
    alive = {state for state in level if state.reads and not state.loose}
    for steps in reversed(levels):
        for state, choices in steps.items():
            steps[state] = {token: following for token, following in choices.items() if following in alive}
        alive = {state for state, choices in steps.items() if choices}
    numbers: dict[State, int] = {State(): 0}
    for steps in levels:
        for choices in steps.values():
            for following in choices.values():
                numbers.setdefault(following, len(numbers))
    next_state = np.zeros((len(numbers), vocabulary), np.int32)
    valid = np.zeros((len(positions), len(numbers), vocabulary), bool)
    for position, steps in enumerate(levels):
        for state, choices in steps.items():
            for token, following in choices.items():
                next_state[numbers[state], token] = numbers[following]
                valid[position, numbers[state], token] = True
    return next_state, valid


def _steps(
    state: State, vertex: int, source: int | None, vertices: int, edges: int, operations: int, tokens: Tokens
) -> dict[int, State]:
    """Returns the state behind each token that is possible at a position, whether or not it can be completed."""
    if source is None:
        if state.closed or not state.reads:
            return {tokens.unused: state._replace(closed=True, reads=False)}
        used = state._replace(used=vertex, reads=False, loose=state.loose | 1 << vertex)
        return {tokens.first_operation + operation: used for operation in range(operations)}
    result = {tokens.no_edge: state}
    there = source <= state.used and (vertex == vertices - 1 or not state.closed)
    if there and state.edges < edges:
        read = state._replace(reads=True, edges=state.edges + 1, loose=state.loose & ~(1 << source))
        result[tokens.first_source + source] = read
    return result
