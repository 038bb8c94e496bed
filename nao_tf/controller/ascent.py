"""The ascent: from evaluated architectures along the gradient to new ones (Eq. 2; Alg. 1, lines 5 and 6)."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Container, Sequence

import numpy as np

from nao_tf.spaces.architecture import Architecture
from nao_tf.spaces.base import SearchSpace

# tokens [R, T] and eta [R] -> decoded tokens [R, T], f(e_x) [R], f(e_x') [R], f(E(x')) [R]
Climb = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]]


@dataclasses.dataclass(frozen=True)
class Ascent:
    """What the ascent from one seed architecture came to; Fig. 2(b) is drawn from these.

    Args:
        parent: the seed architecture x.
        architecture: the decoded x', canonical and new; None if the seed was given up.
        before: f(e_x), in units of the real score.
        after: f(e_x') at the last step size.
        predicted: f(E(x')) of the decoded cell at the last step size.
        step_size: the last eta.
        steps: how many step sizes were tried for this result.
    """

    parent: Architecture
    architecture: Architecture | None
    before: float
    after: float
    predicted: float
    step_size: float
    steps: int


@dataclasses.dataclass(frozen=True)
class StepRule:
    """The sizes eta that a seed tries: first, first + increment, ... at most `count` of them (C6)."""

    first: float
    increment: float
    count: int

    def size(self, step: int) -> float:
        """Returns eta of a step counted from 0."""
        return self.first + step * self.increment


def ascend(
    space: SearchSpace,
    parents: Sequence[Architecture],
    *,
    tokens: np.ndarray,
    climb: Climb,
    rule: StepRule,
    known: Container[Architecture] | Callable[[Architecture], bool],
    per_parent: int,
    rows: int,
) -> list[Ascent]:
    """Climbs from every parent until its decoded cell is canonically new, `per_parent` times.

    Seeds that still climb are decoded together; when few are left, each tries several step sizes in one call,
    and the results are read in the order of the step sizes, so the outcome does not depend on `rows`.

    Args:
        space: tells which architectures are the same.
        parents: n seed architectures.
        tokens: int32 [n, T], their tokens.
        climb: one step of Eq. (2) for a batch.
        rule: the step sizes.
        known: canonical architectures that are not new, as a container or a function.
        per_parent: new architectures wanted from each parent.
        rows: architectures that one compiled call takes.

    Returns:
        For every parent, in order, its new architectures; a parent that found none, or fewer than `per_parent`,
        ends with one `Ascent` without an architecture.
    """
    is_known = known if callable(known) else known.__contains__
    found: set[Architecture] = set()
    results: list[list[Ascent]] = [[] for _ in parents]
    tried = [0] * len(parents)  # step sizes used so far
    since = [0] * len(parents)  # step sizes used since the last new architecture
    active = list(range(len(parents)))
    while active:
        width = max(1, rows // len(active))
        grid = [
            (parent, tried[parent] + offset)
            for offset in range(width)
            for parent in active
            if tried[parent] + offset < rule.count
        ]
        index = np.array([parent for parent, _ in grid])
        sizes = np.array([rule.size(step) for _, step in grid], np.float32)
        decoded, before, after, predicted = climb(tokens[index], sizes)
        last: dict[int, Ascent] = {}
        for row, (parent, step) in enumerate(grid):
            if len(results[parent]) == per_parent:
                continue
            tried[parent] = step + 1
            since[parent] += 1
            candidate = space.canonical(Architecture(space.name, tuple(decoded[row].tolist())))
            new = candidate not in found and not is_known(candidate)
            last[parent] = Ascent(
                parents[parent], candidate if new else None, float(before[row]), float(after[row]),
                float(predicted[row]), float(sizes[row]), since[parent],
            )  # fmt: skip
            if new:
                found.add(candidate)
                results[parent].append(last[parent])
                since[parent] = 0
        remaining = []
        for parent in active:
            if len(results[parent]) == per_parent:
                continue
            if tried[parent] < rule.count:
                remaining.append(parent)
            elif last[parent].architecture is None:
                results[parent].append(last[parent])
        active = remaining
    return [ascent for group in results for ascent in group]
