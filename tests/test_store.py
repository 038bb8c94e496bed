"""Paths of gs:// by TensorFlow's own file system for it, against a store on this machine."""

import errno
import os
import pickle
import stat
import subprocess
import sys

import numpy as np
import pytest

from nao_tf import cli
from nao_tf.errors import InputError
from nao_tf.files import as_path, folder_written_whole, is_stored, local_file, write_text, written_whole
from nao_tf.search.sharing.checkpoint import load_checkpoint, save_checkpoint
from nao_tf.store import StorePath
from tests.support import fake_gcs


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


def test_a_file_system_that_cannot_synchronise_folders(tmp_path, monkeypatch):
    fsync, number = os.fsync, errno.EINVAL

    def refuse(file):
        if stat.S_ISDIR(os.fstat(file).st_mode):
            raise OSError(number, os.strerror(number))
        fsync(file)

    monkeypatch.setattr(os, 'fsync', refuse)
    write_text(tmp_path / 'text', 'all of it')
    assert (tmp_path / 'text').read_text() == 'all of it'
    number = errno.EIO
    with pytest.raises(OSError, match='Input/output'):
        write_text(tmp_path / 'text', 'more')


# Above the largest number of a process, and that of the one before in a container.
@pytest.mark.parametrize('gone', [2**22 + 1, os.getpid()], ids=['gone', 'own'])
def test_a_folder_that_a_kill_put_aside_is_put_back(gone, tmp_path):
    for part, text in (('old', 'before'), ('new', 'after')):
        (tmp_path / f'.{gone}.{part}.serving').mkdir()
        (tmp_path / f'.{gone}.{part}.serving' / 'text').write_text(text)
    with folder_written_whole(tmp_path / 'serving') as partial:
        assert (tmp_path / 'serving' / 'text').read_text() == 'before'
        partial.mkdir()
    assert not list((tmp_path / 'serving').iterdir())
    assert [path.name for path in tmp_path.iterdir()] == ['serving']


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


@pytest.mark.parametrize('name', [fake_gcs.LOST_ANSWER, fake_gcs.LOST_CONTENT])
def test_an_upload_whose_connection_ends_is_made_again(folder, name):
    path, place = folder
    (path / name).write_bytes(b'content')
    assert (place / name).read_bytes() == b'content'


def test_a_store_without_access_is_an_os_error(bucket):
    with pytest.raises(FileNotFoundError, match=r'no such object or bucket.*gs://nowhere/run/a'):
        write_text(StorePath('gs://nowhere/run/a'), '')
    with pytest.raises(PermissionError, match='no permission') as caught:
        StorePath('gs://forbidden/run').exists()
    assert caught.value.filename == 'gs://forbidden/run'


@pytest.mark.parametrize(
    ('address', 'words'),
    [
        ('gs://forbidden/run', 'gs://forbidden/run/trials.jsonl: no permission (Error'),
        ('gs://nowhere/run', 'gs://nowhere/run holds no search'),
        ('gs://', 'gs:// names no bucket'),
        ('s4://x', 's4://x: there is no access to s4://'),
    ],
)
def test_a_command_says_so_in_one_line(bucket, address, words, capsys):
    assert cli.main(['nao', 'status', f'--workdir={address}']) == 2
    assert capsys.readouterr().err.startswith(f'nao status: {words}')


def test_a_path_alone_does_not_load_tensorflow():
    program = (
        "import sys; from nao_tf.files import as_path; as_path('gs://b/x') / 'y'; print('tensorflow' in sys.modules)"
    )
    done = subprocess.run([sys.executable, '-c', program], capture_output=True, text=True, check=True)
    assert done.stdout == 'False\n'


def test_checkpoint_of_shared_weights(folder):
    file = folder[0] / 'sharing.npz'
    save_checkpoint(file, sizes={'epochs': 2}, state={'step': 3}, arrays={'w': np.arange(5.0)})
    state, arrays = load_checkpoint(file, {'epochs': 2})
    assert state == {'step': 3}
    np.testing.assert_array_equal(arrays['w'], np.arange(5.0))
