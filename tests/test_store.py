"""Paths of gs:// by TensorFlow's own file system for it, against a store on this machine."""

import os
import pickle
import time

import numpy as np
import pytest

from nao_tf import locks
from nao_tf.errors import InputError
from nao_tf.files import as_path, folder_written_whole, is_stored, local_file, write_text, written_whole
from nao_tf.locks import locked
from nao_tf.search.journal import Journal
from nao_tf.search.sharing_checkpoint import load_checkpoint, save_checkpoint
from nao_tf.store import StorePath


@pytest.fixture
def folder(bucket):
    """(path of a folder of the store, where its objects lie)."""
    return as_path(bucket[0]), bucket[1]


def test_names_are_those_of_pathlib():
    path = as_path('gs://bucket/run') / 'children' / 'trial_00001.keras'
    assert str(path) == os.fspath(path) == 'gs://bucket/run/children/trial_00001.keras'
    assert (path.name, path.suffix, path.parent.name) == ('trial_00001.keras', '.keras', 'children')
    assert str(path.with_suffix('.h5').parent.parent) == 'gs://bucket/run'
    assert pickle.loads(pickle.dumps(path)) == path == as_path(path)
    assert is_stored(path)
    assert not is_stored(as_path('runs/digits'))
    assert str(as_path('~/runs')) == os.path.expanduser('~/runs')


@pytest.mark.parametrize('place', ['s4://x', 'file:///x', 'gs://', 'gs:///x', 'GS://bucket'])
def test_an_address_that_is_none_is_refused(place):
    with pytest.raises(InputError, match='gs://BUCKET/'):
        as_path(place)


def test_objects_and_folders(folder):
    path, place = folder
    assert not path.exists()
    assert list(path.iterdir()) == []
    path.mkdir(parents=True)
    write_text(path / 'a.txt', 'one')
    write_text(path / 'a.txt', 'two')
    (path / 'inner' / 'b.bin').write_bytes(bytes(range(256)))
    assert (place / 'a.txt').read_text() == 'two'
    assert (path / 'a.txt').read_text() == 'two'
    assert (path / 'inner' / 'b.bin').read_bytes() == (path / 'inner' / 'b.bin').open('rb').read() == bytes(range(256))
    assert (path / 'a.txt').stat().st_size == 3
    assert abs((path / 'a.txt').stat().st_mtime - (place / 'a.txt').stat().st_mtime) < 1
    listed = {entry.name: (entry.is_dir(), entry.is_file()) for entry in path.iterdir()}
    assert listed == {'a.txt': (False, True), 'inner': (True, False)}
    for name, (is_dir, is_file) in listed.items():
        assert ((path / name).is_dir(), (path / name).is_file()) == (is_dir, is_file)
    assert [str(found) for found in path.glob('*/*.bin')] == [str(path / 'inner' / 'b.bin')]
    (path / 'a.txt').unlink()
    (path / 'a.txt').unlink(missing_ok=True)
    assert not (path / 'a.txt').exists()
    with pytest.raises(FileNotFoundError, match='no such object'):
        (path / 'a.txt').unlink()
    with pytest.raises(FileNotFoundError, match='no such object'):
        (path / 'a.txt').read_bytes()


def test_files_and_folders_are_written_whole(folder):
    path, place = folder
    with written_whole(path / 'model.keras') as partial:
        assert partial.suffix == '.keras'
        partial.write_bytes(b'weights')

    def stop():
        with written_whole(path / 'model.keras') as partial:
            partial.write_bytes(b'half')
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stop()
    with local_file(path / 'model.keras') as file:
        assert file.read_bytes() == (place / 'model.keras').read_bytes() == b'weights'
    assert not file.exists()
    for names in (('saved_model.pb', 'variables/old'), ('saved_model.pb', 'variables/new')):
        with folder_written_whole(path / 'serving') as partial:
            for name in names:
                write_text(partial / name, name)
    assert sorted(file.name for file in (place / 'serving').rglob('*')) == ['new', 'saved_model.pb', 'variables']


def test_a_store_without_access_is_an_os_error(bucket):
    with pytest.raises(FileNotFoundError, match=r'no such object or bucket.*gs://nowhere/run/a'):
        write_text(StorePath('gs://nowhere/run/a'), '')
    with pytest.raises(PermissionError, match='no permission') as caught:
        StorePath('gs://forbidden/run').exists()
    assert caught.value.filename == 'gs://forbidden/run'


def test_journal_is_an_object_an_append(folder):
    path, place = folder
    first, second = Journal(path / 'trials.jsonl'), Journal(path / 'trials.jsonl')
    assert (first.exists(), first.read()) == (False, [])
    first.append([{'event': 'a', 'n': 1}, {'event': 'b'}])
    first.append([{'event': 'c'}])
    first.close()
    assert second.exists()
    assert second.read() == [{'event': 'a', 'n': 1}, {'event': 'b'}, {'event': 'c'}]
    second.append([{'event': 'd'}])
    files = sorted((place / 'trials').iterdir())
    assert [file.name[:9] for file in files] == ['00000001-', '00000002-', '00000003-']
    files[1].write_bytes(files[1].read_bytes().replace(b'"c"', b'"x"'))
    assert [event['event'] for event in first.read()] == ['a', 'b', 'd']
    assert first.damaged[0].startswith(f'{path}/trials/{files[1].name}:1 is damaged')


def test_journal_may_move_between_disk_and_store(folder, tmp_path):
    path, place = folder
    here = Journal(tmp_path / 'trials.jsonl')
    here.append([{'event': 'on the disk'}])
    here.close()
    (path / 'trials.jsonl').write_bytes((tmp_path / 'trials.jsonl').read_bytes())
    there = Journal(path / 'trials.jsonl')
    there.append([{'event': 'in the store'}])
    copied = Journal(place / 'trials.jsonl')
    copied.append([{'event': 'on the disk again'}])
    assert [event['event'] for event in copied.read()] == ['on the disk', 'in the store', 'on the disk again']
    assert copied.read() == there.read()


def test_checkpoint_of_shared_weights(folder):
    file = folder[0] / 'sharing.npz'
    save_checkpoint(file, sizes={'epochs': 2}, state={'step': 3}, arrays={'w': np.arange(5.0)})
    state, arrays = load_checkpoint(file, {'epochs': 2})
    assert state == {'step': 3}
    np.testing.assert_array_equal(arrays['w'], np.arange(5.0))


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(locks, 'SETTLE_SECONDS', 0.05)
    monkeypatch.setattr(locks, 'REFRESH_SECONDS', 0.05)


def test_one_process_at_a_time(folder, quick):
    path, place = folder
    with locked(path, 'the search'):
        words = rf'process {os.getpid()} on .* is running the search in gs://.* \(its lock is \d+ s old\); wait for it'
        with pytest.raises(InputError, match=words), locked(path, 'the search'):
            raise AssertionError
    assert list(place.iterdir()) == []
    with locked(path, 'the search'):
        pass


def test_the_lock_of_the_dead_is_taken_over(folder, quick, monkeypatch):
    path, place = folder
    mine = locks._StoreLock(path, 'the search')._mine
    write_text(path / '.lock', '{"host": "elsewhere", "process": 1, "token": "theirs"}')
    with pytest.raises(InputError, match=r'If it is dead, its lock ends in [78]?[0-9]+ s'), locked(path, 'the search'):
        raise AssertionError
    os.utime(place / '.lock', (0, (place / '.lock').stat().st_mtime - locks.STALE_SECONDS - 1))
    with locked(path, 'the search'):
        pass
    mine |= {'process': 2**22 + 1, 'token': 'of a process that was killed'}  # no process has that number
    write_text(path / '.lock', str(mine).replace("'", '"'))
    with locked(path, 'the search'):
        pass


def test_a_lock_that_was_taken_over_ends_its_process(folder, quick):
    path, place = folder

    def work():
        with locked(path, 'the search'):
            write_text(path / '.lock', '{"host": "elsewhere", "process": 7, "token": "theirs"}')
            time.sleep(60)

    with pytest.raises(InputError, match=r'process 7 on elsewhere has taken over gs://.*; this process stops'):
        work()
    assert 'elsewhere' in (place / '.lock').read_text()
