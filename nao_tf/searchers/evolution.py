"""Evolution with tournament selection: aging (Real et al. 2018) and the non-aging form it is compared with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from nao_tf.searchers.base import Searcher, check_at_least
from nao_tf.searchers.evaluation import Evaluation, Proposal
from nao_tf.spaces.architecture import Architecture
from nao_tf.spaces.base import SearchSpace


class Evolution(Searcher):
    """Regularized (aging) evolution: the best of a sample is mutated, the oldest of the population dies.

    Real et al. 2018, "Regularized Evolution for Image Classifier Architecture Search", Algorithm 1: a population of
    P random cells; then, in every cycle, S members are drawn with replacement, the best of them is the parent, the
    child is one mutation of it, is evaluated and pushed right, and the leftmost (oldest) member is removed.

    A child that is known already enters the population with its stored score, as it does on a table without
    deduplication; it costs nothing, is counted as a duplicate, and another is drawn. After `max_draws` children
    without a new one, mutations of the best cells and then uniform draws take their place. The paper's identity
    mutation is left out: with a stored score it would only renew a member's age.

    The paper's P = 100 and S = 25 are for 20,000 models, and NAS-Bench-101's own example has P = 50 and S = 10. The
    defaults here were chosen for some hundreds of evaluations (docs/search.md).

    Args:
        space: what is searched.
        population: P.
        sample: S.
        batch: children between two observations; 1 is the sequential algorithm.
        max_draws: children drawn for each proposal before it is filled otherwise.
        seed: of every draw.

    Raises:
        InputError: if a setting is below 1 (the population: 2).
    """

    state_in_propose = True

    def __init__(
        self,
        space: SearchSpace,
        *,
        population: int = 20,
        sample: int = 10,
        batch: int = 1,
        max_draws: int = 1000,
        seed: int = 0,
    ):
        super().__init__(space, seed=seed)
        check_at_least(1, sample=sample, batch=batch, max_draws=max_draws)
        check_at_least(2, population=population)
        self.capacity = population
        self.sample = sample
        self.batch = batch
        self.max_draws = max_draws
        self.population: list[Architecture] = []  # the oldest first

    @property
    def round_size(self) -> int:
        """The rest of the random start while it lasts, then `batch`."""
        missing = self.capacity - len(self.known)
        return missing if missing > 0 else self.batch

    def observe(self, evaluations: Sequence[Evaluation]) -> None:
        """Takes evaluated cells into the population; of more than P at once (a pool, another search) the P best.

        Args:
            evaluations: of canonical architectures; a failed one counts as the worst score of the pool.
        """
        super().observe(evaluations)
        scores = [-np.inf if evaluation.failed else evaluation.score for evaluation in evaluations]
        for index in sorted(np.argsort(-np.array(scores), kind='stable')[: self.capacity]):
            self._enter(evaluations[index].architecture)

    def state_dict(self) -> dict[str, Any]:
        """Returns the state of the base class and the population, the oldest first."""
        return {**super().state_dict(), 'population': [list(member.tokens) for member in self.population]}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continues from what `state_dict` returned.

        Args:
            state: of a searcher that was made with the same arguments.
        """
        super().load_state_dict(state)
        self.population = [Architecture(self.space.name, tuple(tokens)) for tokens in state['population']]

    def _propose(self, count: int) -> list[Proposal]:
        taken: set[Architecture] = set()
        started = len(self.known) >= self.capacity and bool(self.population)
        proposals = self._children(count, taken) if started else []
        missing = count - len(proposals)
        if started and missing:
            proposals += self.mutation_proposals(missing, self.best(self.sample), taken, round_number=1)
        proposals += self.random_proposals(count - len(proposals), taken, round_number=int(started))
        return proposals

    def _children(self, count: int, taken: set[Architecture]) -> list[Proposal]:
        """Returns new children; the known ones that are drawn on the way live in the population (Alg. 1, cycle)."""
        proposals: list[Proposal] = []
        generator = self.rng()
        for _ in range(count * self.max_draws):
            drawn = generator.integers(len(self.population), size=self.sample)
            scores = self._scores_of(drawn)
            parent = self.population[drawn[int(np.argmax(scores))]]
            child = self.space.canonical(self.space.mutate(parent, generator))
            if child in taken or (child in self.known and self.score(child) is None):
                self.duplicates += 1
                continue
            self._make_room(int(drawn[int(np.argmin(scores))]), len(taken))
            if child in self.known:
                self.duplicates += 1
                self._enter(child)
                continue
            taken.add(child)
            proposals.append(Proposal(child, 'mutation', 1, parent=parent))
            if len(proposals) == count:
                break
        return proposals

    def _scores_of(self, members: np.ndarray) -> list[float]:
        scores = [self.score(self.population[index]) for index in members]
        return [-np.inf if score is None else score for score in scores]

    def _make_room(self, worst: int, waiting: int) -> None:
        """Lets a member die when a child is made, where the rule is not age."""

    def _enter(self, member: Architecture) -> None:
        """Pushes a member right and removes the oldest above P."""
        self.population.append(member)
        del self.population[: -self.capacity]


class Tournament(Evolution):
    """Non-aging evolution: as `Evolution`, but the worst of the sample dies instead of the oldest member.

    Real et al. 2018 compare aging with this tournament selection (Goldberg & Deb 1991). Which of its forms they
    used is from memory: here the worst of the S members that chose the parent dies, not the worst of the whole
    population, because that keeps more of the population's variety and is the form of the large-scale evolution
    (Real et al. 2017) that they started from. It dies when the child is made, so that children that are evaluated
    at the same time replace different members.

    Args:
        space: what is searched.
        population: P.
        sample: S.
        batch: children between two observations; 1 is the sequential algorithm.
        max_draws: children drawn for each proposal before it is filled otherwise.
        seed: of every draw.

    Raises:
        InputError: if a setting is below 1 (the population: 2).
    """

    def _make_room(self, worst: int, waiting: int) -> None:
        if len(self.population) > 1 and len(self.population) + waiting >= self.capacity:
            del self.population[worst]
