"""`nao train`: a small training that is stopped and continued ends as if it had not been stopped."""

import io
import json

import keras
import numpy as np
import pytest
from rich.console import Console

from nao_tf.errors import InputError
from nao_tf.final.config import default_train_config
from nao_tf.final.text import CHECKPOINT, train_cell
from nao_tf.networks.language_model import LanguageModel
from nao_tf.reports.report import make_report
from nao_tf.spaces.writing import cells_to_json
from nao_tf.training.language import LanguageTrainer


@pytest.fixture
def config():
    config = default_train_config()
    config.task.min_count = 20
    config.task.train_tokens = 2000
    config.child.hidden = 6
    config.child.epochs = 4
    config.child.batch_size = 16
    config.child.eval_batch_size = 64
    config.child.sequence_length = 20
    config.child.random_length = False
    config.child.averaging_patience = 1
    config.child.learning_rate = 60.0  # so that the loss stalls and weights are averaged
    return config


def run(config, workdir, **options):
    """Trains and returns the summary and what was printed."""
    output = io.StringIO()
    summary = train_cell(config, workdir, console=Console(file=output, width=120), **options)
    return summary, output.getvalue()


def test_stopped_after_every_epoch_ends_the_same(config, tmp_path):
    whole, output = run(config, tmp_path / 'whole')
    assert output.count('perplexity') == 4 + 1 + 1
    assert '(averaged)' in output
    for _ in range(3):
        summary, output = run(config, tmp_path / 'parts', max_hours=1e-9)
        assert summary is None
        assert 'the same command continues' in output
    summary, output = run(config, tmp_path / 'parts')
    assert f'continuing {tmp_path / "parts"}: 3 of 4 epochs are done' in output.replace('\n', '')
    assert summary == whole
    models = [keras.models.load_model(tmp_path / name / 'best_model.keras') for name in ('whole', 'parts')]
    for mine, other in zip(*(model.network.trained for model in models), strict=True):
        np.testing.assert_array_equal(mine.numpy(), other.numpy())
    assert isinstance(models[0], LanguageModel)
    assert json.loads((tmp_path / 'parts' / 'summary.json').read_text()) == summary
    assert summary['validation']['perplexity'] > 1
    assert summary['architecture'] == cells_to_json(models[0].network.cell)


def test_a_finished_training_is_not_tested_again(config, tmp_path, monkeypatch):
    config.child.epochs = 1
    summary, _ = run(config, tmp_path / 'run')
    assert not (tmp_path / 'run' / CHECKPOINT).exists()
    monkeypatch.setattr(LanguageTrainer, 'evaluate', None)
    again, output = run(config, tmp_path / 'run')
    assert again == summary
    assert 'holds this training, finished' in output.replace('\n', ' ')
    page = make_report(tmp_path / 'run', tmp_path / 'report.html')
    assert 'Graph of the cells' in (tmp_path / 'report.html').read_text(), page
    (tmp_path / 'run' / 'best_model.keras').write_bytes(b'PK')
    with pytest.raises(InputError, match=r'best_model.keras is damaged; put back a copy, or remove summary.json'):
        run(config, tmp_path / 'run')


def test_epochs_that_are_rolled_back_count_and_can_be_stopped(config, tmp_path):
    config.child.update(epochs=2, learning_rate=1e30, clip_norm=0.0)
    summary, output = run(config, tmp_path / 'run', max_hours=1e-9)
    assert summary is None
    assert 'epoch 1 of 2 | the loss is not finite: rolled back' in output
    assert (tmp_path / 'run' / CHECKPOINT).exists()
    with pytest.raises(InputError, match=r'not finite in any of 2 epochs; a lower child.learning_rate may help'):
        run(config, tmp_path / 'run')


def test_damaged_checkpoint(config, tmp_path):
    run(config, tmp_path / 'run', max_hours=1e-9)
    file = tmp_path / 'run' / CHECKPOINT
    file.write_bytes(file.read_bytes()[:-200])
    with pytest.raises(InputError, match=r'checkpoint.npz is no checkpoint of this training .* remove it to start'):
        run(config, tmp_path / 'run')


def test_another_training_is_refused(config, tmp_path):
    run(config, tmp_path / 'run', max_hours=1e-9)
    config.child.hidden = 7
    with pytest.raises(InputError, match=r'child.hidden was 6, now 7'):
        run(config, tmp_path / 'run')


@pytest.mark.parametrize(
    ('architecture', 'message'),
    [
        ('NAONet', "architecture 'NAONet' is convolutional; a text needs a recurrent cell"),
        ('node_0 swish ' * 11, 'swish'),
    ],
)
def test_wrong_architectures(config, tmp_path, architecture, message):
    config.architecture = architecture
    with pytest.raises(InputError, match=message):
        run(config, tmp_path / 'run')
    assert not (tmp_path / 'run').exists()


def test_images_are_refused(config, tmp_path):
    with config.unlocked():
        config.task = {'name': 'digits'}
    with pytest.raises(InputError, match='task digits is of images: nao train trains recurrent cells on text'):
        run(config, tmp_path / 'run')
