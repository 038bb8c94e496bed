"""The development spaces: noise that belongs to the cell, pools of a table, names, the common scale."""

import os
import pickle

import numpy as np
import pytest

from nao_tf.benchmarks import development
from nao_tf.benchmarks.development import NoisyScore, PoolSource, Scale, SyntheticSource, development_source
from nao_tf.benchmarks.problem import TableSource
from nao_tf.benchmarks.synthetic import DEVIATION, NOISE
from nao_tf.errors import InputError


@pytest.fixture(scope='module')
def problem():
    return development_source('enas_cnn:1').open()


@pytest.fixture(scope='module')
def cells(problem):
    rng = np.random.default_rng(0)
    return [problem.space.canonical(problem.space.sample(rng)) for _ in range(400)]


def test_the_signal_is_the_report_with_noise(problem, cells):
    noise = [problem.evaluator.evaluate(cell).score - problem.report(cell) for cell in cells]
    assert np.std(noise) == pytest.approx(NOISE * DEVIATION, rel=0.15)
    assert abs(np.mean(noise)) < 4 * NOISE * DEVIATION / np.sqrt(len(cells))
    assert all(problem.holds(cell) for cell in cells)


def test_a_cell_has_one_signal(problem, cells):
    again = development_source('enas_cnn:1').open()
    for cell in cells[:20]:
        assert again.evaluator.evaluate(cell).score == problem.evaluator.evaluate(cell).score
        assert again.report(cell) == problem.report(cell)


def test_instances_differ(problem, cells):
    other = development_source('enas_cnn:2').open()
    scores = [[one.report(cell) for cell in cells] for one in (problem, other)]
    assert abs(np.corrcoef(scores)[0, 1]) < 0.5
    noises = [NoisyScore(lambda cell: 0.0, seed=seed, noise=1.0).evaluate(cells[0]).score for seed in (1, 2)]
    assert noises[0] != noises[1]


def test_sources_can_be_sent_and_compared():
    source = development_source('nao_cnn:4')
    assert source == SyntheticSource('score with noise', 'score', 'nao_cnn', 4)
    assert pickle.loads(pickle.dumps(source)) == source
    assert hash(source) == hash(development_source('nao_cnn:4'))
    assert development_source('nao_cnn') == development_source('nao_cnn:0') != source


def test_a_pool_of_a_table(files, sample):
    table = TableSource('valid', 'test', str(files / 'sample.npz'), 'nasbench201')
    whole = PoolSource('valid', 'test', table, 0).open()
    assert set(whole.space.cells) == set(whole.listed) == set(sample.classes)
    assert not whole.sample
    cell = sample.classes[7]
    assert whole.evaluator.evaluate(cell).score == sample.column('valid')[7]
    assert whole.report(cell) == sample.column('test')[7]


def test_halves_of_a_pool(files):
    table = TableSource('valid', 'test', str(files / 'sample.npz'), 'nasbench201')
    halves = [set(PoolSource('valid', 'test', table, number).open().listed) for number in (1, 1, 2)]
    assert [len(half) for half in halves] == [150, 150, 150]
    assert halves[0] == halves[1]
    assert halves[0] != halves[2]


@pytest.mark.skipif(development.DATA not in os.environ, reason=f'{development.DATA} names no folder of tables')
def test_the_sample_of_nasbench101():
    problem = development_source('nasbench101').open()
    assert len(problem.listed) == 10_000
    rng = np.random.default_rng(0)
    for _ in range(50):
        cell = problem.space.mutate(problem.space.sample(rng), rng)
        assert problem.evaluator.evaluate(cell).score == problem.report(cell)
    assert Scale.of(problem)(np.array([problem.optimum])) > 1


def test_the_scale(problem, cells):
    scale = Scale.of(problem)
    values = scale(np.array([problem.report(cell) for cell in cells]))
    assert np.median(values) == pytest.approx(0, abs=0.1)
    assert np.quantile(values, 0.99) == pytest.approx(1, abs=0.25)


def test_a_tabulated_search():
    problem = development_source('kerastuner:0').open()
    assert not problem.sample
    assert (
        problem.evaluator.evaluate(problem.space.canonical(problem.space.sample(np.random.default_rng(0)))).score <= 1
    )


def test_wrong_names(monkeypatch):
    with pytest.raises(InputError, match='no development space kerastuner:9'):
        development_source('kerastuner:9')
    with pytest.raises(InputError, match="no development space 'nasbench201'; there are enas_cnn"):
        development_source('nasbench201')
    with pytest.raises(InputError, match="'x' is no number of an instance, such as enas_cnn:1"):
        development_source('enas_cnn:x')
    monkeypatch.delenv(development.DATA, raising=False)
    with pytest.raises(InputError, match='NAO_TF_TEST_DATA names; it is not set'):
        development_source('nasbench101')
