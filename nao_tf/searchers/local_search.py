"""Local search: walk to the best neighbour until there is no better one (White et al. 2020)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nao_tf.searchers.base import Searcher, check_at_least
from nao_tf.searchers.evaluation import Proposal
from nao_tf.spaces.architecture import Architecture
from nao_tf.spaces.base import SearchSpace


class LocalSearch(Searcher):
    """Evaluates the neighbours of a cell, moves to the best of them, and starts anew at a local optimum.

    White, Nolen & Savani 2020, "Local Search is State of the Art for Neural Architecture Search Benchmarks",
    Algorithm 1, from memory: pick a random v; evaluate its whole neighbourhood N(v); if the best of it is better
    than v, it becomes v, else v is a local optimum. Here the search then begins again from the best of
    `start` new random cells (their remark for budgets that outlast one descent); N(v) are the canonical
    forms of all one-decision mutations. A neighbour that is known already is judged by its stored score; it costs
    nothing and is counted as a duplicate.

    With `first_improvement` it moves as soon as an evaluated batch holds a better neighbour. That, with one neighbour
    at a time, is the default, which was chosen for some hundreds of evaluations (docs/search.md); the paper's
    algorithm, as remembered, is `first_improvement=False` with `start=1`.

    A search that begins with scores (those of a pool, or of another search) begins at the best of them; what it is
    asked for beyond its neighbours is filled with those of the next best.

    Args:
        space: what is searched.
        start: random cells of which the best is the beginning of a descent (1 in the paper).
        first_improvement: whether it moves at the first better neighbour rather than to the best one.
        batch: neighbours between two observations; it changes the walk only with `first_improvement`.
        seed: of every draw.

    Raises:
        InputError: if a setting is below 1.
    """

    state_in_propose = True

    def __init__(
        self,
        space: SearchSpace,
        *,
        start: int = 5,
        first_improvement: bool = True,
        batch: int = 1,
        seed: int = 0,
    ):
        super().__init__(space, seed=seed)
        check_at_least(1, start=start, batch=batch)
        self.start = start
        self.first_improvement = first_improvement
        self.batch = batch
        self.center: Architecture | None = None  # v; None while the beginning of a descent is drawn
        self.waiting: list[Architecture] = []  # cells of this step that have not been looked at, the next one last
        self.seen: list[Architecture] = []  # cells of this step that are evaluated or will be
        self.descents = 0

    @property
    def round_size(self) -> int:
        """`start` cells at a beginning, then `batch` neighbours."""
        return self.start if self.center is None and len(self.seen) < self.start else self.batch

    def state_dict(self) -> dict[str, Any]:
        """Returns the state of the base class and the place of the walk."""
        return {
            **super().state_dict(),
            'center': None if self.center is None else list(self.center.tokens),
            'waiting': [list(cell.tokens) for cell in self.waiting],
            'seen': [list(cell.tokens) for cell in self.seen],
            'descents': self.descents,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continues from what `state_dict` returned.

        Args:
            state: of a searcher that was made with the same arguments.
        """
        super().load_state_dict(state)
        center = state['center']
        self.center = None if center is None else Architecture(self.space.name, tuple(center))
        self.waiting = [Architecture(self.space.name, tuple(tokens)) for tokens in state['waiting']]
        self.seen = [Architecture(self.space.name, tuple(tokens)) for tokens in state['seen']]
        self.descents = int(state['descents'])

    def _propose(self, count: int) -> list[Proposal]:
        proposals: list[Proposal] = []
        taken: set[Architecture] = set()
        if self.evaluations and not self.seen and not self.descents:
            self._set_center(self.best(1)[0])
        while len(proposals) < count:
            self._move()
            if self.center is None:
                fresh = self.random_proposals(
                    min(count - len(proposals), self.start - len(self.seen)), taken, round_number=self.descents
                )
                proposals += fresh
                self.seen += [proposal.architecture for proposal in fresh]
                if not fresh:  # the space is exhausted, or the beginning waits for its scores
                    break
                continue
            while self.waiting:
                cell = self.waiting[-1]
                known = cell in self.known or cell in taken
                if not known and len(proposals) == count:
                    break
                self.seen.append(self.waiting.pop())
                if known:
                    self.duplicates += 1
                    continue
                taken.add(cell)
                proposals.append(Proposal(cell, 'mutation', self.descents, parent=self.center))
            if not self.waiting and any(self.score(cell) is None for cell in self.seen):
                break
        missing = count - len(proposals)
        if missing and count > max(self.start, self.batch) and self.evaluations:
            parents, limit = self.best(count), max(1000, 4 * missing)
            proposals += self.mutation_proposals(missing, parents, taken, round_number=self.descents, limit=limit)
        if not proposals:  # asked again before its cells are evaluated
            proposals = self.random_proposals(count, taken, round_number=self.descents)
        return proposals

    def _move(self) -> None:
        """Moves as far as the known scores allow: to a better neighbour, or to the beginning of a new descent."""
        while self.seen:
            ready = [cell for cell in self.seen if self.score(cell) is not None]
            if self.center is None:
                if len(self.seen) < self.start or len(ready) < len(self.seen):
                    return
                self._set_center(self._best_of(ready))
                continue
            better = [cell for cell in ready if self._value(cell) > self._value(self.center)]
            ended = not self.waiting and len(ready) == len(self.seen)
            if better and (ended or self.first_improvement):
                self._set_center(self._best_of(better))
            elif ended:
                self.center, self.seen = None, []
            else:
                return

    def _set_center(self, cell: Architecture) -> None:
        """Makes a cell the center and puts its neighbours into a random order."""
        if self.center is None:
            self.descents += 1
        self.center, self.seen = cell, []
        neighbours = dict.fromkeys(self.space.canonical(mutation) for mutation in self.space.mutations(cell))
        neighbours.pop(cell, None)
        ordered = list(neighbours)
        self.waiting = [ordered[index] for index in self.rng().permutation(len(ordered))]

    def _best_of(self, cells: list[Architecture]) -> Architecture:
        return max(cells, key=self._value)

    def _value(self, cell: Architecture) -> float:
        score = self.score(cell)
        return float('-inf') if score is None else score
