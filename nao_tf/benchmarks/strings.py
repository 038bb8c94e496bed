"""How many raw strings a searcher that works on classes would have paid for without them."""

from __future__ import annotations

import bisect
import copy
import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from nao_tf.searchers.enumeration import canonical_cells, is_listable
from nao_tf.searchers.evaluation import Proposal
from nao_tf.spaces.architecture import Architecture
from nao_tf.spaces.base import SearchSpace

LARGEST_CLASS = 10_000  # strings of a class that are counted at the most


class StringCounter:
    """Counts the distinct raw strings of the queried classes that a searcher came upon.

    Our searchers query classes: a drawn string of a known class costs nothing. Published rows do not reduce; there,
    every new string is a query, and only the very same string is free. The count is therefore 1 for each query, plus
    1 for each further string of a queried class that the searcher had drawn before that query. For uniform draws
    this is exactly the rank of the optimum's string in a random order of all strings (7,813 of 15,625 on average,
    where the optimum's class has one string). A string that is scored by a model and never proposed costs nothing;
    so the further strings are at most as many as the searcher's own count of duplicates.

    A searcher of mode `enumerate` ranks all cells and draws none: without classes, all strings of a class would
    stand side by side in its ranking, so a class that it picks costs as many as it has.

    Args:
        space: what is searched; it stays as it is.
        pool: where uniform draws come from if the table is a sample of the space; None for the space's own.

    Attributes:
        space: a copy of the space that reports the strings it reduces; what the searcher gets.
    """

    def __init__(self, space: SearchSpace, pool: Sequence[Architecture] | None = None):
        self.original = space
        watched: Any = copy.copy(space)
        if is_listable(space):  # what the searchers list of the space is no draw of theirs
            canonical_cells(watched)
        # Attributes of the copy take the place of its methods; it stays a space of the same class.
        watched.canonical = self._canonical
        if pool is not None:
            watched.sample = lambda rng: pool[int(rng.integers(len(pool)))]
        self.space: SearchSpace = watched
        self.reset()

    def reset(self) -> None:
        """Forgets all strings, for another run on the same space."""
        self._seen: set[Architecture] = set()
        self._sights: dict[Architecture, list[int]] = {}  # of each class: when each of its strings was first seen
        self._queried: set[Architecture] = set()
        self._further: list[int] = []  # sights of all but the first strings of the queried classes, ascending
        self._before = 0
        self._paid = 0

    def _canonical(self, architecture: Architecture) -> Architecture:
        result = self.original.canonical(architecture)
        if architecture not in self._seen:
            self._seen.add(architecture)
            self._sights.setdefault(result, []).append(len(self._seen))
            if result in self._queried:
                self._further.append(len(self._seen))
        return result

    def count(self, proposals: Sequence[Proposal], *, mode: str, duplicates: int) -> list[int]:
        """Returns the raw strings paid for up to and with each query of a batch, those of earlier ones included.

        Args:
            proposals: the queries that one call of `propose` led to, in order.
            mode: of the searcher.
            duplicates: the searcher's count after the call.
        """
        counts = []
        for proposal in proposals:
            architecture = proposal.architecture
            self._queried.add(architecture)
            if mode == 'enumerate':
                self._paid += 1 if proposal.origin == 'random' else self.class_size(architecture)
                counts.append(self._paid)
                continue
            sights = self._sights.get(architecture, [])
            for sight in sights[1:]:
                bisect.insort(self._further, sight)
            self._before = max(self._before, sights[0] if sights else 0)
            self._paid = len(self._queried) + min(bisect.bisect_left(self._further, self._before), duplicates)
            counts.append(self._paid)
        self._before = len(self._seen)
        return counts

    def class_size(self, architecture: Architecture) -> int:
        """Returns how many strings a class has, as far as the space's symmetries tell."""
        return 1 + sum(1 for _ in itertools.islice(self.original.symmetries(architecture), LARGEST_CLASS - 1))


def is_sample(space: SearchSpace, known: Sequence[Architecture], draws: int = 200) -> bool:
    """Returns whether a table holds a sample of the space only: some of `draws` uniform draws are not in it.

    Args:
        space: of the table.
        known: canonical architectures of the table.
        draws: to look at.
    """
    inside = set(known)
    generator = np.random.default_rng(0)
    return any(space.canonical(space.sample(generator)) not in inside for _ in range(draws))
