"""SearcherOracle: any searcher as a KerasTuner Oracle."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from nao_tf.errors import InputError
from nao_tf.files import as_path
from nao_tf.searchers.base import Searcher
from nao_tf.searchers.evaluation import Evaluation
from nao_tf.searchers.registry import searcher_class
from nao_tf.spaces.architecture import Architecture
from nao_tf.spaces.base import SearchSpace
from nao_tf.spaces.hyperparameters import HyperParameterSpace
from nao_tf.tuner.cell_choices import CellChoices
from nao_tf.tuner.definitions import WatchedHyperParameters
from nao_tf.tuner.durable import DurableOracle, in_order
from nao_tf.tuner.rounds import Round, load_snapshot, make_round, replay, save_snapshot

MakeSearcher = Callable[[SearchSpace, int], Searcher]
OWN = 'nao_tf'  # our part of the oracle's state
LARGEST_ROUND = 32  # proposals that wait for their trials


class Writing(Protocol):
    """How architectures are written as values of hyper-parameters."""

    def values(self, architecture: Architecture) -> dict[str, Any]:
        """Returns the values of the active hyper-parameters."""

    def from_values(self, values: Mapping[str, Any], *, fill: bool = False) -> Architecture:
        """Returns the architecture of values; `fill` takes defaults for missing ones."""


class SearcherOracle(DurableOracle):
    """Lets a searcher of this package choose the trials of a KerasTuner search.

    The searcher is asked for a round of proposals when all earlier ones have become trials, and is told first of all
    trials that have ended since, in the order of their ids. It waits for none: a worker that hangs stops nobody. A
    failed trial counts as the worst score so far. Where a build or a fit declares hyper-parameters that were not known,
    the searcher begins anew on the larger space, told of all trials (a missing value is the default).

    `oracle.json` keeps what the searcher was told and what it proposed, by trial ids and tokens; the searcher's own
    state is in `searcher.json` beside it, and made again from the trials where that is missing.

    Args:
        searcher: name of a searcher (`nao_tf.searchers.registry`; for `nao` take `NAOOracle`), or a function of
            (space, seed) that returns one.
        objective: name of the metric, or a `keras_tuner.Objective`, as for every oracle.
        max_trials: how many trials; None for no end.
        cells: a cell space, if that is what is searched (`CellHyperModel`); else the space is what the HyperModel
            declares.
        seed: of the searcher; None draws one.
        options: of `keras_tuner.Oracle`: `hyperparameters`, `tune_new_entries`, `allow_new_entries`,
            `max_retries_per_trial`, `max_consecutive_failed_trials`.

    Raises:
        InputError: if there is no such searcher.
    """

    def __init__(
        self,
        searcher: str | MakeSearcher,
        objective: Any = None,
        max_trials: int | None = 10,
        *,
        cells: SearchSpace | None = None,
        seed: int | None = None,
        **options: Any,
    ):
        self._choices = None if cells is None else CellChoices(cells)
        if self._choices is not None and not options.get('hyperparameters'):
            options |= {'hyperparameters': self._choices.hyperparameters(), 'tune_new_entries': False}
        super().__init__(objective=objective, max_trials=max_trials, seed=seed, **options)
        if seed is not None:
            self.seed = self._seed_state = int(seed)  # KerasTuner takes 0 for none
        self._make = _maker(searcher) if isinstance(searcher, str) else searcher
        self.hyperparameters = WatchedHyperParameters.of(self.hyperparameters, {})
        self._searcher: Searcher | None = None
        self._writing: Writing | None = None
        self._space = ''  # digest of the space that the rounds belong to
        self._rounds: list[Round] = []

    @property
    def searcher(self) -> Searcher | None:
        """The searcher; None before the first proposal."""
        return self._searcher

    def populate_space(self, trial_id: str) -> dict[str, Any]:
        """Returns the values of the next trial; the search stops where the searcher finds nothing new.

        Args:
            trial_id: of the trial.

        Raises:
            InputError: if there is nothing to tune, or the searcher cannot search such a space.
        """
        self._follow_space()
        assert self._searcher is not None
        assert self._writing is not None
        if not self._rounds or len(self._rounds[-1].trials) == len(self._rounds[-1].proposed):
            self._next_round()
        current = self._rounds[-1]
        if not current.proposed:
            return {'status': 'STOPPED', 'values': None}
        tokens = current.proposed[len(current.trials)]
        current.trials.append(trial_id)
        architecture = Architecture(self._searcher.space.name, tuple(tokens))
        return {'status': 'RUNNING', 'values': self._writing.values(architecture)}

    def get_state(self) -> dict[str, Any]:
        """Returns KerasTuner's state and ours, as plain JSON types."""
        return super().get_state() | {
            OWN: {
                'space': self._space,
                'rounds': [dataclasses.asdict(entry) for entry in self._rounds],
                'definitions': self.hyperparameters.definitions,
            }
        }

    def set_state(self, state: dict[str, Any]) -> None:
        """Continues from what `get_state` returned; one of another oracle's has trials to learn from."""
        super().set_state(state)
        own = state.get(OWN, {'space': '', 'rounds': [], 'definitions': {}})
        self.hyperparameters = WatchedHyperParameters.of(self.hyperparameters, own['definitions'])
        self._space = own['space']
        self._rounds = [Round(**entry) for entry in own['rounds']]
        self._searcher = self._writing = None

    def _follow_space(self) -> None:
        """Makes the searcher if there is none, or none for the space as it is now."""
        known = [hyperparameter.get_config() for hyperparameter in self.hyperparameters.space]
        digest = hashlib.sha256(json.dumps(known).encode()).hexdigest()[:16]
        if self._searcher is not None and digest == self._space:
            return
        if self._choices is None:
            space: SearchSpace = HyperParameterSpace(self.hyperparameters)
            self._writing = space  # type: ignore[assignment]
        else:
            space, self._writing = self._choices.space, self._choices
        self._searcher = self._make(space, self.seed)
        if digest != self._space:
            self._space, self._rounds = digest, []
            return
        done = load_snapshot(as_path(self._project_dir) / self.snapshot, self._searcher, self._rounds)
        replay(self._searcher, self._rounds[done:], self._evaluations)

    def _next_round(self) -> None:
        assert self._searcher is not None
        told = {name for entry in self._rounds for name in entry.observed}
        observed = [name for name in in_order(self.end_order) if name not in told]
        # Later rounds know the running trials: they have proposed them.
        running = [] if self._rounds else [name for name in in_order(self.trials) if name not in self.end_order]
        # Whatever `max_trials` is: continued with a larger one, a search is what it would have been.
        count = min(self._searcher.round_size, LARGEST_ROUND)
        tokens = [list(self._architecture(name).tokens) for name in running]
        self._rounds.append(make_round(self._searcher, observed, tokens, count, self._evaluations))
        if self.local:
            save_snapshot(as_path(self._project_dir) / self.snapshot, self._searcher, self._rounds)

    def _architecture(self, trial_id: str) -> Architecture:
        assert self._writing is not None
        return self._writing.from_values(self.trials[trial_id].hyperparameters.values, fill=True)

    def _evaluations(self, trial_ids: Sequence[str]) -> list[Evaluation]:
        """Returns what trials that have ended tell the searcher: the objective, to be maximised."""
        sign = 1.0 if self.objective.direction == 'max' else -1.0
        result = []
        for name in trial_ids:
            trial = self.trials[name]
            failed = trial.status != 'COMPLETED' or trial.score is None
            score = math.nan if failed else sign * float(trial.score)
            result.append(Evaluation(self._architecture(name), score, failure='the trial failed' if failed else None))
        return result


def _maker(name: str) -> MakeSearcher:
    cls = searcher_class(name)
    if name == 'nao':
        raise InputError("SearcherOracle('nao') does not say which controller: take NAOOracle, or give a function")
    return lambda space, seed: cls(space, seed=seed)
