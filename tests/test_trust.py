"""Which Python files may be run because a work directory names them."""

import subprocess
import sys

import platformdirs
import pytest

from nao_tf import trust
from nao_tf.cli import main
from nao_tf.errors import InputError
from nao_tf.spaces.registry import get_space

SPACE = """
from nao_tf.spaces.conv_cell import ConvCellSpace
SPACE = ConvCellSpace('of_a_test', operations=('identity', 'conv 3x3'), nodes=4)
"""


@pytest.fixture
def file(tmp_path, monkeypatch):
    """A space of which nothing is known."""
    monkeypatch.setenv('XDG_DATA_HOME', str(tmp_path / 'data'))
    monkeypatch.setattr(trust, '_run', set())
    file = tmp_path / 'space.py'
    file.write_text(SPACE)
    return file


def test_what_was_named_is_trusted_by_its_content(file, tmp_path):
    assert not trust.is_trusted(file)
    get_space('', module=str(file))
    assert trust.is_trusted(file)
    (tmp_path / 'copy.py').write_text(SPACE)
    assert trust.is_trusted(tmp_path / 'copy.py')
    trust.check_trusted(file, 'config.json')
    file.write_text(SPACE + '# another\n')
    assert not trust.is_trusted(file)
    with pytest.raises(
        InputError, match=r'^config.json names .*space.py, a program that you have not run here, or not'
    ):
        trust.check_trusted(file, 'config.json')
    assert not trust.is_trusted(tmp_path / 'nowhere.py')
    with pytest.raises(InputError, match=r'nowhere.py, which does not exist'):
        trust.check_trusted(tmp_path / 'nowhere.py', 'config.json')


def test_later_processes_know_it(file, monkeypatch):
    code = f'from nao_tf.spaces.registry import get_space; get_space("", module={str(file)!r})'
    subprocess.run([sys.executable, '-c', code], check=True)
    assert trust.is_trusted(file)
    (note,) = (platformdirs.user_data_path('nao_tf') / 'trusted').iterdir()
    note.unlink()
    assert not trust.is_trusted(file)


def test_the_command(file, capsys):
    assert main(['nao', 'trust', str(file)]) == 0
    assert trust.is_trusted(file)
    said = capsys.readouterr().out
    assert f'{file} may be run as it is now; to take that back: rm ' in said
    assert main(['nao', 'trust']) == 2
    assert main(['nao', 'trust', str(file.parent / 'nowhere.py')]) == 2
    said = capsys.readouterr().err
    assert 'needs the Python file' in said
    assert 'nowhere.py: No such file or directory' in said


def test_a_folder_that_cannot_be_written(file, tmp_path, capsys):
    (tmp_path / 'data').write_text('a file')
    get_space('', module=str(file))
    assert trust.is_trusted(file)  # in this process
    trust._run.clear()
    assert not trust.is_trusted(file)
    assert main(['nao', 'trust', str(file)]) == 2
    assert 'Not a directory' in capsys.readouterr().err
