"""The state machine of a space with conditional hyper-parameters: what has been written decides what may follow."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

import numpy as np

from nao_tf.errors import InputError
from nao_tf.spaces.hyperparameter_levels import Condition, Parameter, Value

STATES = 2_000  # of the machine, at the most
NOT_THERE = -1  # the bin of a hyper-parameter that is not active
Fact = Condition | str  # a condition that is fulfilled, or a name that has a value

_Memory = frozenset[Fact]
_State = tuple[_Memory, int | None]  # facts, and between the two tokens of a hyper-parameter its bin


@dataclasses.dataclass(frozen=True)
class Words:
    """Tokens of one hyper-parameter: where its words stand in the vocabulary.

    Args:
        first: token of its first bin; the others follow.
        second: token of its first level, if it is refined.
        absent: token for where it is not active; None if it always is.
    """

    first: int
    second: int
    absent: int | None


class Machine:
    """Which tokens may stand where, as `SearchSpace` wants it: `next_state` and `valid`.

    A state is the set of fulfilled conditions that a later hyper-parameter still asks for, and, between the two tokens
    of a refined one, its bin. A hyper-parameter under a condition that is not fulfilled is written as absent, and so is
    one whose name has a value already (KerasTuner keeps one value a name).

    Args:
        parameters: of a space, parents before their children.

    Raises:
        InputError: if the conditions need too many states.
    """

    def __init__(self, parameters: Sequence[Parameter]):
        self.parameters = parameters
        self.tokens = [(index, part) for index, entry in enumerate(parameters) for part in range(entry.length)]
        self.vocabulary, self.words = _vocabulary(parameters)
        names = [entry.name for entry in parameters]
        self._repeated = {name for name in names if names.count(name) > 1}
        # Facts that the hyper-parameters from some index on ask for.
        self._asked = [
            frozenset(condition for entry in parameters[index:] for condition in entry.conditions)
            | frozenset(name for name in names[index:] if name in self._repeated)
            for index in range(len(parameters) + 1)
        ]
        self._conditions = {condition for entry in parameters for condition in entry.conditions}
        self._tables()

    def active(self, memory: _Memory, parameter: Parameter) -> bool:
        """Returns whether a hyper-parameter has a value."""
        return memory.issuperset(parameter.conditions) and parameter.name not in memory

    def start(self) -> _Memory:
        """Returns the facts before the first token."""
        return self._settled(frozenset(), 0)

    def after(self, memory: _Memory, index: int, value: Value | None) -> _Memory:
        """Returns the facts behind a hyper-parameter.

        Args:
            memory: facts before it.
            index: of the hyper-parameter.
            value: that it was given; None where it is not active.
        """
        return self._settled(self._learned(memory, index, value), index + 1)

    def _learned(self, memory: _Memory, index: int, value: Value | None) -> _Memory:
        name = self.parameters[index].name
        if value is None:
            return memory
        facts: set[Fact] = {
            condition for condition in self._conditions if condition[0] == name and value in condition[1]
        }
        return memory | facts | ({name} & self._repeated)

    def _settled(self, memory: _Memory, index: int) -> _Memory:
        """Passes the hyper-parameters without tokens, and forgets what nobody asks for any more."""
        while index < len(self.parameters) and self.parameters[index].length == 0:
            fixed = self.parameters[index]
            memory = self._learned(memory, index, fixed.default if self.active(memory, fixed) else None)
            index += 1
        return memory & self._asked[index]

    def _moves(self, state: _State, index: int, part: int) -> Iterator[tuple[int, _State]]:
        """Yields the tokens that may be written in a state, and the states behind them."""
        parameter, words = self.parameters[index], self.words[index]
        memory, pending = state
        if part == 0 and self.active(memory, parameter):
            for place, values in enumerate(parameter.bins):
                behind = (memory, place) if parameter.refined else (self.after(memory, index, values[0]), None)
                yield words.first + place, behind
        elif part == 0 or pending == NOT_THERE:
            assert words.absent is not None
            more = part + 1 < parameter.length
            yield words.absent, ((memory, NOT_THERE) if more else (self.after(memory, index, None), None))
        else:
            assert pending is not None
            for level, value in enumerate(parameter.bins[pending]):
                yield words.second + level, (self.after(memory, index, value), None)

    def _tables(self) -> None:
        numbers: dict[_State, int] = {(self.start(), None): 0}
        moves: list[tuple[int, int, int, int]] = []  # position, state, token, next state
        here: list[_State] = [(self.start(), None)]
        for position, (index, part) in enumerate(self.tokens):
            behind: dict[_State, None] = {}
            for state in here:
                for token, following in self._moves(state, index, part):
                    behind[following] = None
                    moves.append((position, numbers[state], token, numbers.setdefault(following, len(numbers))))
            if len(numbers) > STATES:
                raise InputError(
                    f'the conditions up to hyper-parameter {self.parameters[index].name} can be fulfilled in more than '
                    f'{STATES:,} combinations that matter later; declare children right behind their parents'
                )
            here = list(behind)
        self.next_state = np.zeros((len(numbers), len(self.vocabulary)), np.int32)
        self.valid = np.zeros((len(self.tokens), len(numbers), len(self.vocabulary)), bool)
        for position, number, token, following_number in moves:
            self.next_state[number, token] = following_number
            self.valid[position, number, token] = True


def _vocabulary(parameters: Sequence[Parameter]) -> tuple[tuple[str, ...], list[Words]]:
    """Returns the words of all tokens, and where those of each hyper-parameter stand."""
    vocabulary = ['<sos>']
    words = []
    repeated = [entry.name for entry in parameters]
    for entry in parameters:
        first = len(vocabulary)
        if entry.length:
            vocabulary += entry.words()
        second = first + len(entry.bins)
        absent = None
        if entry.length and (entry.conditions or repeated.count(entry.name) > 1):
            absent = len(vocabulary)
            vocabulary.append(f'{entry.label}-')
        words.append(Words(first, second, absent))
    return tuple(vocabulary), words
