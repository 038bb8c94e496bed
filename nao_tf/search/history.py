"""History: the trials of a search, in the one record format that searches write and reports read."""

from __future__ import annotations

import bisect
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from nao_tf.errors import InputError
from nao_tf.search.trial import BASELINE, SEARCH, WARM, Batch, Trial, cell_sum
from nao_tf.searchers.evaluation import Evaluation, Proposal
from nao_tf.spaces.architecture import Architecture
from nao_tf.spaces.base import SearchSpace


class History:
    """All trials of a work directory, rebuilt from the events of its journal.

    Args:
        events: of the journal, oldest first.
        space: name of the space of the tokens.

    Raises:
        InputError: if an event is of another version of the package.

    Attributes:
        trials: by id.
        batches: complete calls of `propose`, by arm and number.
        exhausted: arms whose space has no more cells.
        model: id of the trial whose weights are in the model file, None before there is one.
        seconds: wall time of all sessions.
        tested: test metrics by trial id.
        ended: number of trials that have a score or have failed, warm ones not counted.
        evaluated: the first trial of each architecture that has a score or has failed.
        finished: trials that have a score, in the order in which they ended.
        training_seconds: wall time of all sessions in which at least one child ran.
        probed: whether a child was trained for the estimate, which a process may not survive.
    """

    def __init__(self, events: Iterable[Mapping[str, Any]], space: str):
        self.space = space
        self.trials: dict[int, Trial] = {}
        self.batches: dict[tuple[str, int], Batch] = {}
        self.exhausted: set[str] = set()
        self.model: int | None = None
        self.tested: dict[int, dict[str, float]] = {}
        self.ended = 0
        self.evaluated: dict[Architecture, Trial] = {}
        self.finished: list[Trial] = []
        self._best: dict[str | None, Trial] = {}
        self._arms: defaultdict[str, list[Trial]] = defaultdict(list)
        self._batches: defaultdict[tuple[str, int], list[Trial]] = defaultdict(list)
        self._orphans: dict[int, list[Mapping[str, Any]]] = {}  # events of trials whose proposal is missing
        self.training_seconds = 0.0
        self.probed = False
        self._running: set[int] = set()
        self._finished_sessions = self._session = 0.0
        for number, event in enumerate(events, start=1):
            try:
                self.apply(event)
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                raise InputError(
                    f'event {number} of the journal ({str(event)[:80]}) is not of this version: {error!r}'
                ) from None

    @property
    def seconds(self) -> float:
        """Wall time of all sessions, up to the last event of each."""
        return self._finished_sessions + self._session

    def apply(self, event: Mapping[str, Any]) -> None:
        """Takes in one event; those of a trial whose proposal was lost wait until it is proposed again."""
        kind = event['event']
        if kind == 'session':
            self._finished_sessions += self._session
            self._session = 0.0
            self._running.clear()
            return
        elapsed = float(event.get('elapsed', self._session))
        if elapsed < self._session:  # the line that began the session was lost
            self._finished_sessions += self._session
            self._running.clear()
        elif self._running:
            self.training_seconds += elapsed - self._session
        self._session = elapsed
        if kind == 'proposed':
            self._proposed(event)
        elif kind == 'batch':
            trials = tuple(event['trials'])
            if all(trial in self.trials for trial in trials):
                place, asked = (event['arm'], event['number']), event.get('asked')
                self.batches[place] = Batch(
                    *place, trials, event['draws'], asked, event['seconds'], event.get('report', {})
                )
        elif kind == 'exhausted':
            self.exhausted.add(event['arm'])
        elif kind == 'model':
            self.model = event['trial']
        elif kind == 'probe':
            self.probed = True
        elif event.get('trial') in self.trials:
            self._advance(self.trials[event['trial']], event)
        elif 'trial' in event:
            self._orphans.setdefault(event['trial'], []).append(event)

    def _proposed(self, event: Mapping[str, Any]) -> None:
        parent = event.get('parent')
        proposal = Proposal(
            Architecture(self.space, tuple(event['tokens'])),
            str(event['origin']),
            int(event['round']),
            None if event.get('predicted') is None else float(event['predicted']),
            None if parent is None else Architecture(self.space, tuple(parent)),
        )
        if event['trial'] not in self.trials:
            trial = Trial(event['trial'], event['arm'], proposal, batch=event['batch'])
            self.trials[trial.id] = trial
            for group in (self._arms[trial.arm], self._batches[trial.arm, trial.batch]):
                bisect.insort(group, trial, key=lambda other: other.id)
            for orphan in self._orphans.pop(trial.id, ()):
                self._advance(trial, orphan)

    def _advance(self, trial: Trial, event: Mapping[str, Any]) -> None:
        kind = event['event']
        if event.get('cell') not in (None, cell_sum(trial.proposal.architecture)):
            return  # the end of another proposal, which was lost and not made again
        if kind in ('finished', 'failed', 'interrupted'):
            self._running.discard(trial.id)
        if kind == 'started':
            further, trial.reached = event.get('reached') != trial.reached, event.get('reached')
            trial.attempts = 1 if further else trial.attempts + 1
            self._running.add(trial.id)
        elif kind == 'interrupted':
            trial.attempts = max(trial.attempts - 1, 0)
        elif kind == 'tested':
            self.tested[trial.id] = dict(event['metrics'])
        elif kind in ('finished', 'failed') and trial.evaluation is None:
            score = event.get('score')
            trial.reused = event.get('reused')
            trial.evaluation = Evaluation(
                trial.proposal.architecture,
                math.nan if score is None else float(score),
                metrics={str(name): float(value) for name, value in event.get('metrics', {}).items()},
                seconds=float(event.get('seconds', 0.0)),
                parameters=None if event.get('parameters') is None else int(event['parameters']),
                failure=event.get('reason'),
            )
            self.ended += trial.arm != WARM
            self.evaluated.setdefault(trial.proposal.architecture, trial)
            if trial.finished:
                self.finished.append(trial)
                for view in (None, SEARCH, BASELINE):
                    best = self._best.get(view)
                    if (view in (None, trial.arm) or trial.shared) and (best is None or _rank(trial) > _rank(best)):
                        self._best[view] = trial

    def check(self, space: SearchSpace) -> None:
        """Raises an InputError that names the first trial whose tokens are none of a space."""
        for trial in self.trials.values():
            try:
                for architecture in filter(None, (trial.proposal.architecture, trial.proposal.parent)):
                    space.validate(architecture)
            except InputError as error:
                raise InputError(f'trial {trial.id} of the journal: {error}') from None

    def of_arm(self, arm: str) -> list[Trial]:
        """Returns the trials that one arm proposed, by their numbers."""
        return list(self._arms.get(arm, ()))

    def of_batch(self, arm: str, number: int) -> list[Trial]:
        """Returns the trials that one call of `propose` made, complete or not, by their numbers."""
        return list(self._batches.get((arm, number), ()))

    def ended_in(self, arm: str) -> int:
        """Returns how many trials of an arm have a score or have failed."""
        return sum(trial.evaluation is not None for trial in self._arms.get(arm, ()))

    def best(self, arm: str | None = None) -> Trial | None:
        """Returns the finished trial of the highest score, the earliest of equals.

        Args:
            arm: whose own trials and shared start are looked at; None for all trials.
        """
        return self._best.get(arm)


def _rank(trial: Trial) -> tuple[float, int]:
    return (trial.score, -trial.id)
