"""A file system that is really full, and what killed processes leave on one."""

import errno
import os
import subprocess
import time

import numpy as np
import pytest
import tensorflow as tf

from nao_tf.errors import InputError
from nao_tf.evaluators import child
from nao_tf.evaluators.predict import load_classifier
from nao_tf.evaluators.trained_child import TrainedChild
from nao_tf.export.serving import write_saved_model
from nao_tf.files import written_whole
from nao_tf.final.config import default_image_train_config
from nao_tf.final.run import train
from nao_tf.networks.config import NetworkConfig
from nao_tf.search.executor import attempt
from nao_tf.spaces.registry import get_space
from nao_tf.tasks.make import make_task
from nao_tf.training.config import TrainConfig
from tests.faults.conftest import TINY
from tests.faults.test_damaged_search import result_of

SIZE = 1 << 20


@pytest.fixture
def small_disk(tmp_path):
    """A file system of one MiB."""
    place = tmp_path / 'disk'
    place.mkdir()
    command = ['mount', '-t', 'tmpfs', '-o', f'size={SIZE}', 'tmpfs', str(place)]
    if os.name != 'posix' or os.geteuid() != 0 or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip('only root can mount a small file system')
    yield place
    subprocess.run(['umount', '--lazy', str(place)], check=True)


def test_a_search_on_a_full_disk_continues_when_there_is_room(instant_search, small_disk, tmp_path):
    expected = result_of(tmp_path / 'whole', instant_search(tmp_path / 'whole')[0])
    ballast, stopped = small_disk / 'ballast', 0
    # The model of the fixture has some 70 KiB, and two files of it are kept.
    for room in (4, 12, 60, 90, 150):
        ballast.unlink(missing_ok=True)
        with ballast.open('wb') as file:
            used = sum(path.stat().st_blocks * 512 for path in small_disk.rglob('*') if path.is_file())
            file.write(bytes(SIZE - used - (room << 10)))
        try:
            instant_search(small_disk / 'run')
        except InputError as error:
            message = str(error)
            stopped += 1
            assert 'No space left on device' in message
            assert '\n' not in message
    assert stopped >= 3
    ballast.unlink()
    assert result_of(small_disk / 'run', instant_search(small_disk / 'run')[0]) == expected


def test_a_child_whose_checkpoint_finds_no_room_has_not_failed(small_disk, monkeypatch):
    task, space = make_task({'name': 'digits'}), get_space('', module=TINY)
    network = NetworkConfig(cells_per_stage=1, filters=2, image_shape=task.image_shape, classes=task.classes)
    recipe = TrainConfig(epochs=1, batch_size=512, score='last')
    evaluator = TrainedChild(task, space, network=network, training=recipe, seed=0)
    evaluator.checkpoints = small_disk / 'children'
    monkeypatch.setattr(child, 'CHECKPOINT_SECONDS', 0.0)
    (small_disk / 'ballast').write_bytes(bytes(SIZE))
    with pytest.raises(InputError, match=r'cannot write .*child_.*: No space left .*; the same command continues'):
        attempt(evaluator, space.canonical(space.sample(np.random.default_rng(0))))


def test_a_slow_disk_takes_time_and_nothing_else(instant_search, tmp_path, monkeypatch):
    expected = result_of(tmp_path / 'fast', instant_search(tmp_path / 'fast')[0])
    fsync, waited = os.fsync, []

    def slow(number):
        time.sleep(0.02)
        waited.append(number)
        fsync(number)

    monkeypatch.setattr(os, 'fsync', slow)
    assert result_of(tmp_path / 'slow', instant_search(tmp_path / 'slow')[0]) == expected
    assert len(waited) > 10


def test_what_a_killed_process_had_written_goes_at_the_next_writing(tmp_path):
    gone = subprocess.Popen(['true'])
    gone.wait()
    names = {'of the dead': f'.{gone.pid}.state.npz', 'of no process': f'.{2**70}.state.npz'}
    kept = ['.1.state.npz', f'.{gone.pid}.other.npz', '.backup.state.npz']
    for name in (*names.values(), *kept):
        (tmp_path / name).write_text('half')
    with written_whole(tmp_path / 'state.npz') as partial:
        partial.write_text('whole')
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*kept, 'state.npz'])


class Full:
    """A watcher whose disk is full."""

    def __getattr__(self, name):
        def write(*what):
            raise tf.errors.ResourceExhaustedError(None, None, 'No space left on device')

        return write


def test_a_picture_of_a_search_that_finds_no_room_does_not_end_it(instant_search, tmp_path):
    expected = result_of(tmp_path / 'whole', instant_search(tmp_path / 'whole')[0])
    result, output = instant_search(tmp_path / 'run', watcher=Full())
    assert result_of(tmp_path / 'run', result) == expected
    assert output.count('nothing more is written for TensorBoard; the search goes on') == 1


@pytest.mark.parametrize('number', [errno.ENOSPC, errno.ESTALE, errno.ETIMEDOUT, errno.ENOTCONN, errno.EMFILE])
def test_a_disk_that_fails_ends_a_training_in_one_line(number, tmp_path, monkeypatch):
    def fail(path, *arguments):
        raise OSError(number, os.strerror(number), str(path))

    monkeypatch.setattr('nao_tf.final.images.keep_architectures', lambda found, text, folder: fail(folder))
    config = default_image_train_config()
    config.task.name, config.child.auxiliary, config.child.cells_per_stage, config.child.filters = 'digits', False, 1, 2
    with pytest.raises(InputError, match=os.strerror(number)) as error:
        train(config, tmp_path / 'run')
    assert str(tmp_path / 'run') in str(error.value)
    assert 'the same command continues' in str(error.value)
    assert '\n' not in str(error.value)


def test_an_export_that_finds_no_room_is_one_line(small_disk, model_file):
    with (small_disk / 'ballast').open('wb') as file:
        file.write(bytes(SIZE - (80 << 10)))
    with pytest.raises(InputError, match='cannot write') as error:
        write_saved_model(load_classifier(model_file), small_disk / 'serving')
    assert '\n' not in str(error.value)
    assert [path.name for path in small_disk.iterdir()] == ['ballast']
