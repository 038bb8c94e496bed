"""`nao_tf.train` and `nao_tf.finetune`: what a search found goes on from Python, as by `nao train`."""

import json

import numpy as np
import pytest

import nao_tf
from nao_tf.errors import InputError
from nao_tf.final.config import default_finetune_config, default_image_train_config
from nao_tf.spaces.recurrent_cell import RecurrentCellSpace
from tests.reports.conftest import write_workdir

SMALL = {
    'child.filters': 2,
    'child.epochs': 1,
    'child.batch_size': 32,
    'child.auxiliary': False,
    'task.validation': 20,
    'task.test': 20,
}
NETWORK = {**SMALL, 'child.cells_per_stage': 1}
CELLS = 'node_2 conv 1x1 node_1 max_pool 3x3 node_2 conv 1x1 node_1 max_pool 3x3'
ROWS = [('search', 0, 'random', None, score, None, 400) for score in (0.5, 0.9)]


@pytest.fixture(scope='module')
def module(request):
    return str(request.config.rootpath / 'tests' / 'support' / 'tiny_space.py')


@pytest.fixture(scope='module')
def images():
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (100, 8, 8, 1), dtype=np.uint8), np.arange(100) % 3


@pytest.fixture(scope='module')
def trained(images, module, tmp_path_factory):
    """A training of the two best cells of a search, and the search."""
    folder = tmp_path_factory.mktemp('trained')
    found = write_workdir(folder / 'search', ROWS, 'tiny', space__module=module)
    search = nao_tf.Result(None, None, {}, found)
    return nao_tf.train(search, images, workdir=folder / 'run', top_k=2, overrides=NETWORK), search


def test_best_cells_of_a_search_on_arrays(trained, images, capsys):
    result, search = trained
    assert json.loads((result.workdir / 'summary.json').read_text()) == result.summary
    probabilities = result.best_model.predict(images[0][:4], verbose=0)
    np.testing.assert_allclose(probabilities.sum(1), 1, rtol=1e-5)
    again = nao_tf.train(search, images, workdir=result.workdir, top_k=2, overrides=NETWORK)
    assert again.summary == result.summary
    out = capsys.readouterr().out
    assert 'holds this training, finished' in out
    rows = [line for line in out.splitlines() if line.startswith('│ trial ')]
    assert len(rows) == len(result.summary['candidates']) == 2
    row = next(line for line in rows if result.summary['origin'] in line)
    assert f'{result.summary["test"]["accuracy"]:.4f}' in row
    assert f'{result.summary["multiply_adds"]:,}' in row
    with pytest.raises(nao_tf.InputError, match='fingerprint'):
        nao_tf.train(search, (images[0][:90], images[1][:90]), workdir=result.workdir, top_k=2, overrides=NETWORK)


def test_weights_go_on_with_images_of_another_size(trained, tmp_path):
    rng = np.random.default_rng(1)
    images = rng.integers(0, 256, (100, 12, 12, 1), dtype=np.uint8), np.arange(100) % 2
    with pytest.raises(nao_tf.InputError, match=r'of 3 classes .* has 2 .*replace_head'):
        nao_tf.finetune(trained[0], images, workdir=tmp_path / 'run')
    fields = {name: value for name, value in SMALL.items() if name != 'child.filters'}
    tuned = nao_tf.finetune(trained[0], images, workdir=tmp_path / 'run', replace_head=True, overrides=fields)
    assert tuned.best_model.network.config.image_shape == (8, 8, 1)
    assert tuned.best_model.class_names == ('0', '1')
    assert json.loads((tmp_path / 'run' / 'config.json').read_text())['weights'].endswith('best_model.keras')


def test_an_architecture_of_a_space_of_ones_own(trained, images, module, tmp_path):
    architecture = nao_tf.get_space('', module=module).parse(CELLS)
    config = default_image_train_config()
    config.space.module = module
    result = nao_tf.train(
        architecture, images, workdir=tmp_path / 'run', config=config, overrides=NETWORK, max_hours=1e-9
    )
    assert result is None
    assert json.loads((tmp_path / 'run' / 'config.json').read_text())['space.name'] == 'tiny'
    assert config.space.name == ''  # a person's own config is left alone


def test_tokens_of_another_recurrent_space_are_not_mistaken(tmp_path):
    space = RecurrentCellSpace('mine', activations=('relu', 'tanh'))
    found = space.sample(np.random.default_rng(0))
    with pytest.raises(InputError, match='mine'):
        nao_tf.train(found, 'pydoc', workdir=tmp_path / 'run')
    assert not (tmp_path / 'run').exists()


def test_text(tmp_path):
    fields = {
        'task.min_count': 20,
        'task.train_tokens': 2000,
        'child.hidden': 6,
        'child.epochs': 1,
        'child.eval_batch_size': 64,
        'child.sequence_length': 20,
        'child.random_length': False,
    }
    result = nao_tf.train('NAO-RNN', 'pydoc', workdir=tmp_path / 'run', overrides=fields)
    assert result.summary['test']['perplexity'] > 1
    assert isinstance(result.best_model, nao_tf.LanguageModel)


@pytest.mark.parametrize(
    ('call', 'message'),
    [
        (lambda: nao_tf.train(7, 'digits', workdir='run'), 'architecture is of type int; it may be the result of'),
        (lambda: nao_tf.train('NAONet', 7, workdir='run'), 'cannot make a task of int'),
        (lambda: nao_tf.train('NAONot', 'digits', workdir='run'), 'NAONot'),
        (
            lambda: nao_tf.train('NAONet', 'digits', workdir='run', top_k=2),
            'top_k is 2, which needs the work directory',
        ),
        (lambda: nao_tf.train('NAO-RNN', 'pydoc', workdir='run', top_k=2), "no config field 'top_k'"),
        (
            lambda: nao_tf.train('NAONet', 'digits', workdir='run', overrides={'child.epoch': 3}),
            'did you mean child.epochs',
        ),
        (
            lambda: nao_tf.train('NAONet', 'digits', workdir='run', config=default_finetune_config()),
            'no field architecture; take one of .*default_image_train_config',
        ),
        (lambda: nao_tf.train('NAONet', 'digits', workdir='run'), 'take images of at least 29 pixels'),
        (
            lambda: nao_tf.train('NAONet', 'digits', workdir='run', overrides={'task.image_size': 2}),
            'both sides must be at least 3',
        ),
        (lambda: nao_tf.finetune(7, 'digits', workdir='run'), 'weights is of type int; it may be a .keras file'),
        (lambda: nao_tf.finetune('nowhere.keras', 'digits', workdir='run'), 'nowhere.keras'),
    ],
)
def test_wrong_calls(call, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(nao_tf.InputError, match=message):
        call()
    assert not (tmp_path / 'run').exists()
