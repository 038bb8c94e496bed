"""The protocol of one run: a searcher, a table, a budget of queries (docs/benchmarks.md)."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from nao_tf.benchmarks.problem import Problem
from nao_tf.benchmarks.strings import StringCounter
from nao_tf.search.events import evaluated_event, finite, proposed_event
from nao_tf.search.history import SEARCH, Trial
from nao_tf.searchers.base import Searcher
from nao_tf.searchers.evaluation import Proposal
from nao_tf.spaces.architecture import Architecture

VERSION = 1  # of the protocol; records of another one are not continued
CANDIDATES = 20  # cells that a searcher of mode `generate` may score with its model for each query


class Stopped(Exception):
    """Somebody asked the run to end; nothing of it is kept."""


class Run:
    """Lets one searcher spend its budget on a problem (a table), and writes down every query.

    A query is one look-up of one canonical cell. A proposal outside the table (which is then a sample of its space)
    costs nothing, is counted as `outside` and is not shown to the searcher. Uniform draws of the searcher come from
    the sample; after `outside_limit` proposals in a row that are outside, the run itself queries a uniformly drawn
    cell of the sample (origin `pool`), so that every searcher spends its budget.

    Args:
        cells: what is queried.
        counter: of raw strings, whose space the searcher has; reset before.
        searcher: new, made on `counter.space`.
        budget: queries.
        seed: of the draws for a searcher that proposes nothing inside.
        outside_limit: proposals outside the table that are free in a row.
        goal: the run ends with the batch in which this signal is reached.
        stop: asked before every proposal whether to end.
    """

    def __init__(
        self,
        cells: Problem,
        counter: StringCounter,
        searcher: Searcher,
        *,
        budget: int,
        seed: int = 0,
        outside_limit: int = 50,
        goal: float = math.inf,
        stop: Callable[[], bool] = lambda: False,
    ):
        self.cells = cells
        self.counter = counter
        self.searcher = searcher
        self.budget = budget
        self.seed = seed
        self.outside_limit = outside_limit
        self.goal = goal
        self.stop = stop
        self.events: list[dict[str, Any]] = []
        self.queries = 0
        self.outside = 0
        self.seconds = 0.0  # of the searcher's own: propose and observe
        self._queried: set[Architecture] = set()

    def go(self) -> list[dict[str, Any]]:
        """Runs to the end of the budget, or of the space, or to the goal.

        Returns:
            The events of the run, in the journal's format.

        Raises:
            Stopped: if `stop` says so.
        """
        number = in_a_row = 0
        best = -math.inf
        while self.queries < self.budget and best < self.goal:
            if self.stop():
                raise Stopped
            started = time.perf_counter()
            proposals = self.searcher.propose(min(self.searcher.round_size, self.budget - self.queries))
            seconds = time.perf_counter() - started
            self.seconds += seconds
            if not proposals:
                break
            inside = [proposal for proposal in proposals if self.cells.holds(proposal.architecture)]
            self.outside += len(proposals) - len(inside)
            in_a_row = 0 if inside else in_a_row + len(proposals)
            if in_a_row > self.outside_limit:
                in_a_row = 0
                inside = self._from_pool(proposals[-1].round)
            if inside:
                best = max(best, self._query(inside, number, seconds))
                number += 1
        return self.events

    def _query(self, proposals: Sequence[Proposal], number: int, seconds: float) -> float:
        """Looks the cells of a batch up, tells the searcher their signal, and records both; returns the best signal."""
        strings = self.counter.count(proposals, mode=self.searcher.mode, duplicates=self.searcher.duplicates)
        trials = []
        for proposal in proposals:
            self.queries += 1
            self._queried.add(proposal.architecture)
            trials.append(
                Trial(
                    self.queries, SEARCH, proposal, self.cells.evaluator.evaluate(proposal.architecture), batch=number
                )
            )
        evaluations = [trial.evaluation for trial in trials if trial.evaluation is not None]
        report = {name: finite(value) for name, value in self.searcher.report.items()}
        started = time.perf_counter()
        self.searcher.observe(evaluations)
        observing = time.perf_counter() - started
        self.seconds += observing
        self.events += [proposed_event(trial) for trial in trials]
        self.events.append(
            {
                'event': 'batch',
                'arm': SEARCH,
                'number': number,
                'trials': [trial.id for trial in trials],
                'draws': self.searcher.draws,
                'seconds': round(seconds + observing, 6),
                'report': report,
                'duplicates': self.searcher.duplicates,
                'candidates': self.searcher.candidates,
                'outside': self.outside,
            }
        )
        for trial, evaluation, count in zip(trials, evaluations, strings, strict=True):
            self.events.append({**evaluated_event(trial.id, evaluation), 'strings': count})
            test = finite(self.cells.report(evaluation.architecture))
            if test is not None:
                self.events.append({'event': 'tested', 'trial': trial.id, 'metrics': {'test': test}})
        return max((evaluation.score for evaluation in evaluations if not evaluation.failed), default=-math.inf)

    def _from_pool(self, round_number: int) -> list[Proposal]:
        """Returns one cell of the table that has not been queried, drawn uniformly."""
        generator = np.random.default_rng([self.seed, self.queries])
        left = sorted(set(self.cells.listed) - self._queried)
        return [Proposal(left[int(generator.integers(len(left)))], 'pool', round_number)] if left else []
