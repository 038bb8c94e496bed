"""`nao train` on images: stopped and continued, the best of a few, and weights that go on with other images."""

import contextlib
import io
import json
import shutil
import signal

import keras
import numpy as np
import pytest
from rich.console import Console

from nao_tf.errors import InputError
from nao_tf.final import classifier
from nao_tf.final.classifier import FinalTraining
from nao_tf.final.config import default_finetune_config, default_image_train_config
from nao_tf.final.epochs import read_epochs
from nao_tf.final.images import train_classifier
from nao_tf.final.start import make_start
from nao_tf.search.terminal import JSON, QUIET, Terminal
from nao_tf.tasks.image import ImageTask
from nao_tf.tasks.make import make_task
from nao_tf.training.classifier import ClassifierTrainer
from tests.reports.conftest import write_workdir

SPACE = 'tests/support/tiny_space.py'
ROWS = [('search', 0, 'random', None, score, None, 400) for score in (0.5, 0.9, 0.7, None)]


def small(config):
    config.child.epochs = 1
    config.child.batch_size = 256
    config.child.learning_rate = 0.2
    config.child.drop_path_keep = 0.9
    config.child.auxiliary = False
    return config


@pytest.fixture
def config(tmp_path, request):
    """The config of a small training on digits, of the best cell of a search of small cells."""
    config = small(default_image_train_config())
    module = str(request.config.rootpath / SPACE)
    config.architecture = str(write_workdir(tmp_path / 'search', ROWS, 'tiny', space__module=module))
    config.child.cells_per_stage = 1
    config.child.filters = 2
    return config


def run(config, workdir, **options):
    """Trains and returns the summary and what was printed."""
    output = io.StringIO()
    summary = train_classifier(config, workdir, console=Console(file=output, width=200), **options)
    return summary, output.getvalue()


def weights(file):
    return [variable.numpy() for variable in keras.models.load_model(file).variables]


def test_what_a_training_began_with_stays_when_its_search_goes_on_and_moves(config, tmp_path, monkeypatch):
    def stop(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(FinalTraining, 'run', stop)
        with pytest.raises(KeyboardInterrupt):
            run(config, tmp_path / 'run')
    search = tmp_path / 'search'
    rows = [*ROWS, ('search', 1, 'random', None, 0.99, None, 400)]
    module = json.loads((search / 'config.json').read_text())['space.module']
    shutil.rmtree(search)
    write_workdir(search, rows, 'tiny', space__module=module)
    summary, output = run(config, tmp_path / 'run')
    assert 'trial 2 of' in output
    assert summary['epoch'] == 1
    config.architecture = str(search.rename(tmp_path / 'moved'))
    with pytest.raises(InputError, match=r'architecture\.fingerprint was'):
        run(config, tmp_path / 'run')
    shutil.rmtree(config.architecture)
    write_workdir(tmp_path / 'moved', ROWS, 'tiny', space__module=module)
    assert run(config, tmp_path / 'run')[0] == summary


def test_stopped_inside_an_epoch_ends_the_same(config, tmp_path, monkeypatch):
    config.top_k = 2
    tests = []
    batches = ImageTask.raw_batches
    monkeypatch.setattr(
        ImageTask, 'raw_batches', lambda task, split, size: tests.append(split) or batches(task, split, size)
    )
    whole, output = run(config, tmp_path / 'whole')
    assert output.count('\nepoch ') == 2
    assert [len(rows) for rows in read_epochs(tmp_path / 'whole')[0].values()] == [1, 1]
    assert 'candidate 1 of 2: trial 2' in output
    assert tests == ['test']
    first, second = whole['candidates']
    assert whole['validation'] == max((first, second), key=lambda row: row['score'])['metrics']
    assert 'trial 3' in second['origin']

    save, steps = ClassifierTrainer.save_checkpoint, []

    def stop(trainer, path):
        steps.append(trainer.course.step)
        if len(steps) == 7:  # after two steps of the second candidate, Ctrl-C of which C code makes an error of its own
            with contextlib.suppress(KeyboardInterrupt):
                signal.raise_signal(signal.SIGINT)
            raise SystemError('bad argument to internal function')
        save(trainer, path)

    monkeypatch.setattr(classifier, 'CHECKPOINT_SECONDS', 0.0)
    monkeypatch.setattr(ClassifierTrainer, 'save_checkpoint', stop)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            run(config, tmp_path / 'parts')
    finally:
        signal.signal(signal.SIGINT, before)
    assert not (tmp_path / 'parts' / 'summary.json').exists()
    summary, output = run(config, tmp_path / 'parts')
    assert '0.4 of 1 epochs are done' in output
    assert 'candidate 1 of 2' not in output
    assert summary == whole | {'origin': summary['origin']}
    for name in ('best_model.keras', 'last_model.keras'):
        for mine, other in zip(weights(tmp_path / 'whole' / name), weights(tmp_path / 'parts' / name), strict=True):
            np.testing.assert_array_equal(mine, other)
    assert json.loads((tmp_path / 'parts' / 'summary.json').read_text()) == summary
    assert tests == ['test', 'test']
    assert run(config, tmp_path / 'parts')[0] == summary
    assert tests == ['test', 'test']  # the test images of a finished training are not looked at again
    for mode in (JSON, QUIET):
        output = io.StringIO()
        train_classifier(config, tmp_path / 'parts', console=Terminal(mode, file=output))
        lines = output.getvalue().splitlines()
        if mode == JSON:
            assert json.loads(lines[-1]) == {'event': 'summary', **summary}
        else:
            assert lines[0] == 'Final training'
            assert summary['origin'] in output.getvalue()


def test_weights_of_all_images_go_on_with_other_images(config, tmp_path):
    config.task.validation = 0.0
    config.child.score = 'last'
    summary, output = run(config, tmp_path / 'base')
    assert 'task digits: 1,438 training, 359 test images' in output
    assert set(summary['validation']) == {'loss'}
    assert 0 < summary['test']['accuracy'] < 1
    tuned = small(default_finetune_config())
    tuned.weights = str(tmp_path / 'base' / 'best_model.keras')
    tuned.task.name = 'npz'
    tuned.task.path = str(tmp_path / 'mine.npz')
    tuned.space.module = ''
    rng = np.random.default_rng(0)
    images, labels = rng.integers(0, 256, (90, 12, 12), dtype=np.uint8), np.arange(90) % 3
    one_class = {'x_test': images[::3], 'y_test': labels[::3]}
    np.savez(tuned.task.path, x_train=images, y_train=labels, **one_class)
    with pytest.raises(InputError, match=r'of 10 classes \(0, 1, 2, 3, ...\), task mine.npz has 3 .*replace_head'):
        run(tuned, tmp_path / 'tuned')
    assert not (tmp_path / 'tuned').exists()
    tuned.replace_head = True
    start = make_start(tuned, make_task, tmp_path / 'tuned')
    assert start.task.image_shape == (8, 8, 1)
    begun = FinalTraining(start, 0, tmp_path, seed=1).trainer.network.places()
    trained = keras.models.load_model(tuned.weights).network.places()
    for place, variable in begun.items():
        same = variable.shape == trained[place].shape and np.array_equal(variable.numpy(), trained[place].numpy())
        assert same == (not place.startswith('classifier/')), place
    summary, output = run(tuned, tmp_path / 'tuned')
    assert keras.models.load_model(tmp_path / 'tuned' / 'best_model.keras').class_names == ('0', '1', '2')
    assert summary['epoch'] == 1
    assert summary['test']['auc'] is None
    assert 'NaN' not in (tmp_path / 'tuned' / 'summary.json').read_text()
    assert 'N=1 F=2' in output
    tuned.task.channels = 3
    with pytest.raises(InputError, match=r'takes images of 1 channels, .* have 3; set task.channels to 1'):
        make_start(tuned, make_task, tmp_path / 'tuned')


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        ({'child.filters': 41, 'task.image_size': 32}, r'filters \(F\) must be even'),
        ({'child.patience': 5, 'child.score': 'last'}, r"child\.patience is 5, but child\.score is 'last'"),
    ],
)
def test_a_wrong_recipe_is_refused_before_an_image_is_read(config, change, message, tmp_path):
    config.update_from_flattened_dict(change)
    with pytest.raises(InputError, match=message):
        make_start(config, lambda fields: pytest.fail('images were read'), tmp_path / 'run')


def test_divergence_is_said_in_one_line(config, tmp_path):
    config.child.learning_rate = 1e30
    config.child.clip_norm = 0.0
    with pytest.raises(InputError, match=r'the training loss is .* in epoch 1 of 1; a lower child.learning_rate'):
        run(config, tmp_path / 'run')


def test_what_was_best_before_the_loss_was_no_number_is_kept(config, tmp_path, monkeypatch):
    config.child.epochs = 2
    save = ClassifierTrainer.save_checkpoint

    def poison(trainer, path):
        save(trainer, path)
        if trainer.course.step == trainer.steps_per_epoch:
            for variable in trainer.network.trainable_variables:
                variable.assign(np.full(variable.shape, np.nan))

    monkeypatch.setattr(classifier, 'CHECKPOINT_SECONDS', 0.0)
    monkeypatch.setattr(ClassifierTrainer, 'save_checkpoint', poison)
    summary, output = run(config, tmp_path / '[a]')
    assert summary['epoch'] == 1
    assert summary['diverged'] == 'the training loss is nan in epoch 2 of 2'
    assert 'loss is nan in epoch 2 of 2; its best epoch was taken' in output
    assert summary['test']['accuracy'] > 0
    assert all(np.isfinite(value).all() for value in weights(tmp_path / '[a]' / 'best_model.keras'))
    assert (tmp_path / '[a]' / 'checkpoint_1.npz').exists()


def test_figures_that_are_no_number_are_left_out():
    outcome = classifier.Outcome(0.5, 1, {'accuracy': 0.5, 'auc': float('nan')})
    assert outcome.to_json()['metrics'] == {'accuracy': 0.5}


@pytest.mark.parametrize(
    ('fields', 'message'),
    [
        ({'architecture': 'NAO-RNN'}, "'NAO-RNN' is recurrent; images need a pair of convolutional cells"),
        ({'architecture': 'configs'}, 'configs is no work directory of a search, nor of a training'),
        ({'architecture': 'NAONot'}, 'NAONot'),
        ({'architecture': 'NAONet', 'top_k': 2}, 'top_k is 2, which needs the work directory of a search'),
        ({'top_k': 4}, 'top_k is 4, but .* has 3 finished trials; take at most that many'),
        ({'top_k': 0}, 'top_k is 0; it must be at least 1'),
        ({'task.image_size': 2}, '2x2 pixels are too small for two reductions .* both sides must be at least 3'),
        ({'child.auxiliary': True}, 'take images of at least 29 pixels a side'),
        ({'child.precision': 'half'}, "child.precision is 'half'"),
        ({'child.patience': 3, 'child.score': 'last'}, "child.patience is 3, but child.score is 'last'"),
        (
            {'task.validation': 0.0, 'child.score': 'last', 'top_k': 2},
            'task.validation is 0, but top_k is 2: the best is chosen by validation images',
        ),
        ({'task.validation': 0.0}, "task.validation is 0 and child.score is 'best': no epoch is the best"),
        ({'task.name': 'pydoc'}, 'task pydoc is a text, but the config is of images'),
    ],
)
def test_wrong_values(config, tmp_path, fields, message, monkeypatch, request):
    monkeypatch.chdir(request.config.rootpath)
    for name, value in fields.items():
        *path, last = name.split('.')
        (config[path[0]] if path else config)[last] = value
    with pytest.raises(InputError, match=message):
        run(config, tmp_path / 'run')
    assert not (tmp_path / 'run').exists()


def test_a_search_without_a_finished_trial(config, tmp_path):
    config.architecture = str(write_workdir(tmp_path / 'begun', ROWS[-1:], 'enas_cnn'))
    with pytest.raises(InputError, match='begun has no finished trial yet'):
        run(config, tmp_path / 'run')


def test_weights_that_are_none(tmp_path):
    config = default_finetune_config()
    with pytest.raises(InputError, match=r'config.weights is empty; it is a .keras file'):
        run(config, tmp_path / 'run')
    config.weights = 'configs/digits.py'
    with pytest.raises(InputError, match=r'is no .keras file, or is damaged'):
        run(config, tmp_path / 'run')
