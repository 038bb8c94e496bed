"""A file system that is really full, and what killed processes leave on one."""

import os
import subprocess
import time

import numpy as np
import pytest

from nao_tf.errors import InputError
from nao_tf.evaluators import child
from nao_tf.evaluators.trained_child import TrainedChild
from nao_tf.files import written_whole
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
