"""Searches on text: what belongs together, and how scores are shown."""

import io
import os
import pickle
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from nao_tf.errors import InputError
from nao_tf.search.config import default_config, default_config_for, default_text_config, flatten, from_flat, set_field
from nao_tf.search.progress import print_summary
from nao_tf.search.recipe import evaluator_recipe
from nao_tf.search.setup import build_parts
from nao_tf.search.shown import Shown
from nao_tf.spaces.registry import get_space
from nao_tf.tasks.make import make_task

CONFIGS = Path(__file__).parents[2] / 'configs'
SPACE_FILE = """
from nao_tf.spaces.recurrent_cell import RecurrentCellSpace

SPACE = RecurrentCellSpace('mine', nodes=3, activations=('tanh', 'swish'))
"""


@pytest.fixture
def config():
    config = default_text_config()
    config.child.hidden = 8
    config.task.min_count = 20
    return config


@pytest.fixture(scope='module')
def task():
    return make_task({'name': 'pydoc', 'min_count': 20})


def test_default_is_the_papers_search():
    config = default_text_config()
    assert config.space.name == 'nao_rnn'
    assert (config.child.hidden, config.child.epochs, config.child.batch_size) == (850, 600, 64)
    assert (config.child.learning_rate, config.child.clip_norm, config.child.output_dropout) == (20.0, 0.25, 0.75)
    assert flatten(from_flat(flatten(config), 'here')) == flatten(config)
    assert flatten(default_config_for('ptb')) == flatten(config)
    assert flatten(default_config_for('digits')) == flatten(default_config())
    with pytest.raises(InputError, match=r"there is no config field 'child.filters'"):
        set_field(config, 'child.filters', 8, origin='here')


def test_parts(config, task):
    parts = build_parts(config, task)
    assert parts.space is get_space('nao_rnn')
    assert parts.evaluator.network_config.vocabulary == len(task.vocabulary)


def test_a_worker_gives_the_same_score(config):
    config.child.epochs = 1
    task = make_task({'name': 'pydoc', 'min_count': 20, 'train_tokens': 4000})
    cell = get_space('nao_rnn').sample(np.random.default_rng(0))
    made = pickle.loads(pickle.dumps(evaluator_recipe(config, task).make))()
    assert made.evaluate(cell).score == build_parts(config, task).evaluator.evaluate(cell).score


@pytest.mark.parametrize(
    ('field', 'value', 'message'),
    [
        ('space.name', 'nao_cnn', 'space nao_cnn has no recurrent cells: a text needs a space such as nao_rnn'),
        ('child.precision', 'mixed_bfloat16', "child.precision is 'mixed_bfloat16'; it is one of float32"),
        ('child.rules', 'tf1', "child.rules is 'tf1'; it is one of released, paper"),
        ('child.batch_size', 100_000, 'fewer than one batch of 100000 sequences of 35'),
        ('child.hidden', 0, 'child.hidden is 0'),
    ],
)
def test_wrong_values(config, task, field, value, message):
    set_field(config, field, value, origin='test')
    with pytest.raises(InputError, match=message):
        build_parts(config, task)


def test_a_space_with_an_activation_that_does_not_exist(config, task, tmp_path):
    (tmp_path / 'mine.py').write_text(SPACE_FILE)
    config.space.module = str(tmp_path / 'mine.py')
    with pytest.raises(InputError, match=r"space mine: activation 'swish' does not exist; there are tanh, relu"):
        build_parts(config, task)


def test_configs_of_the_other_kind(task):
    with pytest.raises(InputError, match=r'task pydoc is text, but the config is not: there is no child.eval_batch'):
        build_parts(default_config(), task)
    with pytest.raises(InputError, match=r'task digits is images, but the config is not: .* default_config\(\)'):
        build_parts(default_text_config(), make_task({'name': 'digits'}))


def test_perplexities_are_shown(task):
    shown = Shown.of(task)
    good, bad = task.score(4.0), task.score(5.0)
    assert (shown.label, shown.figure(good), shown.figure(None)) == ('perplexity', '54.60', '-')
    arm = {'added': 2, 'mean_added': good, 'best_trial': 1, 'best_score': good, 'best_test': {'perplexity': 60.0}}
    summary = {
        'metric': 'perplexity',
        'searcher': 'nao',
        'rounds': [
            {
                'round': 0, 'trials': 3, 'failed': 0, 'mean_score': (good + bad) / 2, 'mean_predicted': None,
                'best_score': good, 'origins': {'random': 3}, 'controller': None,
            }
        ],
        'best': {
            'trial': 1, 'arm': 'search', 'round': 0, 'origin': 'random', 'description': 'cell', 'score': good,
            'test': {'perplexity': 60.0}, 'parameters': 10,
        },
        'arms': {'search': arm, 'baseline': {**arm, 'mean_added': bad}},
        'comparison': {
            'difference': good - bad, 'interval': [0.0, good - bad], 'level': 0.95, 'significant': False,
        },
        'seconds': {'total': 1.0, 'children': 1.0, 'controller': 0.0, 'other': 0.0},
    }  # fmt: skip
    text = io.StringIO()
    print_summary(summary, Console(file=text, width=100), shown)
    output = text.getvalue()
    # exp(4.5): the geometric mean of exp(4) and exp(5); a difference of 1 nat is a ratio of 1/e.
    for words in ('90.02', 'geometric mean', 'ratio of the mean perplexity 0.368', 'interval 0.368 to 1.000'):
        assert words in output
    assert 'validation perplexity 54.60, test perplexity 60.00' in output


@pytest.mark.parametrize(('name', 'parameters'), [('ptb', 27_295_000), ('ptb_small', 756_496)])
def test_configs_on_penn_treebank(name, parameters):
    if 'NAO_TF_TEST_DATA' not in os.environ:
        pytest.skip('NAO_TF_TEST_DATA does not name a folder of real data')
    config = runpy.run_path(str(CONFIGS / f'{name}.py'))['get_config']()
    config.task.data_dir = str(Path(os.environ['NAO_TF_TEST_DATA']) / 'text')
    parts = build_parts(config, make_task(config.task))
    assert parts.evaluator.parameters(parts.space.sample(np.random.default_rng(0))) == parameters


def test_status_does_without_tensorflow():
    program = "import sys, nao_tf.search.status; print('tensorflow' in sys.modules)"
    result = subprocess.run(
        [sys.executable, '-c', program], cwd=CONFIGS.parent, capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == 'False'
