"""The ascent: from evaluated architectures along the gradient to new ones (Eq. 2; Alg. 1, lines 5 and 6)."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Callable, Container, Sequence
from typing import NamedTuple

import numpy as np

from nao_tf.spaces.architecture import Architecture
from nao_tf.spaces.base import SearchSpace

MOST_SETS = 1000  # sets of states that a seed's tries take turns with


@dataclasses.dataclass(frozen=True)
class Ascent:
    """What the ascent from one seed architecture came to; Fig. 2(b) is drawn from these.

    Args:
        parent: the seed architecture x.
        architecture: the decoded x', canonical and new; None if the seed was given up.
        before: f(e_x), in units of the real score.
        after: f(e_x') at this step size.
        predicted: f(E(x')) of the decoded cell.
        step_size: eta.
        steps: which of the seed's tries it was, counted from 1.
        tries: how many tries the seed made in all, those that were only compared included.
    """

    parent: Architecture
    architecture: Architecture | None
    before: float
    after: float
    predicted: float
    step_size: float
    steps: int
    tries: int = 0


@dataclasses.dataclass(frozen=True)
class StepRule:
    """The sizes eta that a seed tries: first, first + increment, ... at most `count` of them (C6).

    Args:
        first: eta of the first try.
        increment: growth from try to try.
        count: tries of one seed.
        candidates: tries for every architecture that is wanted (rounded up for all that a seed still lacks), of
            which the best predicted new ones are taken; with 1 the first new ones are.
    """

    first: float
    increment: float
    count: int
    candidates: float = 1


class Tries(NamedTuple):
    """A batch of R tries: index of the seed [R], number of its try [R], eta [R]."""

    seeds: np.ndarray
    steps: np.ndarray
    sizes: np.ndarray


class Climbed(NamedTuple):
    """What R tries came to: decoded tokens int [R, T]; f(e_x), f(e_x') and f(E(x')), float [R] each."""

    tokens: np.ndarray
    before: np.ndarray
    after: np.ndarray
    predicted: np.ndarray


def ascend(
    space: SearchSpace,
    parents: Sequence[Architecture],
    *,
    climb: Callable[[Tries], Climbed],
    rule: StepRule,
    known: Container[Architecture] | Callable[[Architecture], bool],
    per_parent: int,
    rows: int,
) -> list[Ascent]:
    """Climbs from every parent until its decoded cell is canonically new, `per_parent` times.

    All seeds that still climb are decoded together. Without a choice among candidates the seeds that are left try
    several step sizes in one call, read in the order of the sizes: the outcome is that of one try after the other.

    Args:
        space: tells which architectures are the same.
        parents: n seed architectures.
        climb: a step of Eq. (2) for a batch of tries, decoded and predicted.
        rule: the step sizes.
        known: canonical architectures that are not new, as a container or a function.
        per_parent: new architectures wanted from each parent.
        rows: architectures that one compiled call takes.

    Returns:
        For every parent, in order, its new architectures; a parent that found fewer than `per_parent` ends with one
        `Ascent` without an architecture.
    """
    is_known = known if callable(known) else known.__contains__
    found: set[Architecture] = set()
    results: list[list[Ascent]] = [[] for _ in parents]
    tried = [0] * len(parents)
    read = [0] * len(parents)  # without those that were decoded ahead in vain
    active = list(range(len(parents)))
    while active:
        tries = _plan(active, tried, [per_parent - len(result) for result in results], rule, rows)
        climbed = climb(tries)
        last: dict[int, Ascent] = {}
        for row in _reading_order(tries, climbed, rule):
            seed = int(tries.seeds[row])
            if len(results[seed]) == per_parent:
                continue
            read[seed] = int(tries.steps[row]) + 1
            candidate = space.canonical(Architecture(space.name, tuple(climbed.tokens[row].tolist())))
            new = candidate not in found and not is_known(candidate)
            last[seed] = Ascent(
                parent=parents[seed],
                architecture=candidate if new else None,
                before=float(climbed.before[row]),
                after=float(climbed.after[row]),
                predicted=float(climbed.predicted[row]),
                step_size=float(tries.sizes[row]),
                steps=read[seed],
            )
            if new:
                found.add(candidate)
                results[seed].append(last[seed])
        for seed in active:
            tried[seed] += int(np.sum(tries.seeds == seed))
        unfinished = [seed for seed in active if len(results[seed]) < per_parent]
        for seed in unfinished:
            if tried[seed] >= rule.count:
                results[seed].append(dataclasses.replace(last[seed], architecture=None))
        active = [seed for seed in unfinished if tried[seed] < rule.count]
    made = read if rule.candidates == 1 else tried
    return [
        dataclasses.replace(ascent, tries=count)
        for result, count in zip(results, made, strict=True)
        for ascent in result
    ]


def _plan(active: list[int], tried: list[int], missing: list[int], rule: StepRule, rows: int) -> Tries:
    """Returns the next tries of every active seed, all seeds' first tries first."""
    ahead = max(1, rows // len(active))
    planned = []
    for seed in active:
        count = max(ahead, math.ceil(rule.candidates * missing[seed] - 1e-9))
        planned += [(step, seed) for step in range(tried[seed], min(tried[seed] + count, rule.count))]
    steps, seeds = np.array(sorted(planned)).T
    return Tries(seeds, steps, (rule.first + steps * rule.increment).astype(np.float32))


def _reading_order(tries: Tries, climbed: Climbed, rule: StepRule) -> list[int]:
    """Returns the rows by step size; or, where candidates are chosen from, by prediction, best first."""
    if rule.candidates == 1:
        return list(range(len(tries.seeds)))
    return np.argsort(-climbed.predicted, kind='stable').tolist()


def moved_states(
    embeddings: np.ndarray, gradient: np.ndarray, count: int, *, pool: int
) -> Callable[[Tries], np.ndarray]:
    """Returns what chooses the states that a try of Eq. (2) moves.

    A seed's tries take turns with the sets of `count` states among the `pool` that point least along the gradient:
    being of unit length, these have most to gain. The set with the least sum comes first.

    Args:
        embeddings: e_x of the n seeds, [n, S, D].
        gradient: df/dh_t there, [n, S, D].
        count: states to move; 0 for all.
        pool: states to choose from, at least `count`.

    Returns:
        A function from R tries to float32 [R, S], 1 for the states that move.
    """
    steps = embeddings.shape[1]
    if not 0 < count < steps:
        return lambda tries: np.ones((len(tries.seeds), steps), np.float32)
    along = np.sum(embeddings * gradient, axis=-1)
    order = np.argsort(along, axis=1, kind='stable')[:, : min(max(pool, count), steps)]  # [n, pool]
    sets = np.array(list(itertools.islice(itertools.combinations(range(order.shape[1]), count), MOST_SETS)))
    sums = np.take_along_axis(along, order, axis=1)[:, sets].sum(axis=2)  # [n, sets]
    turns = np.argsort(sums, axis=1, kind='stable')

    def choose(tries: Tries) -> np.ndarray:
        chosen = sets[turns[tries.seeds, tries.steps % len(sets)]]  # [R, count], places in `order`
        moved = np.zeros((len(tries.seeds), steps), np.float32)
        np.put_along_axis(moved, np.take_along_axis(order[tries.seeds], chosen, axis=1), 1.0, axis=1)
        return moved

    return choose


def drawn_states(steepness: np.ndarray, most: int, rng: np.random.Generator) -> Callable[[Tries], np.ndarray]:
    """Returns what draws the states that a try of Eq. (2) moves: one to `most`, the steeper the likelier.

    Args:
        steepness: length of df/dh_t, [n, S].
        most: states that one try moves at the most; 0 for all S.
        rng: of the draws.

    Returns:
        A function from R tries to float32 [R, S], 1 for the states that move.
    """
    logits = np.log(steepness + 1e-12)
    bound = min(most or logits.shape[1], logits.shape[1])

    def choose(tries: Tries) -> np.ndarray:
        keys = logits[tries.seeds] + rng.gumbel(size=(len(tries.seeds), logits.shape[1]))
        places = np.argsort(np.argsort(-keys, axis=1), axis=1)
        counts = rng.integers(1, bound + 1, size=(len(tries.seeds), 1))
        return (places < counts).astype(np.float32)

    return choose


def unit_noise(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Returns random directions, float32 of a shape [R, S, D] with rows of unit length."""
    noise = rng.standard_normal(shape, dtype=np.float32)
    return noise / np.linalg.norm(noise, axis=-1, keepdims=True)
