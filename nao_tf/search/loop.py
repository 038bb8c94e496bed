"""The search loop (Alg. 1 around any searcher), and the only place where a search's state lives."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Protocol

from nao_tf.search.executor import Executor, failed_evaluation
from nao_tf.search.history import (
    WARM,
    Batch,
    History,
    Trial,
    evaluated_event,
    proposed_event,
)
from nao_tf.search.journal import Journal
from nao_tf.searchers.base import Evaluation, Proposal, Searcher


class Observer(Protocol):
    """What the loop tells of its progress."""

    def proposing(self, arm: str, number: int) -> None:
        """A searcher starts to learn and propose (`number` of its batch, from 0)."""

    def started(self, trial: Trial) -> None:
        """A child starts."""

    def ended(self, trial: Trial, history: History) -> None:
        """A child has a score or has failed."""

    def warn(self, message: str) -> None:
        """Something that a person should know."""


class Keeper(Protocol):
    """What keeps the weights of the best children."""

    def keep(self, trial: Trial, evaluation: Evaluation, history: History) -> None:
        """Saves the child that just ended, if it is the best so far; before the journal records its end."""

    def tidy(self, history: History) -> None:
        """Removes what is no longer among the best."""


class OutOfTime(Exception):
    """`max_hours` are over; the same command continues."""


class SearchLoop:
    """Proposes, evaluates and observes round by round; everything it knows is in the journal.

    A round is a barrier: its evaluations are observed in the order of their trials, so that the order in which
    they end does not matter. Reopened on a journal, it adopts the complete batches, repeats an incomplete one (the
    searcher proposes the same again) and evaluates only what has no end yet.

    Args:
        journal: of the work directory.
        space: name of the space.
        executor: where children run.
        observer: told of the progress.
        keeper: keeps the best children, or None.
        max_attempts: a trial that died so often is a failure.
        max_seconds: of this session; checked before each child. None for no limit.
    """

    def __init__(
        self,
        journal: Journal,
        space: str,
        *,
        executor: Executor,
        observer: Observer,
        keeper: Keeper | None = None,
        max_attempts: int = 3,
        max_seconds: float | None = None,
    ):
        self.journal = journal
        self.executor = executor
        self.observer = observer
        self.keeper = keeper
        self.max_attempts = max_attempts
        self.max_seconds = max_seconds
        self.started = time.perf_counter()
        events = journal.read()
        for message in journal.damaged:
            observer.warn(message)
        self.history = History(events, space)

    def record(self, events: Sequence[dict], *, fresh: bool = True) -> None:
        """Appends events to the journal and takes them into the history.

        Args:
            events: without their time.
            fresh: False for a `session` event, which starts the clock anew.
        """
        elapsed = round(time.perf_counter() - self.started, 3)
        stamped = [{**event, 'elapsed': elapsed} if fresh else event for event in events]
        self.journal.append(stamped)
        for event in stamped:
            self.history.apply(event)

    def open_session(self) -> None:
        """Records that a session begins; called before anything is evaluated."""
        self.record([{'event': 'session', 'time': round(time.time(), 3)}], fresh=False)

    def run_arm(self, arm: str, searcher: Searcher, budget: int) -> None:
        """Runs one arm until it has `budget` trials or its space is exhausted.

        Args:
            arm: `search` or `baseline`.
            searcher: of the arm; a baseline has observed the shared start already.
            budget: trials of the arm, finished ones included.

        Raises:
            OutOfTime: if the session's time is over.
        """
        batches = [batch for batch in self.history.batches if batch.arm == arm]
        number = 0
        while True:
            done = sum(len(batch.trials) for batch in batches[:number])
            if number < len(batches):
                batch = batches[number]
                searcher.adopt([self.history.trials[trial].proposal for trial in batch.trials], batch.draws)
            elif done < budget:
                found = self._propose(arm, searcher, min(searcher.round_size, budget - done), number, done)
                if found is None:
                    self.observer.warn(f'the space is exhausted: {done} of {budget} cells of the {arm} arm exist')
                    return
                batch = found
                batches.append(batch)
            else:
                return
            number += 1
            trials = [self.history.trials[trial] for trial in batch.trials]
            self.evaluate(trials)
            searcher.observe([trial.evaluation for trial in trials if trial.evaluation is not None])

    def _propose(self, arm: str, searcher: Searcher, count: int, number: int, done: int) -> Batch | None:
        """Asks the searcher for a batch and records it; trials that a torn batch left behind are the first of it."""
        self._check_time()
        self.observer.proposing(arm, number)
        started = time.perf_counter()
        proposals = searcher.propose(count)
        seconds = time.perf_counter() - started
        if not proposals:
            return None
        left = self.history.of_arm(arm)[done:]
        ids = [trial.id for trial in left]
        expected = [trial.proposal.architecture for trial in left]
        if expected != [proposal.architecture for proposal in proposals[: len(left)]]:
            self.observer.warn('proposals of an interrupted batch differ from the journal; the journal is kept')
            by_cell = {proposal.architecture: proposal for proposal in proposals}
            for architecture in expected:
                by_cell.pop(architecture, None)
            proposals = [trial.proposal for trial in left] + list(by_cell.values())[: count - len(left)]
        new = self._number(arm, proposals[len(left) :])
        ids += [trial.id for trial in new]
        events = [proposed_event(trial) for trial in new]
        events.append(
            {
                'event': 'batch',
                'arm': arm,
                'trials': ids,
                'draws': searcher.draws,
                'seconds': round(seconds, 3),
                'report': dict(searcher.report),
            }
        )
        self.record(events)
        return self.history.batches[-1]

    def _number(self, arm: str, proposals: Sequence[Proposal]) -> list[Trial]:
        first = max(self.history.trials, default=0) + 1
        return [Trial(number, arm, proposal) for number, proposal in enumerate(proposals, start=first)]

    def take_over(self, evaluations: Sequence[Evaluation]) -> None:
        """Records the scores of another run as warm trials, once.

        Args:
            evaluations: finished ones of the same space, task and recipe.
        """
        if self.history.of_arm(WARM):
            return
        trials = self._number(WARM, [Proposal(evaluation.architecture, 'warm') for evaluation in evaluations])
        events = []
        for trial, evaluation in zip(trials, evaluations, strict=True):
            events += [proposed_event(trial), evaluated_event(trial.id, evaluation)]
        self.record(events)

    def evaluate(self, trials: Sequence[Trial]) -> None:
        """Brings every trial to its end: takes over a known result, or runs it.

        Args:
            trials: of one round.
        """
        known = {
            trial.proposal.architecture: trial
            for trial in reversed(self.history.trials.values())
            if trial.evaluation is not None
        }
        waiting = []
        for trial in trials:
            if trial.evaluation is not None:
                continue
            twin = known.get(trial.proposal.architecture)
            if twin is not None and twin.evaluation is not None:
                self._end(trial, twin.evaluation, reused=twin.id)
            elif trial.attempts >= self.max_attempts:
                self._end(trial, failed_evaluation(trial, f'the process died in each of {trial.attempts} attempts'))
            else:
                waiting.append(trial)
        running: dict[int, Trial] = {}

        def on_start(trial: Trial) -> None:
            self._check_time()
            running[trial.id] = trial
            self.record([{'event': 'started', 'trial': trial.id, 'attempt': trial.attempts + 1}])
            self.observer.started(trial)

        try:
            for trial, evaluation in self.executor.run(waiting, on_start):
                if self.keeper is not None and not evaluation.failed:
                    self.keeper.keep(trial, evaluation, self.history)
                self._end(trial, evaluation)
                running.pop(trial.id, None)
        except KeyboardInterrupt:
            # A person's Ctrl-C says nothing about the child, so the attempt does not count.
            self.record([{'event': 'interrupted', 'trial': trial} for trial in running])
            raise

    def _end(self, trial: Trial, evaluation: Evaluation, reused: int | None = None) -> None:
        self.record([evaluated_event(trial.id, evaluation, reused)])
        if self.keeper is not None:
            self.keeper.tidy(self.history)
        self.observer.ended(trial, self.history)

    def _check_time(self) -> None:
        if self.max_seconds is not None and time.perf_counter() - self.started >= self.max_seconds:
            raise OutOfTime


def start_evaluations(history: History) -> list[Evaluation]:
    """Returns the evaluations of the random start, which the baseline arm shares with the search."""
    return [trial.evaluation for trial in history.trials.values() if trial.shared and trial.evaluation is not None]
