"""What architectures cost, and the limits and trade-offs that a config puts on it."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import ml_collections

from nao_tf.errors import InputError
from nao_tf.evaluators.child import Child
from nao_tf.evaluators.latency import measure_latency
from nao_tf.spaces.architecture import Architecture
from nao_tf.spaces.constrained import Cost, Limit

UNITS = {'params': 'parameters', 'flops': 'FLOPs', 'latency_ms': 'ms'}
KEPT = 1 << 16  # architectures whose cost is remembered
LATENCY = 'latency'  # the event of the journal
LATENCY_DRAWS = 20  # random architectures at the most that are measured before the search, where latency is limited


class Costs:
    """Parameters and FLOPs of the child of an architecture, counted without building it, and its measured latency.

    FLOPs are twice the multiply-adds of convolutions and products, for one image or one word. A latency is measured
    once for each architecture; it is part of the journal, so that a search that is continued decides by the same
    figures.

    Args:
        child: of the search.
        measured: latencies of earlier sessions, in milliseconds.
    """

    def __init__(self, child: Child, measured: Mapping[Architecture, float]):
        self.child = child
        self.measured = dict(measured)
        self._record: Callable[[Sequence[dict[str, Any]]], None] | None = None
        self._unrecorded: list[dict[str, Any]] = []
        self.params: Cost = functools.lru_cache(KEPT)(child.parameters)
        self.flops: Cost = functools.lru_cache(KEPT)(lambda architecture: 2 * child.multiply_adds(architecture))

    def cost(self, name: str) -> Cost:
        """Returns one of the costs of a canonical architecture as a function.

        Args:
            name: `params`, `flops` or `latency_ms`.
        """
        return {'params': self.params, 'flops': self.flops, 'latency_ms': self.latency_ms}[name]

    def latency_ms(self, architecture: Architecture) -> float:
        """Returns the latency of a canonical architecture in milliseconds, measured if it is not known."""
        if architecture not in self.measured:
            latency = round(measure_latency(self.child, architecture), 4)
            self.measured[architecture] = latency
            self._unrecorded.append({'event': LATENCY, 'tokens': list(architecture.tokens), 'ms': latency})
            self._flush()
        return self.measured[architecture]

    def record(self, record: Callable[[Sequence[dict[str, Any]]], None]) -> None:
        """Sets where latencies are recorded, and records those that were measured before.

        Args:
            record: takes the events of a journal.
        """
        self._record = record
        self._flush()

    def _flush(self) -> None:
        if self._record is not None and self._unrecorded:
            self._record(self._unrecorded)
            self._unrecorded = []


def latencies(events: Iterable[Mapping[str, Any]], space: str) -> dict[Architecture, float]:
    """Returns the latencies that a journal holds, in milliseconds; of several of one architecture the first.

    Args:
        events: of the journal.
        space: name of the space of the tokens.
    """
    found: dict[Architecture, float] = {}
    for event in events:
        if event['event'] == LATENCY:
            found.setdefault(Architecture(space, tuple(event['tokens'])), float(event['ms']))
    return found


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
