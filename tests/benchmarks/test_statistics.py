"""The figures of the protocol against brute force and by hand."""

import itertools
import math

import numpy as np
import pytest

from nao_tf.benchmarks.record import Record
from nao_tf.benchmarks.statistics import probability_earlier, report_at, summarise_runs
from nao_tf.search.history import History


def record(valid, test=None, strings=None, run=0, **changes):
    valid = np.array(valid, float)
    fields = {
        'searcher': 'random',
        'run': run,
        'mode': 'generate',
        'valid': valid,
        'test': np.arange(len(valid), dtype=float) if test is None else np.array(test, float),
        'strings': np.arange(1, len(valid) + 1) if strings is None else np.array(strings),
        'origins': {'random': len(valid)},
        'duplicates': 2,
        'candidates': 8,
        'outside': 0,
        'seconds': 0.5,
        'history': History([], 'nasbench201'),
    }
    return Record(**{**fields, **changes})


def test_summary_by_hand():
    runs = [
        record([1, 9, 3, 2], strings=[1, 3, 5, 6]),
        record([1, 2, 3, 9], strings=[1, 2, 4, 9], run=1),
        record([1, 2, 3, 4], strings=[2, 3, 4, 7], run=2),
    ]
    summary = summarise_runs(runs, optimum=9.0, budget=4, budgets=[2, 4, 50])
    assert summary['queries_to_optimum'] == [2, 4, None]
    assert summary['mean_queries_to_optimum'] == pytest.approx((2 + 4 + 5) / 3)
    assert summary['mean_is_lower_bound'] is True
    assert summary['median_queries_to_optimum'] == 4
    assert summary['iqr_queries_to_optimum'] == [3, 4.5]
    assert summary['hit_rate'] == pytest.approx(2 / 3)
    assert [row['budget'] for row in summary['test_at_budget']] == [2, 4]
    # The test values are 0 to 3: those of the best-validation cell, not the best ones.
    assert summary['test_at_budget'][1]['mean'] == pytest.approx((1 + 3 + 3) / 3)
    assert summary['test_at_budget'][1]['sd'] == pytest.approx(math.sqrt(4 / 3))
    raw = summary['raw_strings']
    assert raw['queries_to_optimum'] == [3, 9, None]
    assert raw['mean_queries_to_optimum'] == pytest.approx((3 + 9 + 8) / 3)
    assert [row['mean'] for row in raw['test_at_budget']] == pytest.approx([(0 + 1 + 0) / 3, (1 + 2 + 2) / 3])
    assert summary['seconds_per_query'] == pytest.approx(1.5 / 12)
    assert summary['candidates_per_query'] == 2
    assert summary['origins'] == {'random': 1}


def test_all_hit():
    summary = summarise_runs([record([9, 1]), record([1, 9], run=1)], optimum=9.0, budget=2, budgets=[1])
    assert summary['hit_rate'] == 1
    assert summary['mean_is_lower_bound'] is False
    assert summary['mean_queries_to_optimum'] == 1.5


def test_best_so_far_takes_the_earlier_of_equals_and_no_failure():
    assert record([math.nan, 2, 2, 1, 3]).best_so_far().tolist() == [0, 1, 1, 1, 4]


def test_a_run_that_ended_early_keeps_its_last_value():
    records = [record([1, 2], test=[5, 6]), record([1, 2, 3, 4], test=[5, 6, 7, 8])]
    rows = report_at(records, [4], optimum=4.0)
    assert rows[0]['mean'] == 7
    assert rows[0]['runs'] == 2


def test_in_raw_strings_a_run_that_ended_early_is_known_by_its_optimum():
    records = [record([1, 2], test=[5, 6]), record([1, 2, 3, 4], test=[5, 6, 7, 8])]
    assert report_at(records, [4], optimum=4.0, strings=True)[0]['runs'] == 1
    assert report_at(records, [4], optimum=2.0, strings=True)[0]['runs'] == 2


def test_a_failed_query_hides_no_optimum():
    records = [record([math.nan, 2], test=[5, 6])]
    assert report_at(records, [4], optimum=2.0, strings=True)[0]['runs'] == 1


def test_runs_without_a_test_value_are_left_out_and_counted():
    records = [
        record([1, 2], test=[5, 6]),
        record([1, 2], test=[5, math.nan]),
        record([math.nan, 1], test=[7, 8]),
    ]
    first, second = report_at(records, [1, 2], optimum=2.0)
    assert (first['mean'], first['runs'], first['without']) == (5.0, 2, 1)
    assert (second['mean'], second['runs'], second['without']) == (7.0, 2, 1)
    none = report_at(records[1:2], [2], optimum=2.0)[0]
    assert (none['mean'], none['sd'], none['runs'], none['without']) == (None, None, 0, 1)


@pytest.mark.parametrize('seed', range(5))
def test_probability_is_that_of_all_pairs(seed):
    rng = np.random.default_rng(seed)
    first, second = rng.integers(1, 12, 9), rng.integers(1, 12, 14)
    pairs = [(a < b) + 0.5 * (a == b) for a, b in itertools.product(first, second)]
    result = probability_earlier(first, second)
    assert result['probability'] == pytest.approx(np.mean(pairs))
    low, high = result['interval']
    assert low <= result['probability'] <= high
    mirrored = probability_earlier(second, first)
    assert mirrored['probability'] == pytest.approx(1 - result['probability'])


def test_ahead_needs_an_interval_above_one_half():
    assert probability_earlier(np.arange(10, 20), np.arange(30, 40))['ahead'] is True
    assert probability_earlier(np.arange(30, 40), np.arange(10, 20))['ahead'] is False
    tied = probability_earlier(np.full(10, 501), np.full(10, 501))
    assert (tied['probability'], tied['ahead']) == (0.5, False)


def test_no_interval_from_three_runs():
    result = probability_earlier(np.arange(3), np.arange(10, 30))
    assert (result['probability'], result['interval'], result['ahead']) == (1.0, None, None)


def test_the_interval_covers():
    """Equal searchers, 20 runs each: a 95% interval misses one half in some 5% of 60 experiments, with ties too."""
    rng = np.random.default_rng(0)
    missed = 0
    for _ in range(60):
        first, second = np.minimum(rng.geometric(0.004, (2, 20)), 501)
        low, high = probability_earlier(first, second)['interval']
        missed += not low <= 0.5 <= high
    assert missed <= 11  # 12 or more of 60 have a chance of 0.00004 at 5%
