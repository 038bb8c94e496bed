"""Every file of a training's work directory, damaged in every way: the command loses nothing, or says what to do."""

import io
import shutil
import zipfile

import numpy as np
import pytest
from rich.console import Console

from nao_tf.errors import InputError
from nao_tf.final import classifier
from nao_tf.final.config import default_image_train_config
from nao_tf.final.run import train
from nao_tf.reports.album import Album
from nao_tf.reports.training import training_page
from nao_tf.search.journal import Journal
from nao_tf.search.status import print_status
from nao_tf.spaces.registry import get_space
from nao_tf.training.classifier import ClassifierTrainer
from tests.faults.conftest import TINY
from tests.faults.damage import every_damage, survives


@pytest.fixture(scope='module')
def command():
    """Returns the command: `command(workdir)`, which returns its summary."""
    config = default_image_train_config()
    config.task.name = 'digits'
    config.space.module = TINY
    space = get_space('', module=TINY)
    config.architecture = ' '.join(map(str, space.sample(np.random.default_rng(0)).tokens))
    config.child.update(
        cells_per_stage=1, filters=2, epochs=1, batch_size=256, learning_rate=0.2, auxiliary=False, drop_path_keep=1.0
    )
    return lambda workdir: train(config, workdir, console=Console(file=io.StringIO()))


@pytest.fixture(scope='module')
def finished(command, tmp_path_factory):
    """A training that has ended, and its summary."""
    workdir = tmp_path_factory.mktemp('finished') / 'run'
    return workdir, command(workdir)


@pytest.fixture(scope='module')
def half_done(command, tmp_path_factory):
    """A training that was interrupted inside its epoch, behind a checkpoint."""
    workdir = tmp_path_factory.mktemp('half') / 'run'
    save = ClassifierTrainer.save_checkpoint

    def stop(trainer, path):
        save(trainer, path)
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(classifier, 'CHECKPOINT_SECONDS', 0.0)
        patch.setattr(ClassifierTrainer, 'save_checkpoint', stop)
        with pytest.raises(KeyboardInterrupt):
            command(workdir)
    assert (workdir / 'checkpoint_1.npz').exists()
    return workdir


def test_a_finished_one(command, finished, tmp_path):
    whole, summary = finished
    stopped = {}
    for file, how in every_damage(whole, tmp_path / 'run'):
        if (file.name, how) == ('summary.json', 'deleted'):
            (tmp_path / 'run' / 'trainings.json').write_text((whole / 'trainings.json').read_text())
        result = survives(lambda: command(tmp_path / 'run'), file, how)
        assert result in (None, summary), (file.name, how)
        if result is None:
            stopped.setdefault(file.name, set()).add(how)
    assert {name: len(ways) for name, ways in stopped.items()} == {
        'best_model.keras': 8,
        'config.json': 8,
        'summary.json': 7,
    }


def test_one_that_is_half_done(command, finished, half_done, tmp_path):
    summary = finished[1]
    for name in ('checkpoint_1.npz', 'config.json'):
        for file, how in every_damage(half_done, tmp_path / 'run', only=name):
            result = survives(lambda: command(tmp_path / 'run'), file, how)
            if (name, how) == ('checkpoint_1.npz', 'deleted'):
                assert result == summary
            else:
                assert result is None, (name, how)


def test_a_damaged_line_of_an_epoch_is_a_warning_of_the_report(finished, tmp_path):
    shutil.copytree(finished[0], tmp_path / 'run')
    file = tmp_path / 'run' / 'epochs.jsonl'
    assert 'class="warning"' not in training_page(tmp_path / 'run', Album(tmp_path / 'whole'))
    file.write_bytes(b'{"event":"epoch","candidate":1,"epoch":2\n' + file.read_bytes())
    page = training_page(tmp_path / 'run', Album(tmp_path / 'report'))
    assert 'epochs.jsonl:1 is damaged and was skipped' in page
    assert 'class="warning"' in page


def test_commands_that_look_on(finished, half_done, tmp_path):
    for whole in (finished[0], half_done):
        for file, how in every_damage(whole, tmp_path / 'run'):
            survives(lambda: print_status(tmp_path / 'run', Console(file=io.StringIO())), file, how)
    for name in ('epochs.jsonl', 'summary.json', 'config.json'):
        for file, how in every_damage(finished[0], tmp_path / 'run', only=name):
            survives(lambda: training_page(tmp_path / 'run', Album(tmp_path / 'report')), file, how)


def test_an_event_that_is_no_epoch(finished, tmp_path):
    shutil.copytree(finished[0], tmp_path / 'run')
    journal = Journal(tmp_path / 'run' / 'epochs.jsonl')
    journal.append([{'event': 'epoch', 'candidate': 1, 'epoch': 'two', 'loss': 1.0}])
    journal.close()
    with pytest.raises(InputError, match=r'epochs\.jsonl holds what is no epoch .*remove it'):
        training_page(tmp_path / 'run', Album(tmp_path / 'report'))


def test_a_model_of_another_candidate_is_not_summarised(command, finished, tmp_path):
    """As where a kill came between a better candidate's model and its outcome, and its training did not repeat."""
    shutil.copytree(finished[0], tmp_path / 'run')
    (tmp_path / 'run' / 'summary.json').unlink()
    path = tmp_path / 'run' / 'best_model.keras'
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    config = parts['config.json'].decode()
    word = next(word for word in ('identity', 'max_pool 3x3', 'conv 1x1') if f'"{word}"' in config)
    other = 'identity' if word != 'identity' else 'max_pool 3x3'
    parts['config.json'] = config.replace(f'"{word}"', f'"{other}"').encode()
    with zipfile.ZipFile(path, 'w') as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    with pytest.raises(InputError, match=r'best_model\.keras is not of the best candidate'):
        command(tmp_path / 'run')
