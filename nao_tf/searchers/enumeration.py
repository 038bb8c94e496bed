"""Every canonical cell of a space small enough to be listed."""

from __future__ import annotations

import functools
from collections.abc import Iterator

import numpy as np

from nao_tf.errors import InputError
from nao_tf.spaces.architecture import Architecture
from nao_tf.spaces.base import SearchSpace

LIMIT = 100_000  # valid sequences; the largest space that is listed (about ten seconds)


def is_listable(space: SearchSpace) -> bool:
    """Returns whether a space has at most `LIMIT` valid sequences."""
    return space.size <= LIMIT


@functools.lru_cache(maxsize=8)
def canonical_cells(space: SearchSpace) -> tuple[Architecture, ...]:
    """Returns every canonical cell that a space admits, in the order of their tokens; made once for each space.

    Args:
        space: with at most `LIMIT` valid sequences.

    Raises:
        InputError: if the space is larger.
    """
    if not is_listable(space):
        raise InputError(
            f'space {space.name} has {space.size:,} sequences; at most {LIMIT:,} can be listed, which a searcher of '
            "mode 'enumerate' does; take one of mode 'generate'"
        )
    cells = {space.canonical(Architecture(space.name, tokens)) for tokens in _sequences(space)}
    return tuple(sorted(filter(space.admits, cells), key=lambda cell: cell.tokens))


@functools.lru_cache(maxsize=8)
def all_features(space: SearchSpace) -> np.ndarray:
    """Returns `space.features` of `canonical_cells`, float32 [n, F]; made once for each space, not to be changed."""
    features = np.ascontiguousarray(space.features(canonical_cells(space)), np.float32)
    features.setflags(write=False)
    return features


def _sequences(space: SearchSpace) -> Iterator[tuple[int, ...]]:
    """Yields every sequence that the masks' machine can write."""
    unfinished: list[tuple[tuple[int, ...], int]] = [((), 0)]
    while unfinished:
        prefix, state = unfinished.pop()
        if len(prefix) == space.length:
            yield prefix
            continue
        for token in np.flatnonzero(space.valid[len(prefix), state]).tolist():
            unfinished.append(((*prefix, token), int(space.next_state[state, token])))
