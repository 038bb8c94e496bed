"""Settings from JSON: which searcher they are about, and the folders of their records."""

import pytest

from nao_tf.benchmarks.config import default_benchmark_config
from nao_tf.benchmarks.grid import make_arms
from nao_tf.errors import InputError


@pytest.fixture
def config():
    return default_benchmark_config()


def labels(arms):
    return [arm.label for arm in arms]


def test_all_combinations(config):
    arms = make_arms(['lanas'], '{"lanas.height": [3, 4], "lanas.exploration": [0.2, 0.3]}', config)
    assert labels(arms) == ['default', *(f'height={h} exploration={c}' for h in (3, 4) for c in (0.2, 0.3))]
    assert arms[3].config.searcher.lanas.height == 4
    assert arms[3].config.searcher.lanas.exploration == 0.2
    assert config.searcher.lanas.height != 4
    assert [arm.default for arm in arms] == [True, False, False, False, False]


def test_single_settings_with_nested_fields(config):
    settings = '[{"controller.optimism": 0.3, "per_round": 7}, {"controller.predictor_hidden": [8, 8]}]'
    arms = make_arms(['nao'], settings, config)
    assert labels(arms)[1] == 'controller.optimism=0.3 per_round=7'
    assert arms[1].config.searcher.controller.optimism == 0.3
    assert tuple(arms[2].config.searcher.controller.predictor_hidden) == (8, 8)


def test_a_setting_is_tried_with_the_searchers_that_it_is_about(config):
    settings = '[{"lanas.height": 3}, {"per_round": 7}, {"seeds": 5}]'
    arms = make_arms(['lanas', 'random', 'nao'], settings, config)
    assert [arm.name for arm in arms] == [
        'lanas default',
        'lanas height=3',
        'lanas per_round=7',
        'random default',
        'random per_round=7',
        'nao default',
        'nao per_round=7',
        'nao seeds=5',
    ]


def test_the_default_is_not_run_twice(config):
    height = config.searcher.lanas.height
    assert labels(make_arms(['lanas'], f'{{"lanas.height": [{height}, 9]}}', config)) == ['default', 'height=9']


def test_folders_are_of_what_the_records_depend_on(config):
    one, other = make_arms(['lanas'], '[{"lanas.height": 9}]', config)
    assert one.folder(budget=50) == one.folder(budget=50)
    assert len({one.folder(budget=50), one.folder(budget=60), other.folder(budget=50)}) == 3
    config.searcher.mcts.batch = 7
    config.searcher.controller.hidden = 7
    config.searcher.rounds = 7
    assert make_arms(['lanas'], '', config)[0].folder(budget=50) == one.folder(budget=50)


@pytest.mark.parametrize(
    ('searcher', 'settings', 'message'),
    [
        ('lanos', '', "no searcher 'lanos'"),
        ('lanas', '{"lanas.height": 3}', 'an object of lists'),
        ('lanas', '[3]', 'a list of objects'),
        ('lanas', '{"lanas.height"', 'malformed JSON'),
        ('lanas', '[{"lanas.hight": 3}]', "--settings: there is no config field 'searcher.lanas.hight'"),
        ('lanas', '[{"lanas.height": "tall"}]', 'must be of type int'),
    ],
)
def test_wrong_settings(config, searcher, settings, message):
    with pytest.raises(InputError, match=message):
        make_arms([searcher], settings, config)
