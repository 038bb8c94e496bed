"""One run of the protocol, with searchers whose proposals are known beforehand."""

import math

import numpy as np
import pytest

from nao_tf.benchmarks.problem import Cells
from nao_tf.benchmarks.protocol import Run, Stopped
from nao_tf.benchmarks.strings import StringCounter
from nao_tf.benchmarks.table import Table
from nao_tf.search.history import History
from nao_tf.searchers.base import Searcher
from nao_tf.searchers.enumeration import canonical_cells
from nao_tf.searchers.evaluation import Proposal
from nao_tf.searchers.random import RandomSearch


class Scripted(Searcher):
    """Proposes given cells, `size` at a time, and keeps what it is told."""

    def __init__(self, space, cells, size=3):
        super().__init__(space)
        self.cells = list(cells)
        self.size = size
        self.told = []

    @property
    def round_size(self):
        return self.size

    def _propose(self, count):
        batch, self.cells = self.cells[:count], self.cells[count:]
        return [Proposal(cell, 'scripted', round=1) for cell in batch]

    def observe(self, evaluations):
        super().observe(evaluations)
        self.told += evaluations


def start(table, make, **settings):
    cells = Cells.of_table(table, valid='valid', test='test')
    counter = StringCounter(cells.space, list(cells.rows) if cells.sample else None)
    return Run(cells, counter, make(counter.space), **settings)


def test_every_query_is_one_look_up_in_order(whole):
    script = whole.classes[100:120]
    run = start(whole, lambda space: Scripted(space, script), budget=10)
    history = History(run.go(), 'nasbench201')
    rows = [whole.lookup(cell) for cell in script[:10]]
    trials = list(history.trials.values())
    assert [trial.proposal.architecture for trial in trials] == script[:10]
    assert [trial.score for trial in trials] == whole.column('valid')[rows].tolist()
    assert [history.tested[trial.id]['test'] for trial in trials] == whole.column('test')[rows].tolist()
    assert [len(batch.trials) for batch in history.batches.values()] == [3, 3, 3, 1]
    assert run.queries == 10
    assert run.seconds > 0


def test_searchers_see_the_validation_column_only(whole):
    run = start(whole, lambda space: Scripted(space, whole.classes[:5]), budget=5)
    run.go()
    for evaluation in run.searcher.told:
        assert dict(evaluation.metrics) == {'valid': evaluation.score}
        assert evaluation.score == whole.column('valid')[whole.lookup(evaluation.architecture)]


def test_a_class_is_its_row_of_lowest_index(space):
    cell = next(cell for cell in canonical_cells(space)[1:] if any(space.symmetries(cell)))
    twin = next(space.symmetries(cell))
    other = canonical_cells(space)[0]
    table = Table.of(space, [other, twin, cell], {'valid': np.array([1.0, 2.0, 3.0]), 'test': np.zeros(3)})
    cells = Cells.of_table(table, valid='valid', test='test')
    assert len(cells.rows) == 2
    assert cells.optimum == 2.0  # the third row is no class's: nobody can find it


def test_the_end_of_the_space_ends_the_run(whole):
    run = start(whole, lambda space: Scripted(space, whole.classes[:4]), budget=100)
    run.go()
    assert run.queries == 4


def test_a_cell_without_a_value_is_a_failed_query(space):
    cells = canonical_cells(space)[:6]
    table = Table.of(space, cells, {'valid': np.array([1, math.nan, 3, 4, 5, 6]), 'test': np.zeros(6)})
    run = start(table, lambda space: Scripted(space, cells), budget=6)
    events = run.go()
    assert run.queries == 6
    assert [event['trial'] for event in events if event['event'] == 'failed'] == [2]
    assert [evaluation.failed for evaluation in run.searcher.told] == [False, True, False, False, False, False]


def test_proposals_outside_a_sample_are_free(space, sample):
    inside, known = sample.classes[:4], set(sample.classes)
    outside = [cell for cell in canonical_cells(space) if cell not in known][:6]
    script = [*outside[:2], inside[0], *outside[2:], *inside[1:]]
    run = start(sample, lambda space: Scripted(space, script), budget=4)
    events = run.go()
    assert run.queries == 4
    assert run.outside == 6
    assert [evaluation.architecture for evaluation in run.searcher.told] == inside
    assert [event['outside'] for event in events if event['event'] == 'batch'][-1] == 6


def test_after_so_many_outside_the_run_draws_from_the_sample(space, sample):
    known = set(sample.classes)
    outside = [cell for cell in canonical_cells(space) if cell not in known]
    run = start(sample, lambda space: Scripted(space, outside), budget=5, outside_limit=8, seed=1)
    history = History(run.go(), 'nasbench201')
    assert {trial.proposal.origin for trial in history.trials.values()} == {'pool'}
    assert len({trial.proposal.architecture for trial in history.trials.values()} & known) == 5
    assert run.outside == 3 * 9 + 10 + 9  # batches of three, then of the two and the one that the budget leaves
    assert len(run.searcher.told) == 5


def test_random_search_of_a_sample_draws_from_it(sample):
    run = start(sample, lambda space: RandomSearch(space, evaluations=300, seed=0), budget=300)
    run.go()
    assert (run.queries, run.outside) == (300, 0)


def test_a_goal_ends_the_run_with_its_batch(whole):
    script = whole.classes[100:120]
    values = [whole.column('valid')[whole.lookup(cell)] for cell in script]
    best = int(np.argmax(values[:10]))
    run = start(whole, lambda space: Scripted(space, script), budget=20, goal=values[best])
    run.go()
    assert run.queries == 3 * (best // 3 + 1)


def test_a_cell_without_a_value_hides_no_goal(space):
    cells = canonical_cells(space)[:9]
    valid = np.array([math.nan, 5, 3, 1, 2, math.nan, 4, 0, 0])
    table = Table.of(space, cells, {'valid': valid, 'test': np.zeros(9)})
    run = start(table, lambda space: Scripted(space, cells), budget=9, goal=5.0)
    run.go()
    assert run.queries == 3


def test_stop(whole):
    asked = iter([False, True])
    run = start(whole, lambda space: Scripted(space, whole.classes), budget=9, stop=lambda: next(asked))
    with pytest.raises(Stopped):
        run.go()
    assert run.queries == 3
