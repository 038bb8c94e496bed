"""What architectures cost, and the limits and trade-offs that a config puts on it."""

from __future__ import annotations

import contextlib
import functools
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import ml_collections

from nao_tf.errors import InputError
from nao_tf.evaluators.child import Child
from nao_tf.evaluators.latency import measure_latency
from nao_tf.interrupts import interrupts_noticed
from nao_tf.spaces.architecture import Architecture
from nao_tf.spaces.constrained import Cost, Limit

UNITS = {'params': 'parameters', 'flops': 'FLOPs', 'latency_ms': 'ms'}
KEPT = 1 << 16  # architectures whose cost is remembered
LATENCY, MEASURING = 'latency', 'measuring'  # events of the journal
LATENCY_DRAWS = 20  # random architectures at the most that are measured before the search, where latency is limited


class Costs:
    """Parameters and FLOPs of the child of an architecture, counted without building it, and its measured latency.

    FLOPs are twice the multiply-adds of convolutions and products, for one image or one word. A latency is measured
    once for each architecture; it is part of the journal, so that a search that is continued decides by the same
    figures. So are attempts to measure it, before they start: a child that has ended the process `max_attempts` times,
    or that raises, is infinitely slow.

    Args:
        child: of the search.
        max_attempts: to measure one architecture.
    """

    def __init__(self, child: Child, max_attempts: int = 3):
        self.child = child
        self.max_attempts = max_attempts
        self.measured: dict[Architecture, float] = {}
        self._attempts: dict[Architecture, int] = {}
        self._record: Callable[[Sequence[dict[str, Any]]], None] = lambda events: None
        self._warn: Callable[[str], None] = lambda message: None
        self.params: Cost = functools.lru_cache(KEPT)(child.parameters)
        self.flops: Cost = functools.lru_cache(KEPT)(lambda architecture: 2 * child.multiply_adds(architecture))

    def cost(self, name: str) -> Cost:
        """Returns one of the costs of a canonical architecture as a function.

        Args:
            name: `params`, `flops` or `latency_ms`.
        """
        return {'params': self.params, 'flops': self.flops, 'latency_ms': self.latency_ms}[name]

    def latency_ms(self, architecture: Architecture) -> float:
        """Returns the latency of a canonical architecture in milliseconds, measured if it is not known.

        Infinite for a child that cannot be measured.
        """
        if architecture not in self.measured:
            self.measured[architecture] = self._measure(architecture)
        return self.measured[architecture]

    def _measure(self, architecture: Architecture) -> float:
        tokens, before = list(architecture.tokens), self._attempts.get(architecture, 0)
        if before >= self.max_attempts:
            return self._failed(tokens, f'the process died in each of {before} attempts')
        self._record([{'event': MEASURING, 'tokens': tokens, 'attempt': before + 1}])
        try:
            with interrupts_noticed():
                latency = round(measure_latency(self.child, architecture), 4)
        except (KeyboardInterrupt, InputError, OSError):
            # As for a trial: what a person or their disk ended says nothing about the child.
            with contextlib.suppress(OSError):
                self._record([{'event': MEASURING, 'tokens': tokens, 'attempt': before}])
            raise
        except Exception as error:
            return self._failed(tokens, f'{type(error).__name__}: {error}')
        self._record([{'event': LATENCY, 'tokens': tokens, 'ms': latency}])
        return latency

    def _failed(self, tokens: list[int], why: str) -> float:
        reason = ' '.join(why.split())[:500]
        self._warn(f'the latency of {tokens} cannot be measured, so it is beyond every limit: {reason}')
        self._record([{'event': LATENCY, 'tokens': tokens, 'ms': None, 'reason': reason}])
        return math.inf

    def load(self, events: Sequence[Mapping[str, Any]], space: str) -> None:
        """Takes over the latencies and the attempts of earlier sessions.

        Args:
            events: of the journal.
            space: name of the space of the tokens.

        Raises:
            InputError: if an event is of another version of the package.
        """
        self.measured |= latencies(events, space)
        self._attempts |= dict(_by_architecture(events, MEASURING, space, 'attempt'))

    def record(self, record: Callable[[Sequence[dict[str, Any]]], None], warn: Callable[[str], None]) -> None:
        """Sets where latencies are recorded, and who is told of children that have none.

        Args:
            record: takes the events of a journal.
            warn: takes one line.
        """
        self._record, self._warn = record, warn


def latencies(events: Iterable[Mapping[str, Any]], space: str) -> dict[Architecture, float]:
    """Returns the latencies that a journal holds, in milliseconds; of several of one architecture the first.

    Args:
        events: of the journal.
        space: name of the space of the tokens.

    Raises:
        InputError: if an event is of another version of the package.
    """
    found: dict[Architecture, float] = {}
    for architecture, latency in _by_architecture(events, LATENCY, space, 'ms'):
        found.setdefault(architecture, latency)
    return found


def _by_architecture(
    events: Iterable[Mapping[str, Any]], kind: str, space: str, field: str
) -> Iterator[tuple[Architecture, Any]]:
    """Yields architectures and a number of their events; an infinite one for null."""
    for event in events:
        if event['event'] != kind:
            continue
        try:
            yield Architecture(space, tuple(map(int, event['tokens']))), _number(event[field])
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(f'{str(event)[:80]} of the journal is not of this version: {error!r}') from None


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | None):
        raise TypeError(f'{value!r} is no number')
    return math.inf if value is None else value


def limits_of(config: ml_collections.ConfigDict, costs: Costs) -> list[Limit]:
    """Returns the limits that a config sets, the cheapest to tell first.

    Args:
        config: of a search.
        costs: of its children.

    Raises:
        InputError: if a limit is negative.
    """
    limits = []
    for name, unit in UNITS.items():
        field = f'constraints.max_{name}'
        most = config.constraints[f'max_{name}']
        if not most >= 0:
            raise InputError(f'{field} is {most}; it must be above 0, or 0 for no limit')
        if most:
            draws = LATENCY_DRAWS if name == 'latency_ms' else Limit.draws
            limits.append(Limit(field, most, costs.cost(name), unit, draws))
    return limits


def describe_limits(flat: Mapping[str, Any]) -> str:
    """Returns the limits of a config for a person, '' without any.

    Args:
        flat: the config by full names; fields that it is too old to have are no limits.
    """
    found = {name: flat.get(f'constraints.max_{name}', 0) for name in UNITS}
    words = {name: f'{most:,} {UNITS[name]}' for name, most in found.items() if most}
    if 'flops' in words:
        words['flops'] += f' ({found["flops"] / 2:,.0f} multiply-adds)'
    return 'at most ' + ', '.join(words.values()) if words else ''
