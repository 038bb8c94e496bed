"""The summary, on a history small enough to work out by hand."""

import math

import numpy as np
import pytest

from nao_tf.search.events import evaluated_event, proposed_event
from nao_tf.search.history import History, Trial
from nao_tf.search.progress import clock, figure
from nao_tf.search.summary import bootstrap_difference, summarise
from nao_tf.searchers.evaluation import Evaluation, Proposal
from nao_tf.spaces.registry import get_space

SPACE = get_space('enas_cnn')
# arm, round, origin, predicted, score
ROWS = [
    ('search', 0, 'random', None, 0.50),
    ('search', 0, 'random', None, 0.60),
    ('search', 1, 'ascent', 0.70, 0.80),
    ('search', 1, 'mutation', 0.60, math.nan),
    ('search', 2, 'ascent', 0.90, 0.90),
    ('search', 2, 'ascent', 0.80, 0.70),
    ('baseline', 0, 'random', None, 0.55),
    ('baseline', 0, 'random', None, 0.65),
]


@pytest.fixture(scope='module')
def summary():
    rng = np.random.default_rng(0)
    events, ends = [{'event': 'session', 'time': 0}], []
    for number, (arm, round_, origin, predicted, score) in enumerate(ROWS, start=1):
        architecture = SPACE.canonical(SPACE.sample(rng))
        trial = Trial(number, arm, Proposal(architecture, origin, round_, predicted))
        evaluation = Evaluation(architecture, score, metrics={'accuracy': score}, seconds=2.0, parameters=100)
        events.append(proposed_event(trial))
        ends.append(evaluated_event(number, evaluation))
    # Two workers: every two seconds two children start, and end together.
    for pair in range(0, len(ROWS), 2):
        events += [{'event': 'started', 'trial': pair + i, 'attempt': 1, 'elapsed': pair} for i in (1, 2)]
        events += [{**end, 'elapsed': pair + 2} for end in ends[pair : pair + 2]]
    report = {'round': 1, 'pairwise_accuracy': 0.75}
    events += [
        {
            'event': 'batch',
            'arm': 'search',
            'number': 1,
            'trials': [3, 4],
            'draws': 0,
            'seconds': 3.0,
            'report': report,
            'elapsed': 30,
        },
        {'event': 'tested', 'trial': 5, 'metrics': {'accuracy': 0.88}, 'elapsed': 31},
        {'event': 'session', 'time': 100},
        {'event': 'tested', 'trial': 8, 'metrics': {'accuracy': 0.61}, 'elapsed': 9},
    ]
    return summarise(History(events, SPACE.name), SPACE, metric='accuracy', searcher='nao', seed=0)


def test_best(summary):
    assert (summary['best']['trial'], summary['best']['score']) == (5, 0.9)
    assert summary['best']['test'] == {'accuracy': 0.88}
    assert SPACE.parse(summary['best']['text']).tokens == tuple(summary['best']['tokens'])


def test_rounds(summary):
    start, first, second = summary['rounds']
    assert start['mean_score'] == pytest.approx(0.55)
    assert start['mean_predicted'] is None
    assert (first['mean_score'], first['failed']) == (pytest.approx(0.8), 1)
    assert first['mean_predicted'] == pytest.approx(0.7)  # of the cell that has a score
    assert first['origins'] == {'ascent': 1, 'mutation': 1}
    assert first['controller'] == {'pairwise_accuracy': 0.75}
    assert second['mean_score'] == pytest.approx(0.8)
    assert second['controller'] is None


def test_arms_and_their_difference(summary):
    search, baseline = summary['arms']['search'], summary['arms']['baseline']
    assert (search['added'], search['mean_added']) == (3, pytest.approx(0.8))
    assert (baseline['added'], baseline['mean_added']) == (2, pytest.approx(0.6))
    assert (baseline['best_trial'], baseline['best_test']) == (8, {'accuracy': 0.61})
    comparison = summary['comparison']
    assert comparison['difference'] == pytest.approx(0.2)
    assert comparison['interval'][0] < 0.2 < comparison['interval'][1]
    assert comparison['significant'] == (comparison['interval'][0] > 0)


def test_seconds_of_all_sessions(summary):
    assert summary['seconds'] == {'total': 40.0, 'children': 8.0, 'controller': 3.0, 'other': 29.0}


def test_bootstrap_covers_and_decides():
    rng = np.random.default_rng(1)
    apart, together = 0, 0
    for seed in range(40):
        first, second = rng.normal(0, 1, 20), rng.normal(0, 1, 20)
        _, low, high = bootstrap_difference(first + 3, second, seed=seed)
        apart += low > 0
        _, low, high = bootstrap_difference(first, second, seed=seed)
        together += low <= 0 <= high
    assert apart == 40
    assert together >= 33  # 95% nominal; 32 or fewer of 40 has a probability below 1e-3


def test_numbers_for_people():
    assert (clock(59.6), clock(61), clock(3661)) == ('1:00', '1:01', '1:01:01')
    assert (figure(None), figure(0.12345)) == ('-', '0.1235')
