"""What is drawn, against numbers worked out by hand."""

import json
import math

import numpy as np
import pytest

from nao_tf.errors import InputError
from nao_tf.reports.embedding_map import ascent_paths
from nao_tf.reports.predictor_curve import controller_config, measure_curve, plan_sizes, random_cells
from nao_tf.reports.series import arm_curve, predictions, sizes
from nao_tf.reports.source import end_times, open_source, words_of
from nao_tf.search.front import pareto_front
from nao_tf.search.journal import Journal
from tests.reports.conftest import ROWS, write_workdir


@pytest.fixture
def source(workdir):
    return open_source(workdir)


def test_scores_over_time(source):
    search, random = (arm_curve(source.history, arm) for arm in ('search', 'baseline'))
    assert search.trials.tolist() == [1, 2, 3, 4, 5, 6, 7, 8]
    assert search.shared == random.shared == 3
    assert math.isnan(search.scores[4])
    assert search.best.tolist() == [0.5, 0.6, 0.6, 0.8, 0.8, 0.9, 0.9, 0.9]
    assert random.trials.tolist() == [1, 2, 3, 9, 10]
    assert random.best.tolist() == [0.5, 0.6, 0.6, 0.6, 0.75]
    assert source.ended_at == {number: 2.0 * number for number in range(1, 11)}


def test_time_goes_on_in_the_next_session(workdir):
    journal = Journal(workdir / 'trials.jsonl')
    events = [event for event in journal.read() if event.get('trial') != 10]
    late = [event for event in journal.read() if event.get('trial') == 10]
    times = end_times([*events, {'event': 'session', 'time': 9}, *({**e, 'elapsed': 5} for e in late)], 'enas_cnn')
    assert times[9] == 18
    assert times[10] == 23


def test_predictions(source):
    found = predictions(source.history)
    assert found.predicted.tolist() == [0.70, 0.90, 0.80, 0.75]
    assert found.real.tolist() == [0.80, 0.90, 0.70, 0.65]
    quality = {name: (count, tau, accuracy) for name, count, tau, accuracy in found.quality()}
    # Of the six pairs (.70, .80) (.75, .65) and (.70, .80) (.80, .70) are the wrong way round.
    assert quality['all rounds'] == (4, pytest.approx(2 / 6), pytest.approx(4 / 6))
    assert quality['round 2'] == (3, pytest.approx(1.0), pytest.approx(1.0))
    assert quality['round 1'][0] == 1
    assert math.isnan(quality['round 1'][1])


def test_sizes_and_front(source):
    found = sizes(source.finished, source.space, source.network)
    assert list(found.costs) == ['parameters']  # no child's model was kept
    assert found.trials.tolist() == [1, 2, 3, 4, 6, 7, 8, 9, 10]
    assert found.baseline.tolist() == [False] * 7 + [True] * 2
    front = pareto_front(found.costs['parameters'], found.scores)
    assert found.trials[front].tolist() == [3, 9, 7, 4, 6]  # 100: .40, 250: .55, 300: .70, 500: .80, 900: .90


def test_front_of_equals():
    cost, score = np.array([2, 1, 1, 3, 2.0]), np.array([5, 4, 4, 5, 5.0])
    assert pareto_front(cost, score).tolist() == [1, 0]


def test_paths_of_the_ascent(source):
    cells = [trial.proposal.architecture for trial in source.finished]
    numbers = [trial.id for trial in source.finished]
    paths = [(numbers[a], numbers[b]) for a, b in ascent_paths(source.finished, cells)]
    assert sorted(paths) == [(2, 4), (2, 8), (4, 6), (4, 7)]


def test_a_text_is_scored_by_its_perplexity(tmp_path):
    rows = [(*row[:-1], 7) for row in ROWS]
    source = open_source(write_workdir(tmp_path / 'text', rows, 'nao_rnn'))
    assert source.metric == 'perplexity'
    assert source.score == '1 - ln(perplexity) / ln(100)'
    assert words_of(0.5, 10.0) == 100
    assert sizes(source.finished, source.space, source.network).costs == {}


def test_paper_plan():
    assert plan_sizes(600) == (50, (100, 200, 300, 400, 500, 550))
    assert plan_sizes(24) == (2, (4, 8, 12, 16, 20, 22))


def test_curve_of_the_predictor(tmp_path):
    rows = [('search', 0, 'random', None, 0.5 + 0.01 * n, None, 100) for n in range(24)]
    rows += [('search', 1, 'ascent', 0.9, 0.9, 1, 100)]
    small = {'epochs': 1, 'least_steps': 1, 'hidden': 8, 'posterior': 'none', 'growth': 1.0}
    fields = {f'searcher__controller__{name}': value for name, value in small.items()}
    source = open_source(write_workdir(tmp_path / 'run', rows, **fields))
    assert controller_config(source.config)[1].hidden == 8
    assert len(random_cells(source)) == 24
    lines = []
    curve = measure_curve(source, draws=1, progress=lines.append)
    assert [row['training'] for row in curve['rows']] == [4, 8, 12, 16, 20, 22]
    assert all(0 <= row['pairwise_accuracy'] <= 1 and row['hamming_distance'] >= 0 for row in curve['rows'])
    assert (curve['cells'], curve['held_out'], len(lines)) == (24, 2, 6)
    json.dumps(curve)


def test_curve_needs_random_cells(source):
    with pytest.raises(InputError, match=r'has 5 finished random cells; .* at least 24'):
        random_cells(source)


def test_nothing_to_report(tmp_path):
    with pytest.raises(InputError, match='holds no search'):
        open_source(tmp_path)
    failed = [('search', 0, 'random', None, math.nan, None, None)] * 2
    with pytest.raises(InputError, match=r'no finished trial yet \(2 proposed, 2 failed\)'):
        open_source(write_workdir(tmp_path / 'run', failed))
    (tmp_path / 'run' / 'config.json').write_text('{}')
    with pytest.raises(InputError, match='is not the config of a search'):
        open_source(tmp_path / 'run')
