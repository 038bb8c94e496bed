"""A space of which only the architectures that keep limits of cost are searched."""

from __future__ import annotations

import copy
import dataclasses
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from nao_tf.errors import InputError
from nao_tf.spaces.architecture import Architecture
from nao_tf.spaces.base import SearchSpace

Cost = Callable[[Architecture], float]

ENOUGH = 50  # of `Limit.draws` to one fitting architecture: so many of these, 3 at the least, end the first look
MOST_DRAWS = 100_000  # of one sample
MOST_MUTATIONS = 100  # of one parent, before its neighbours are looked through one by one


@dataclasses.dataclass(frozen=True)
class Limit:
    """The most that an architecture may cost.

    Args:
        field: of the config, for errors.
        most: the limit itself still fits.
        cost: of a canonical architecture; it is asked again and again, and remembers what is expensive.
        unit: of the cost, such as `parameters`.
        draws: how many random architectures are asked for it at the most, to tell whether a search makes sense.
    """

    field: str
    most: float
    cost: Cost
    unit: str
    draws: int = 1000

    def fits(self, architecture: Architecture) -> bool:
        """Returns whether a canonical architecture keeps the limit."""
        return self.cost(architecture) <= self.most


@dataclasses.dataclass(frozen=True)
class Fit:
    """How many of the first random architectures keep the limits.

    Args:
        drawn: looked at.
        fitting: that keep every limit.
    """

    drawn: int
    fitting: int


def constrain(space: SearchSpace, limits: Sequence[Limit]) -> SearchSpace:
    """Returns a copy of a space whose architectures keep limits, for a searcher; the space itself without limits.

    Draws are repeated until one fits, so that they are uniform over what fits; neighbours and extensions are those
    that fit. `admits` tells of any canonical architecture whether it fits, which is how searchers leave out what
    they decode or draw by themselves. The language stays: `size`, masks, symmetries and canonical forms are those of
    the space, and so is its class.

    Args:
        space: stays as it is.
        limits: asked in this order; the cheap ones come first.
    """
    if not limits:
        return space
    result: Any = copy.copy(space)
    # Attributes of the copy take the place of its methods; it stays a space of the same class.
    inside = _Inside(space, limits)
    result.unlimited = space
    for name in ('admits', 'sample', 'mutations', 'mutate', 'extensions', 'extend'):
        setattr(result, name, getattr(inside, name))
    return result


def check_limits(space: SearchSpace, limits: Sequence[Limit]) -> Fit:
    """Looks at random architectures, always the same ones, and returns how many keep the limits.

    Args:
        space: without limits.
        limits: at least one.

    Raises:
        InputError: if none does, with the smallest cost that was found.
    """
    rng = np.random.default_rng(0)
    smallest = [math.inf] * len(limits)
    asked = [0] * len(limits)
    enough = max(min(limit.draws for limit in limits) // ENOUGH, 3)
    drawn = fitting = 0
    while fitting < enough and all(count < limit.draws for count, limit in zip(asked, limits, strict=True)):
        architecture = space.canonical(space.sample(rng))
        drawn += 1
        for number, limit in enumerate(limits):
            asked[number] += 1
            cost = limit.cost(architecture)
            smallest[number] = min(smallest[number], cost)
            if cost > limit.most:
                break
        else:
            fitting += 1
    if fitting:
        return Fit(drawn, fitting)
    # Whatever came as far as the last limit that was asked did not keep it.
    last = max(number for number, count in enumerate(asked) if count)
    limit = limits[last]
    if math.isinf(smallest[last]):
        raise InputError(
            f'{limit.field} is {_number(limit.most)}, but none of {asked[last]:,} random architectures of space '
            f'{space.name} could be measured; the warnings say why'
        )
    others = ' and '.join(f'{limit.field}={_number(limit.most)}' for limit in limits[:last])
    raise InputError(
        f'{limit.field} is {_number(limit.most)}, but of {asked[last]:,} random architectures of space {space.name} '
        f'{f"within {others} " if others else ""}the smallest has {_number(smallest[last])} {limit.unit}; raise it, or '
        'make config.child smaller'
    )


class _Inside:
    """The methods of a space, of those architectures only that keep the limits."""

    def __init__(self, space: SearchSpace, limits: Sequence[Limit]):
        self.space = space
        self.limits = tuple(limits)

    def admits(self, architecture: Architecture) -> bool:
        return all(limit.fits(architecture) for limit in self.limits)

    def _fits(self, architecture: Architecture) -> bool:
        return self.admits(self.space.canonical(architecture))

    def sample(self, rng: np.random.Generator) -> Architecture:
        for _ in range(MOST_DRAWS):
            architecture = self.space.sample(rng)
            if self._fits(architecture):
                return architecture
        names = ', '.join(f'{limit.field}={_number(limit.most)}' for limit in self.limits)
        raise InputError(f'no architecture of space {self.space.name} within {names} was found in {MOST_DRAWS:,} draws')

    def mutations(self, architecture: Architecture) -> Iterator[Architecture]:
        return filter(self._fits, self.space.mutations(architecture))

    def mutate(self, architecture: Architecture, rng: np.random.Generator) -> Architecture:
        for _ in range(MOST_MUTATIONS):
            mutation = self.space.mutate(architecture, rng)
            if self._fits(mutation):
                return mutation
        # A parent without a neighbour that fits is its own child: known, and so not proposed.
        fitting = list(self.mutations(architecture))
        return fitting[int(rng.integers(len(fitting)))] if fitting else architecture

    def extensions(self, architecture: Architecture | None) -> Iterator[Architecture]:
        return filter(self._fits, self.space.extensions(architecture))

    def extend(self, architecture: Architecture, rng: np.random.Generator) -> Architecture | None:
        for _ in range(MOST_MUTATIONS):
            grown = self.space.extend(architecture, rng)
            if grown is None or self._fits(grown):
                return grown
        fitting = list(self.extensions(architecture))
        return fitting[int(rng.integers(len(fitting)))] if fitting else None


def _number(value: float) -> str:
    return f'{value:,.0f}' if float(value).is_integer() else f'{value:,.4g}'
