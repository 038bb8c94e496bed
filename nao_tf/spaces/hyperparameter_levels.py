"""One hyper-parameter as tokens: its values one by one, or in bins that a second token refines."""

from __future__ import annotations

import bisect
import dataclasses
import itertools
import math
import urllib.parse
from collections.abc import Iterator
from typing import Any

from nao_tf.errors import InputError

BINS = 10  # of a float or a large integer
LEVELS = 10  # values that are told apart within a bin, at the most
LISTED = 20  # a number of at most so many values has a token for each
TOLERANCE = 1e-6  # relative; KerasTuner's workers send numbers in single precision
SAFE = '/[](),.:_-'  # characters of a name that its words keep; `=`, `@` and `+` part a word

Value = int | float | str | bool
Condition = tuple[str, tuple[Value, ...]]  # name of the parent, and the values under which the child is there


@dataclasses.dataclass(frozen=True)
class Parameter:
    """A hyper-parameter of a KerasTuner space, and the values that its tokens tell apart.

    A `Fixed` has one value and no token. A `Choice`, a `Boolean` and a number of at most 20 values have one token, the
    value. A float without a step and a larger number have two: one of 10 bins, equally wide as KerasTuner samples
    (so on the logarithm under `sampling='log'`), and one of at most 10 levels within the bin: 100 values at the most,
    from the least to the largest.

    Args:
        name: KerasTuner's, with its name scopes.
        label: unique in the space, since a name may stand under several conditions; begins the words of the tokens.
        kind: `Choice`, `Int`, `Float`, `Boolean` or `Fixed`.
        conditions: all of which must hold for it to be active.
        bins: values; all bins have one value unless it is refined.
        default: the value that it has before it is tuned.
        ordered: whether neighbouring values are alike.
        bounds: least and largest value of a number, which a value from elsewhere may have.
    """

    name: str
    label: str
    kind: str
    conditions: tuple[Condition, ...]
    bins: tuple[tuple[Value, ...], ...]
    default: Value
    ordered: bool
    bounds: tuple[float, float] | None = None

    @property
    def refined(self) -> bool:
        """Whether a second token tells the level within the bin."""
        return max(map(len, self.bins)) > 1

    @property
    def length(self) -> int:
        """Number of its tokens: 0, 1 or 2."""
        return 0 if self.kind == 'Fixed' else 1 + self.refined

    def levels(self) -> Iterator[tuple[int, int]]:
        """Yields (bin, level) of every value, in their order."""
        return ((index, level) for index, values in enumerate(self.bins) for level in range(len(values)))

    def position(self, index: int, level: int) -> float:
        """Returns where a value stands among the others: 0 for the first, 1 for the last."""
        if not self.refined:
            return index / max(len(self.bins) - 1, 1)
        return (index + (level + 0.5) / len(self.bins[index])) / len(self.bins)

    def neighbours(self, index: int, level: int) -> Iterator[tuple[int, int]]:
        """Yields what a mutation puts in a value's place: any other, but where it is refined fewer.

        Then these are the other levels of the bin, the level of another bin that is as far along, and the nearest
        value on either side.
        """
        places = list(self.levels())
        here, own = places.index((index, level)), len(self.bins[index])
        near = places[max(here - 1, 0) : here + 2]
        for place in places:
            size = len(self.bins[place[0]])
            along = place[1] == level * size // own or level == place[1] * own // size
            if place != (index, level) and (not self.refined or place[0] == index or along or place in near):
                yield place

    def words(self) -> Iterator[str]:
        """Yields the words of its first token, then those of its second."""
        if self.refined:
            yield from (f'{self.label}@{index}' for index in range(len(self.bins)))
            yield from (f'{self.label}+{level}' for level in range(max(map(len, self.bins))))
        else:
            yield from (f'{self.label}={written(values[0])}' for values in self.bins)

    def locate(self, value: Any) -> tuple[int, int]:
        """Returns (bin, level) of a value: itself, or of a number the nearest that there is.

        Raises:
            InputError: if the hyper-parameter cannot have it.
        """
        places = list(self.levels())
        values = [self.bins[index][level] for index, level in places]
        same = [place for place, known in zip(places, values, strict=True) if known == value]
        if same:
            return same[0]
        if _is_number(value) and _is_number(values[0]):
            close = [number for number in values if math.isclose(number, value, rel_tol=TOLERANCE)]  # type: ignore[arg-type]
            if close:
                return places[values.index(close[0])]
            if self.bounds and self.bounds[0] <= value <= self.bounds[1]:
                return places[_nearest(values, value)]
        right = f'a number from {self.bounds[0]} to {self.bounds[1]}' if self.bounds else f'one of {values}'
        raise InputError(f'hyper-parameter {self.name} is {value!r}; it must be {right}')


def parameters_of(hyperparameters: Any) -> list[Parameter]:
    """Reads the space of a KerasTuner HyperParameters.

    Children stand right behind their parents, as a tree is read depth first, so that little has to be kept in mind
    between them.

    Args:
        hyperparameters: `keras_tuner.HyperParameters`; only what it declares is read, not its values.

    Raises:
        InputError: if a hyper-parameter is of a kind that is not known, or under a condition that nothing can fulfil.
    """
    waiting = list(hyperparameters.space)
    named: dict[str, set[Value]] = {}  # values that conditions ask for
    for entry in waiting:
        for parent, values in _conditions(entry):
            named.setdefault(parent, set()).update(values)
    labels: dict[str, int] = {}
    result: list[Parameter] = []
    while waiting:
        left = {entry.name for entry in waiting}
        free = [entry for entry in waiting if not left & {parent for parent, _ in _conditions(entry)}]
        if not free:
            raise InputError(f'hyper-parameter {waiting[0].name} is under a condition on itself or on its own child')
        placed = {earlier.name: index for index, earlier in enumerate(result)}
        entry = max(free, key=lambda entry: max((placed[parent] for parent, _ in _conditions(entry)), default=-1))
        waiting.remove(entry)
        label = urllib.parse.quote(entry.name, safe=SAFE)
        labels[label] = labels.get(label, 0) + 1
        suffix = f'~{labels[label]}' if labels[label] > 1 else ''
        result.append(_parameter(entry, label + suffix, named.get(entry.name, set())))
    return result


def written(value: Value) -> str:
    """Returns a value as a word: without blanks, and read back by nobody."""
    return urllib.parse.quote(str(value), safe=SAFE + '+=@')


def _parameter(entry: Any, label: str, named: set[Value]) -> Parameter:
    kind = type(entry).__name__
    conditions = tuple(_conditions(entry))
    bounds, ordered = None, kind == 'Boolean'
    if kind == 'Fixed':
        bins: tuple[tuple[Value, ...], ...] = ((entry.value,),)
    elif kind == 'Boolean':
        bins = ((False,), (True,))
    elif kind == 'Choice':
        bins, ordered = tuple((value,) for value in dict.fromkeys(entry.values)), bool(entry.ordered)
    elif kind in ('Int', 'Float'):
        bounds, ordered = (entry.min_value, entry.max_value), True
        bins = _bins(entry, named)
    else:
        raise InputError(
            f'hyper-parameter {entry.name} is of kind {kind}; Choice, Int, Float, Boolean, Fixed are known'
        )
    return Parameter(entry.name, label, kind, conditions, bins, entry.default, ordered, bounds)


def _bins(entry: Any, named: set[Value]) -> tuple[tuple[Value, ...], ...]:
    """Returns the values of a number by bins; those that a condition names are always among them."""
    steps = BINS * LEVELS
    # Without a step the ends are among the values; with one, each step owns an equal part of [0, 1).
    chances = [index / (steps - 1) if entry.step is None else (index + 0.5) / steps for index in range(steps)]
    first: dict[Value, int] = {}
    for index, chance in enumerate(chances):
        value = min(max(entry.prob_to_value(chance), entry.min_value), entry.max_value)
        first.setdefault(value, index // LEVELS)
    for value in sorted(value for value in named - first.keys() if entry.min_value <= value <= entry.max_value):
        below = [index for known, index in first.items() if known < value]  # type: ignore[operator]
        first[value] = max(below, default=0)
    ordered = sorted(first.items(), key=lambda item: item[0])
    if len(ordered) <= LISTED:
        return tuple((value,) for value, _ in ordered)
    groups = itertools.groupby(ordered, key=lambda item: item[1])
    return tuple(tuple(value for value, _ in group) for _, group in groups)


def _conditions(entry: Any) -> Iterator[Condition]:
    return ((condition.name, tuple(condition.values)) for condition in entry.conditions)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _nearest(values: list[Any], value: float) -> int:
    """Returns the index of the number that is nearest, in ascending numbers."""
    right = min(max(bisect.bisect_left(values, value), 1), len(values) - 1)
    return right if values[right] - value < value - values[right - 1] else right - 1
