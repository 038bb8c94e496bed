"""The search loop (Alg. 1 around any searcher), and the only place where a search's state lives."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Sequence

from nao_tf.errors import InputError
from nao_tf.search.events import evaluated_event, finite, proposed_event
from nao_tf.search.executor import AttemptLost, Executor, OutOfTime, failed_evaluation
from nao_tf.search.history import WARM, Batch, History, Trial
from nao_tf.search.journal import Journal
from nao_tf.search.observing import Keeper, Observer
from nao_tf.searchers.base import Searcher
from nao_tf.searchers.enumeration import is_listable
from nao_tf.searchers.evaluation import Evaluation, Proposal


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
        started: `time.perf_counter()` at the beginning of the session; None for now.
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
        started: float | None = None,
    ):
        self.journal = journal
        self.executor = executor
        self.observer = observer
        self.keeper = keeper
        self.max_attempts = max_attempts
        self.max_seconds = max_seconds
        self.started = time.perf_counter() if started is None else started
        self._opened = False
        events = journal.read()
        for message in journal.damaged:
            observer.warn(message)
        self.history = History(events, space)

    def record(self, events: Sequence[dict]) -> None:
        """Appends events to the journal and takes them into the history; the first ones open a session.

        Args:
            events: without their time.
        """
        elapsed = round(time.perf_counter() - self.started, 3)
        stamped = [{**event, 'elapsed': elapsed} for event in events]
        if not self._opened:
            self._opened = True
            stamped.insert(0, {'event': 'session', 'time': round(time.time(), 3)})
        self.journal.append(stamped)
        for event in stamped:
            self.history.apply(event)

    def run_arm(self, arm: str, searcher: Searcher, budget: int) -> None:
        """Runs one arm until it has `budget` trials or its space is exhausted.

        Args:
            arm: `search` or `baseline`.
            searcher: of the arm; a baseline has observed the shared start already.
            budget: trials of the arm, finished ones included.

        Raises:
            OutOfTime: if the session's time is over.
        """
        number = done = 0
        while True:
            batch = self.history.batches.get((arm, number))
            if batch is not None:
                proposals = [self.history.trials[trial].proposal for trial in batch.trials]
                searcher.adopt(proposals, batch.draws, batch.asked)
            elif done < budget:
                batch = self._propose(arm, searcher, min(searcher.round_size, budget - done), number)
                if batch is None:
                    self._ended_early(arm, searcher, f'{done} of {budget}')
                    return
            else:
                return
            number += 1
            done += len(batch.trials)
            trials = [self.history.trials[trial] for trial in batch.trials]
            self.evaluate(trials)
            searcher.observe([trial.evaluation for trial in trials if trial.evaluation is not None])

    def _ended_early(self, arm: str, searcher: Searcher, cells: str) -> None:
        """Says that the searcher has nothing more to propose; records it where that is certain."""
        if not is_listable(searcher.space):
            self.observer.warn(f'the searcher of the {arm} arm found no new cell after {cells}; the arm ends')
            return
        self.observer.warn(f'the space is exhausted: {cells} cells of the {arm} arm exist')
        if arm not in self.history.exhausted:
            self.record([{'event': 'exhausted', 'arm': arm}])

    def _propose(self, arm: str, searcher: Searcher, count: int, number: int) -> Batch | None:
        """Asks the searcher for a batch and records it; what a torn batch left in the journal keeps its place."""
        self.check_time()
        self.observer.proposing(arm, number)
        started = time.perf_counter()
        proposals = searcher.propose(count)
        seconds = time.perf_counter() - started
        if not proposals:
            return None
        left = self.history.of_batch(arm, number)
        trials = self._placed(arm, number, proposals, left)
        events = [proposed_event(trial) for trial in trials if trial.id not in self.history.trials]
        events.append(
            {
                'event': 'batch',
                'arm': arm,
                'number': number,
                'trials': [trial.id for trial in trials],
                'draws': searcher.draws,
                'asked': count,
                'seconds': round(seconds, 3),
                'report': {name: finite(value) for name, value in searcher.report.items()},
            }
        )
        self.record(events)
        return self.history.batches[arm, number]

    def _placed(self, arm: str, number: int, proposals: Sequence[Proposal], left: Sequence[Trial]) -> list[Trial]:
        """Returns the trials of a batch: those that the journal still has, and the others under their numbers.

        The trials of a batch are numbered in a row, so one that is left tells the numbers of the lost ones.
        """
        places = {proposal.architecture: place for place, proposal in enumerate(proposals)}
        firsts = {trial.id - places.get(trial.proposal.architecture, -1) for trial in left}
        first = max(self.history.trials, default=0) + 1
        if len(firsts) == 1 and all(trial.proposal.architecture in places for trial in left):
            first = firsts.pop()
        elif left:
            self.observer.warn('proposals of an interrupted batch differ from the journal; the journal is kept')
            kept = [trial.proposal for trial in left]
            known = {proposal.architecture for proposal in kept}
            fresh = [proposal for proposal in proposals if proposal.architecture not in known]
            fresh = fresh[: len(proposals) - len(kept)]
            return [*left, *(Trial(first + i, arm, proposal, batch=number) for i, proposal in enumerate(fresh))]
        return [
            self.history.trials.get(place) or Trial(place, arm, proposal, batch=number)
            for place, proposal in enumerate(proposals, start=first)
        ]

    def take_over(self, evaluations: Sequence[Evaluation]) -> None:
        """Records the scores of another run as warm trials, once.

        Args:
            evaluations: finished ones of the same space, task and recipe.
        """
        if (WARM, 0) in self.history.batches:
            return
        known = {trial.proposal.architecture for trial in self.history.of_arm(WARM)}
        first = max(self.history.trials, default=0) + 1
        fresh = [evaluation for evaluation in evaluations if evaluation.architecture not in known]
        events = []
        for number, evaluation in enumerate(fresh, start=first):
            trial = Trial(number, WARM, Proposal(evaluation.architecture, 'warm'))
            events += [proposed_event(trial), evaluated_event(number, evaluation)]
        ids = [trial.id for trial in self.history.of_arm(WARM)] + list(range(first, first + len(fresh)))
        batch = {'event': 'batch', 'arm': WARM, 'number': 0, 'trials': ids, 'draws': 0, 'seconds': 0.0, 'report': {}}
        self.record([*events, batch])

    def evaluate(self, trials: Sequence[Trial]) -> None:
        """Brings every trial to its end: takes over a known result, or runs it.

        Args:
            trials: of one round.
        """
        waiting = []

        def reached(trial: Trial) -> int | None:
            return None if self.keeper is None else self.keeper.reached(trial)

        for trial in trials:
            if trial.evaluation is not None:
                continue
            twin = self.history.evaluated.get(trial.proposal.architecture)
            if twin is not None and twin.evaluation is not None:
                self._end(trial, twin.evaluation, reused=twin.id)
            elif trial.attempts >= self.max_attempts and trial.reached == reached(trial):
                reason = f'the process died in each of {trial.attempts} attempts'
                self._end(trial, failed_evaluation(trial.proposal.architecture, reason))
            else:
                waiting.append(trial)
        running: dict[int, Trial] = {}

        def on_start(trial: Trial) -> float:
            self.check_time()
            running[trial.id] = trial  # first: Ctrl-C may come as soon as the event is written
            attempt = trial.attempts + 1 if trial.reached == reached(trial) else 1
            self.record([{'event': 'started', 'trial': trial.id, 'attempt': attempt, 'reached': reached(trial)}])
            self.observer.started(trial)
            return math.inf if self.keeper is None else self.keeper.floor(trial, self.history)

        try:
            for trial, evaluation in self.executor.run(waiting, on_start):
                if self.keeper is not None and not evaluation.failed:
                    self.keeper.keep(trial, evaluation, self.history)
                self._end(trial, evaluation)
        except AttemptLost:
            raise
        except (KeyboardInterrupt, InputError, OSError):
            # A person's Ctrl-C, their input or their full disk say nothing about the child: the attempt does not count.
            alone = [trial.id for trial in running.values() if trial.evaluation is None]
            with contextlib.suppress(OSError):
                self.record([{'event': 'interrupted', 'trial': trial} for trial in alone])
            raise

    def _end(self, trial: Trial, evaluation: Evaluation, reused: int | None = None) -> None:
        self.record([evaluated_event(trial.id, evaluation, reused)])
        if self.keeper is not None:
            self.keeper.tidy(self.history)
        self.observer.ended(trial, self.history)

    def check_time(self) -> None:
        """Raises OutOfTime if the time of this session is over."""
        if self.max_seconds is not None and time.perf_counter() - self.started >= self.max_seconds:
            raise OutOfTime


def start_evaluations(history: History) -> list[Evaluation]:
    """Returns the evaluations of the random start, which the baseline arm shares with the search."""
    return [trial.evaluation for trial in history.trials.values() if trial.shared and trial.evaluation is not None]
