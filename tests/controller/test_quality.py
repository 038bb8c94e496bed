"""The paper's quality in a reduced form; `tools/controller_quality.py` measures all of it."""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

from nao_tf.spaces.architecture import Architecture
from nao_tf.spaces.registry import get_space
from tests.support import synthetic

TOOL = Path(__file__).resolve().parents[2] / 'tools' / 'controller_quality.py'


@pytest.mark.slow
def test_quality_on_the_synthetic_score():
    specification = importlib.util.spec_from_file_location('controller_quality', TOOL)
    tool = importlib.util.module_from_spec(specification)
    sys.modules[specification.name] = tool  # its dataclass looks itself up
    specification.loader.exec_module(tool)
    result = tool.measure('enas_cnn', 1, 'default', repeats=1)
    assert result.accuracy > 0.78
    assert result.linear < result.accuracy < result.ceiling
    assert result.hamming < 0.5
    assert result.gain > 0
    assert result.proposals == 300
    assert result.ascents > 150  # mutations are ranked with what the ascent found


@pytest.mark.parametrize('name', ['enas_cnn', 'nao_cnn'])
def test_the_score_is_that_of_every_isomorph(name, rng):
    space = get_space(name)
    score = synthetic.SyntheticScore(space, seed=0)
    cells = [space.sample(rng) for _ in range(50)]
    copies = space.random_isomorph(np.array([cell.tokens for cell in cells]), rng)
    for cell, copy in zip(cells, copies.tolist(), strict=True):
        assert score(Architecture(name, tuple(copy))) == pytest.approx(score(cell))
        assert score(space.canonical(cell)) == pytest.approx(score(cell))


@pytest.mark.parametrize('name', ['enas_cnn', 'nao_cnn'])
@pytest.mark.parametrize('seed', [0, 1, 2])
def test_the_additive_part_is_half_of_the_variance(name, seed):
    space = get_space(name)
    score = synthetic.SyntheticScore(space, seed=seed)
    rng = np.random.default_rng(99)
    parts = np.array([score.parts(space.sample(rng)) for _ in range(1000)])
    share = parts[:, :2].sum(axis=1).var() / parts.sum(axis=1).var()
    assert 0.42 < share < 0.55  # 0.5 on the sample that scales it
    assert np.all(parts.std(axis=0) > 0)


def test_noise_has_its_share_of_the_deviation():
    space = get_space('enas_cnn')
    score = synthetic.SyntheticScore(space, seed=0)
    rng = np.random.default_rng(0)
    cells = [space.sample(rng) for _ in range(1000)]
    clean = np.array([score(cell) for cell in cells])
    assert clean.mean() == pytest.approx(synthetic.MEAN, abs=0.003)
    assert clean.std() == pytest.approx(synthetic.DEVIATION, rel=0.1)
    assert (score.evaluate(cells, rng) - clean).std() == pytest.approx(0.15 * synthetic.DEVIATION, rel=0.1)


def test_no_two_cells_of_a_split_are_isomorphic(rng):
    space = get_space('nao_cnn')
    groups = synthetic.split(space, (50, 30), rng)
    assert [len(group) for group in groups] == [50, 30]
    assert len({space.canonical(cell) for group in groups for cell in group}) == 80
