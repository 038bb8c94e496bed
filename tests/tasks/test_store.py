import os
import subprocess
import sys

import numpy as np
import pytest

from nao_tf.errors import InputError
from nao_tf.tasks import store
from nao_tf.tasks.store import ImageWriter, Storage, cache_key, load_decoded

IMAGES = np.arange(7 * 4 * 3 * 2, dtype=np.uint8).reshape(7, 4, 3, 2)
LABELS = np.arange(7)


def write(storage, *, count=None, sizes=(3, 1, 3)):
    start = 0
    with ImageWriter((4, 3, 2), np.uint8, storage=storage, count=count) as writer:
        for size in sizes:
            writer.append(IMAGES[start : start + size])
            start += size
        return writer.finish('key', LABELS)


@pytest.mark.parametrize('count', [None, 7])
def test_small_images_stay_in_memory(tmp_path, count):
    images, labels = write(Storage(tmp_path / 'cache'), count=count)
    np.testing.assert_array_equal(images, IMAGES)
    assert not isinstance(images, np.memmap)
    assert labels is LABELS
    assert not (tmp_path / 'cache').exists()


@pytest.mark.parametrize('count', [None, 7])
@pytest.mark.parametrize('limit', [0, 80])
def test_large_images_go_to_disk(tmp_path, count, limit):
    storage = Storage(tmp_path / 'cache', memory_bytes=limit)
    images, labels = write(storage, count=count)
    assert isinstance(images, np.memmap)
    np.testing.assert_array_equal(images, IMAGES)
    np.testing.assert_array_equal(labels, LABELS)
    assert sorted(os.listdir(tmp_path / 'cache')) == ['key.labels.npy', 'key.npy']


def test_what_is_kept_is_found_again(tmp_path):
    storage = Storage(tmp_path, keep=True)
    assert load_decoded('key', storage) is None
    write(storage)
    images, labels = load_decoded('key', storage)
    assert not isinstance(images, np.memmap)
    np.testing.assert_array_equal(images, IMAGES)
    np.testing.assert_array_equal(labels, LABELS)
    assert isinstance(load_decoded('key', Storage(tmp_path, memory_bytes=10))[0], np.memmap)


def test_an_interrupted_writer_leaves_nothing(tmp_path):
    def interrupted():
        with ImageWriter((4, 3, 2), np.uint8, storage=Storage(tmp_path, keep=True)) as writer:
            writer.append(IMAGES)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert os.listdir(tmp_path) == []


def test_what_a_killed_process_left_is_removed(tmp_path):
    ended = subprocess.Popen([sys.executable, '-c', ''])
    ended.wait()
    for process in (ended.pid, os.getpid()):
        ImageWriter((4, 3, 2), np.uint8, storage=Storage(tmp_path, keep=True))._file.close()
        (left,) = tmp_path.glob('.*.tmp')
        left.rename(tmp_path / left.name.replace(f'.{os.getpid()}.', f'.{process}.'))
    (left,) = tmp_path.glob('.*.tmp')
    assert left.name.startswith(f'.{os.getpid()}.')


def test_a_number_of_labels_that_does_not_fit(tmp_path):
    with pytest.raises(ValueError, match='0 images were written, and there are 7 labels'):
        ImageWriter((4, 3, 2), np.uint8, storage=Storage(tmp_path)).finish('key', LABELS)


def test_a_full_disk_is_found_before_decoding(tmp_path, monkeypatch):
    monkeypatch.setattr(store.shutil, 'disk_usage', lambda path: _Usage(100))
    with pytest.raises(InputError, match=r'take 0 MiB and 0 MiB are free; name another folder in task\.cache_dir'):
        write(Storage(tmp_path, memory_bytes=0), count=7)


class _Usage:
    def __init__(self, free):
        self.free = free


def test_a_folder_that_cannot_be_written_to(tmp_path):
    (tmp_path / 'file').write_text('')
    with pytest.raises(InputError, match=r'cannot keep decoded images there .*task\.cache_dir'):
        write(Storage(tmp_path / 'file' / 'cache', memory_bytes=0), count=7)


def test_keys_differ_with_what_they_stand_for():
    assert cache_key('a', [1, 2], None) == cache_key('a', (1, 2), None)
    assert len({cache_key('a', 1), cache_key('a', 2), cache_key('b', 1)}) == 3
