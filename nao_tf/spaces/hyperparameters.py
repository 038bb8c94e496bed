"""Any KerasTuner HyperParameters as a search space, so that every searcher can tune anybody's model."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from nao_tf.errors import InputError
from nao_tf.spaces.architecture import Architecture
from nao_tf.spaces.base import SearchSpace
from nao_tf.spaces.hyperparameter_levels import Parameter, Value, parameters_of
from nao_tf.spaces.hyperparameter_masks import Machine
from nao_tf.spaces.notation import parse_json

Places = list[tuple[int, int] | None]  # (bin, level) of every hyper-parameter, None where it is not active


class HyperParameterSpace(SearchSpace):
    """Choice, Int, Float (linear and logarithmic), Boolean, Fixed and conditional scopes, as tokens.

    `nao_tf.spaces.hyperparameter_levels` says which tokens a hyper-parameter has; `Parameter` documents the bins. One
    that is under a condition which is not fulfilled is written by a token of its own, so that every configuration has
    exactly one sequence: canonical forms and symmetries are trivial. KerasTuner itself is not imported here.

    Args:
        hyperparameters: `keras_tuner.HyperParameters` with everything declared.
        name: the space's name.

    Raises:
        InputError: if there is nothing to tune, a kind of hyper-parameter is unknown, or the conditions are too many.
    """

    def __init__(self, hyperparameters: Any, name: str = 'hyperparameters'):
        self.name = name
        self.parameters: list[Parameter] = parameters_of(hyperparameters)
        self.machine = Machine(self.parameters)
        self.length = len(self.machine.tokens)
        if not self.length:
            raise InputError(
                f'space {name} has nothing to tune: the HyperParameters declare no Choice, Int, Float or Boolean'
            )
        self.vocabulary = self.machine.vocabulary
        self.next_state, self.valid = self.machine.next_state, self.machine.valid

    @functools.cached_property
    def size(self) -> int:
        """Number of configurations that the tokens tell apart."""
        return int(self.completions[0][0])

    def symmetries(self, architecture: Architecture) -> Iterator[Architecture]:
        """Yields nothing: every configuration has one sequence."""
        del architecture
        return iter(())

    def canonical(self, architecture: Architecture) -> Architecture:
        """Returns the architecture itself."""
        return architecture

    def places(self, architecture: Architecture) -> Places:
        """Returns (bin, level) of the value of every hyper-parameter; None for one that is not active."""
        result: Places = []
        memory, tokens = self.machine.start(), iter(architecture.tokens)
        for index, (entry, words) in enumerate(zip(self.parameters, self.machine.words, strict=True)):
            written = [next(tokens) for _ in range(entry.length)]
            if not written:
                # What is fixed is no decision; whether it is there is asked in `values`.
                result.append((0, 0))
                continue
            place = None
            if written[0] != words.absent:
                place = (written[0] - words.first, written[1] - words.second if entry.refined else 0)
            result.append(place)
            memory = self.machine.after(memory, index, None if place is None else entry.bins[place[0]][place[1]])
        return result

    def values(self, architecture: Architecture) -> dict[str, Value]:
        """Returns the values of the active hyper-parameters by name, as `HyperParameters.values` has them.

        Args:
            architecture: a valid one.
        """
        result: dict[str, Value] = {}
        for entry, place in zip(self.parameters, self.places(architecture), strict=True):
            if place is not None and _is_active(entry, result):
                result[entry.name] = entry.bins[place[0]][place[1]]
        return result

    def from_values(self, values: Mapping[str, Any], *, fill: bool = False) -> Architecture:
        """Returns the architecture of some values; a number becomes the nearest that has tokens.

        Args:
            values: of the active hyper-parameters by name; what is fixed or not active is not looked at.
            fill: whether one that is missing has its default, else it is an error.

        Raises:
            InputError: if a value is missing, or one that the hyper-parameter cannot have.
        """
        places: Places = []
        known: dict[str, Value] = {}
        for entry in self.parameters:
            place = None
            if _is_active(entry, known):
                if entry.length and entry.name not in values and not fill:
                    raise InputError(f'space {self.name}: the values have no {entry.name}')
                place = entry.locate(values.get(entry.name, entry.default)) if entry.length else (0, 0)
                known[entry.name] = entry.bins[place[0]][place[1]]
            places.append(place)
        return self.at(places)

    def at(self, places: Places) -> Architecture:
        """Returns the architecture of what `places` returned."""
        tokens: list[int] = []
        for entry, words, place in zip(self.parameters, self.machine.words, places, strict=True):
            if place is None:
                tokens += [words.absent or 0] * entry.length
            else:
                tokens += (words.first + place[0], words.second + place[1])[: entry.length]
        return Architecture(self.name, tuple(tokens))

    def mutations(self, architecture: Architecture) -> Iterator[Architecture]:
        """Yields the configurations that differ in one value; what becomes active by it has its default."""
        for index, place in enumerate(self.places(architecture)):
            for other in self._others(index, place):
                yield self._with(architecture, index, other, None)

    def mutate(self, architecture: Architecture, rng: np.random.Generator) -> Architecture:
        """Returns a configuration that differs in one value, drawn uniformly after the hyper-parameter is.

        Args:
            architecture: the parent.
            rng: the source of randomness; also draws the values of what becomes active.

        Raises:
            InputError: if there is no other configuration.
        """
        places = self.places(architecture)
        choices = [index for index, place in enumerate(places) if next(self._others(index, place), None) is not None]
        if not choices:
            raise InputError(f'space {self.name}: {architecture} cannot be mutated into anything else')
        index = choices[int(rng.integers(len(choices)))]
        others = list(self._others(index, places[index]))
        return self._with(architecture, index, others[int(rng.integers(len(others)))], rng)

    def _others(self, index: int, place: tuple[int, int] | None) -> Iterator[tuple[int, int]]:
        return iter(()) if place is None else self.parameters[index].neighbours(*place)

    def _with(
        self, architecture: Architecture, index: int, place: tuple[int, int], rng: np.random.Generator | None
    ) -> Architecture:
        """Returns a copy with one value changed, and its children with it."""
        places = self.places(architecture)
        places[index] = place
        known: dict[str, Value] = {}
        for number, entry in enumerate(self.parameters):
            if not _is_active(entry, known):
                places[number] = None
                continue
            current = places[number]
            if current is None:
                levels = list(entry.levels())
                current = entry.locate(entry.default) if rng is None else levels[int(rng.integers(len(levels)))]
                places[number] = current
            known[entry.name] = entry.bins[current[0]][current[1]]
        return self.at(places)

    def features(self, architectures: Sequence[Architecture]) -> np.ndarray:
        """Returns what a classic model reads: an ordered value as a number, another as a one-hot, and what is active.

        A number stands at its place among its values, 0 to 1 (so on the logarithm under `sampling='log'`); one that is
        not active is 0.5.

        Args:
            architectures: n of them.

        Returns:
            float32 [n, F].
        """
        rows = [[value for column in self._columns(item) for value in column] for item in architectures]
        return np.array(rows, np.float32)

    def _columns(self, architecture: Architecture) -> Iterator[list[float]]:
        for entry, words, place in zip(self.parameters, self.machine.words, self.places(architecture), strict=True):
            if not entry.length:
                continue
            if words.absent is not None:
                yield [float(place is not None)]
            if entry.ordered or len(entry.bins) <= 2:
                yield [0.5 if place is None else entry.position(*place)]
            else:
                yield [float(place is not None and place[0] == index) for index in range(len(entry.bins))]

    def describe(self, architecture: Architecture) -> str:
        """Returns a line `name = value` for each active hyper-parameter."""
        return '\n'.join(f'{name} = {value!r}' for name, value in self.values(architecture).items())

    def to_json(self, architecture: Architecture) -> dict[str, Any]:
        """Returns `{'space': name, 'values': {...}}` of the active hyper-parameters."""
        return {'space': self.name, 'values': self.values(architecture)}

    def from_json(self, value: Any) -> Architecture:
        """Reads `to_json` or `Architecture.to_json`.

        Raises:
            InputError: if the object is not an architecture of this space.
        """
        if not isinstance(value, dict) or not isinstance(value.get('values'), dict):
            return super().from_json(value)
        if value.get('space', self.name) != self.name:
            raise InputError(f'the architecture is of space {value["space"]!r}, not {self.name!r}')
        return self.from_values(value['values'])

    def to_text(self, architecture: Architecture) -> str:
        """Returns the values as one line of JSON."""
        return json.dumps(self.values(architecture))

    def parse(self, text: str) -> Architecture:
        """Reads token ids, words of the vocabulary, or JSON: the values alone, or an object of `to_json`.

        Raises:
            InputError: if the text is not an architecture of this space.
        """
        if text.lstrip().startswith('{'):
            value = parse_json(text)
            # No hyper-parameter has a dict or a list, whatever its name is.
            whole = isinstance(value.get('values'), dict) or isinstance(value.get('tokens'), list)
            return self.from_json(value) if whole else self.from_values(value)
        return super().parse(text)


def _is_active(entry: Parameter, known: Mapping[str, Value]) -> bool:
    """Returns whether a hyper-parameter has a value beside those that are known."""
    return entry.name not in known and all(known.get(parent) in values for parent, values in entry.conditions)
