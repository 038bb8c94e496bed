"""A wrong setting of any searcher is one line that names the searcher, the setting, the value and what is right."""

import pytest

from nao_tf.benchmarks.config import default_benchmark_config
from nao_tf.errors import InputError
from nao_tf.searchers.registry import SEARCHERS, make_searcher
from nao_tf.spaces.registry import get_space

WRONG = [
    ('evolution', {'population': 1}, 'at least 2'),
    ('tournament', {'sample': 0}, 'at least 1'),
    ('local_search', {'start': 0}, 'at least 1'),
    ('reinforce', {'learning_rate': -0.1}, 'at least 0'),
    ('ppo', {'epochs': 0}, 'at least 1'),
    ('bayesian', {'fitted': 1}, 'at least 2'),
    ('bayesian', {'per_query': 21}, 'at most 20'),
    ('forest', {'trees': 0}, 'at least 1'),
    ('forest_generate', {'mutated': 1.5}, 'at most 1'),
    ('lanas', {'ridge': 0.0}, 'at least'),
    ('mcts', {'evaluate': 'worst'}, 'best or random'),
    ('progressive', {'beam': 0}, 'at least 1'),
]
COMMON = [
    ('random', {'initial': 0}, 'at least 1'),
    ('nao', {'seeds': 0}, 'at least 1'),
    ('nao', {'per_query': 0}, 'at least 1'),
    ('nao', {'moves': 'descent'}, 'one of ascent, random_step, mutation'),
    ('nao', {'preset': 'papers'}, 'paper'),
    ('nao', {'controller': {'growth': 0.5}}, '1 or a number above it'),
]


def refused(name, fields, space='nasbench201'):
    config = default_benchmark_config().searcher
    with config.unlocked():
        config.update(fields)
    with pytest.raises(InputError) as caught:
        make_searcher(name, get_space(space), config=config.to_dict(), seed=0)
    message = str(caught.value)
    assert '\n' not in message
    return message


@pytest.mark.parametrize(('name', 'setting', 'right'), WRONG)
def test_a_setting_of_one_searcher(name, setting, right):
    ((field, value),) = setting.items()
    message = refused(name, {name: setting}, 'pnas_cnn' if name == 'progressive' else 'nasbench201')
    assert message.startswith(f'searcher.{name}: ')
    for word in (field, str(value), right):
        assert word in message


@pytest.mark.parametrize(('name', 'fields', 'right'), COMMON)
def test_a_setting_of_all_or_of_nao(name, fields, right):
    message = refused(name, fields)
    for word in (next(iter(fields)), right):
        assert word in message


def test_every_searcher_is_here():
    assert {name for name, *_ in WRONG + COMMON} == set(SEARCHERS)


def test_what_cannot_be_listed_cannot_be_ranked():
    message = refused('forest', {}, 'nao_cnn')
    assert 'nao_cnn' in message
    assert 'forest_generate' in message


def test_what_does_not_grow_cannot_be_searched_by_growth():
    assert 'growth' in refused('progressive', {}, 'nao_cnn')
