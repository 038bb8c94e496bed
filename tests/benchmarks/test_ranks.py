"""Mean ranks, from made-up records whose ranks are known."""

import numpy as np
import pytest

from nao_tf.benchmarks.development import Scale
from nao_tf.benchmarks.ranks import figures, mean_and_error, rank_settings
from nao_tf.benchmarks.record import Record

SAME = Scale(0.0, 1.0)


def record(valid, test=None):
    valid = np.array(valid, float)
    test = valid if test is None else np.array(test, float)
    return Record('made_up', 0, 'generate', valid, test, np.arange(len(valid)) + 1, {}, 0, 40, 0, 2.0, None)


def constant(value, queries=100):
    return record(np.full(queries, value))


def test_figures_are_reports_of_the_best_signal():
    run = record([1, 3, 2, 4], [10, 30, 99, 20])
    assert figures(run, SAME, budget=4).tolist() == [np.mean([10, 30, 30, 20])]


def test_figures_at_the_budgets_and_on_the_scale():
    run = record(np.arange(200))
    assert figures(run, Scale(9.0, 19.0), budget=200) == pytest.approx([(99.5 - 9) / 10, 4.0, 9.0, 19.0])
    assert len(figures(run, SAME, budget=120)) == 3


def test_a_run_that_ended_early_keeps_its_value():
    assert figures(record([1, 5]), SAME, budget=100).tolist() == [(1 + 99 * 5) / 100, 5, 5]


def test_ranks_and_leads():
    records = {
        'a:0': {'first': [constant(1), constant(5)], 'second': [constant(2), constant(4)]},
        'a:1': {'first': [constant(1), constant(1)], 'second': [constant(2), constant(2)]},
        'b:0': {'first': [constant(1), constant(1)], 'second': [constant(1), constant(1)]},
    }
    standings = rank_settings(records, dict.fromkeys(records, SAME), budget=100)
    first, second = standings['first'], standings['second']
    assert list(standings) == ['first', 'second']
    assert first.spaces == {'a': 1.75, 'b': 1.5}
    assert second.spaces == {'a': 1.25, 'b': 1.5}
    assert (first.rank, second.rank) == (1.625, 1.375)
    assert (first.lead, second.lead) == (0, 0.25)
    # In a the leads are 1, -1, 1, 1: variance 1, of four; in b all are 0.
    assert second.lead_error == pytest.approx(np.sqrt(1 / 4) / 2)
    assert second.values == (np.mean([2.5, 1]),) * 2
    assert second.area == np.mean([2.5, 1])
    assert (second.seconds, second.candidates) == (0.02, 0.4)


def test_figures_are_ranked_one_by_one():
    # The first is better at 50, the second at 100 and in the area: 1 + 2 + 2 and 2 + 1 + 1.
    early = record([*np.full(60, 2.0), *np.full(40, 2.5)])
    late = record([*np.full(50, 1.0), *np.full(50, 9.0)])
    standings = rank_settings({'a': {'early': [early], 'late': [late]}}, {'a': SAME}, budget=100)
    assert standings['early'].rank == pytest.approx(5 / 3)
    assert standings['late'].rank == pytest.approx(4 / 3)


def test_a_setting_that_is_missing_from_a_space():
    records = {
        'a:0': {'first': [constant(1)], 'second': [constant(2)]},
        'b:0': {'first': [constant(1)]},
    }
    standings = rank_settings(records, dict.fromkeys(records, SAME), budget=100)
    assert standings['second'].spaces == {'a': 1.0}
    assert standings['first'].spaces == {'a': 2.0, 'b': 1.0}


def test_one_value_has_no_error():
    mean, error = mean_and_error({'a': [1.0], 'b': [2.0, 4.0]})
    assert mean == 2.0
    assert np.isnan(error)
