"""What searchers draw: new cells, uniformly or by mutation, every draw with a generator of its own."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nao_tf.searchers.enumeration import canonical_cells, is_listable
from nao_tf.searchers.evaluation import Proposal
from nao_tf.searchers.known import known_cells
from nao_tf.spaces.architecture import Architecture
from nao_tf.spaces.base import SearchSpace


class Drawing:
    """The draws of a searcher, and what they leave out: the cells that it knows.

    Args:
        space: what is searched.
        seed: of every draw.

    Attributes:
        known: canonical architectures that are not drawn again; what the space does not admit is found in it too.
        duplicates: how often a known cell was drawn; it costs nothing and is counted apart.
        draws: generators that were asked for; the number of the draw.
    """

    def __init__(self, space: SearchSpace, *, seed: int = 0):
        self.space = space
        self.seed = seed
        self.known = known_cells(space)
        self.duplicates = 0
        self.draws = 0

    def rng(self) -> np.random.Generator:
        """Returns a fresh generator of (seed, number of the draw) and counts the draw."""
        self.draws += 1
        return np.random.default_rng([self.seed, self.draws])

    def draw_new(self, taken: set[Architecture], limit: int = 1000) -> Architecture | None:
        """Draws uniformly until a cell is neither known nor taken.

        Args:
            taken: cells of the proposal that is being made.
            limit: draws before it stops drawing.

        Returns:
            A canonical architecture; None if there is no other one, or (in a space too large to be listed) none was
            found. What is left of a space that can be listed is looked up when the draws end, so that its end is
            certain.
        """
        generator = self.rng()
        for _ in range(limit):
            candidate = self.space.canonical(self.space.sample(generator))
            if candidate not in self.known and candidate not in taken:
                return candidate
            self.duplicates += 1
        if not is_listable(self.space):
            return None
        left = [cell for cell in canonical_cells(self.space) if cell not in self.known and cell not in taken]
        return left[int(generator.integers(len(left)))] if left else None

    def random_proposals(
        self, count: int, taken: set[Architecture] | None = None, *, round_number: int = 0
    ) -> list[Proposal]:
        """Returns new uniform draws: a random start, or the last resort of a later round.

        Args:
            count: how many; fewer come where the space is (nearly) exhausted.
            taken: other cells of the same proposal; the drawn ones are added.
            round_number: of the proposals.
        """
        taken = set() if taken is None else taken
        proposals: list[Proposal] = []
        while len(proposals) < count:
            architecture = self.draw_new(taken)
            if architecture is None:
                break
            taken.add(architecture)
            proposals.append(Proposal(architecture, 'random', round_number))
        return proposals

    def mutation_proposals(
        self,
        count: int,
        parents: Sequence[Architecture],
        taken: set[Architecture],
        *,
        round_number: int,
        limit: int = 1000,
    ) -> list[Proposal]:
        """Returns new one-decision neighbours of parents, who take turns.

        Args:
            count: how many at the most.
            parents: at least one.
            taken: other cells of the same proposal; the drawn ones are added.
            round_number: of the proposals.
            limit: draws before it gives up.
        """
        proposals: list[Proposal] = []
        if count <= 0:
            return proposals
        generator = self.rng()
        for attempt in range(limit):
            parent = parents[attempt % len(parents)]
            child = self.space.canonical(self.space.mutate(parent, generator))
            if child in self.known or child in taken:
                self.duplicates += 1
                continue
            taken.add(child)
            proposals.append(Proposal(child, 'mutation', round_number, parent=parent))
            if len(proposals) == count:
                break
        return proposals
