"""Every searcher on a KerasTuner space with a condition, a refined float and a fixed value."""

import json

import keras_tuner
import pytest

from nao_tf.spaces.hyperparameters import HyperParameterSpace
from tests.contract.test_searchers import GROWS, SEARCHERS, answer, drive


def make_space():
    hp = keras_tuner.HyperParameters()
    hp.Fixed('batch', 32)
    hp.Choice('model', ['cnn', 'mlp'])
    with hp.conditional_scope('model', ['cnn']):
        hp.Int('filters', 8, 32, step=8)
    hp.Float('rate', 1e-4, 1e-1, sampling='log')
    return HyperParameterSpace(hp)


SPACE = make_space()
every_searcher = pytest.mark.parametrize('make', [m for n, m in SEARCHERS.items() if n not in GROWS],
                                         ids=[n for n in SEARCHERS if n not in GROWS])  # fmt: skip


@every_searcher
def test_proposes_new_configurations_of_the_space(make):
    log = drive(make(SPACE, 0), 5)
    cells = [proposal.architecture for proposals, _ in log for proposal in proposals]
    assert len(cells) == len(set(cells)) >= 16
    for cell in cells:
        SPACE.validate(cell)
    assert drive(make(SPACE, 0), 5) == log


@every_searcher
def test_saved_loaded_and_replayed(make):
    whole, replayed, loaded = make(SPACE, 1), make(SPACE, 1), make(SPACE, 1)
    for proposals, draws in drive(whole, 4):
        replayed.adopt(proposals, draws)
        replayed.observe(answer(proposals))
    loaded.load_state_dict(json.loads(json.dumps(whole.state_dict())))
    expected = drive(whole, 2)
    assert drive(replayed, 2) == expected
    assert drive(loaded, 2) == expected


def test_one_choice_is_a_space_too():
    hp = keras_tuner.HyperParameters()
    hp.Choice('only', list('abcdefghij'))
    space = HyperParameterSpace(hp)
    for name in ('nao', 'evolution', 'bayesian'):
        searcher, seen = SEARCHERS[name](space, 0), set()
        while proposals := searcher.propose(3):
            seen.update(proposal.architecture for proposal in proposals)
            searcher.observe(answer(proposals))
        assert len(seen) == 10
