"""Configs: what exists, what may be set, and which work directories are the same search."""

import json
import os

import pytest

from nao_tf.errors import InputError
from nao_tf.files import write_text
from nao_tf.search.config import default_config, flatten, from_flat, set_field
from nao_tf.search.identity import check_same
from nao_tf.search.setup import build_parts
from nao_tf.search.workdir import open_workdir
from nao_tf.searchers.registry import make_searcher
from nao_tf.spaces.registry import get_space
from nao_tf.tasks.make import make_task


@pytest.fixture
def config():
    config = default_config()
    config.child.auxiliary = False
    config.child.cells_per_stage = 1
    config.child.filters = 4
    return config


def test_default_is_the_papers_search():
    config = default_config()
    assert (config.searcher.initial, config.searcher.rounds, config.searcher.per_round) == (600, 2, 200)
    assert (config.child.cells_per_stage, config.child.filters, config.child.epochs) == (3, 32, 25)
    assert config.child.batch_size == 128


def test_flat_round_trip(config):
    config.searcher.controller.hidden = 32
    flat = json.loads(json.dumps(flatten(config)))
    assert flatten(from_flat(flat, 'here')) == flatten(config)


def test_unknown_and_wrong_fields(config):
    with pytest.raises(InputError, match=r"here: there is no config field 'child.epoch'; did you mean child.epochs\?"):
        set_field(config, 'child.epoch', 3, origin='here')
    with pytest.raises(InputError, match=r"child.epochs is 'many'; it must be of type int"):
        set_field(config, 'child.epochs', 'many', origin='here')
    with pytest.raises(InputError, match=r'did you mean searcher.rounds'):
        from_flat({'searcher.round': 1}, 'config.json')


def test_the_type_that_a_field_must_have_is_named(config):
    with pytest.raises(InputError, match=r"searcher.controller.hidden is 'x'; it must be of type int"):
        set_field(config, 'searcher.controller.hidden', 'x', origin='overrides')
    with pytest.raises(InputError, match=r'child.epochs is True; it must be of type int'):
        set_field(config, 'child.epochs', True, origin='overrides')
    set_field(config, 'searcher.controller.predictor_hidden', None, origin='overrides')


def test_same_search():
    stored = {'seed': 0, 'searcher.rounds': 2, 'child.epochs': 4}
    check_same(stored, {**stored, 'searcher.rounds': 3, 'young': 1}, defaults={'young': 1}, where='x')
    with pytest.raises(InputError, match=r'x is of a different run: seed was 0, now 1; child.epochs was 4, now 5'):
        check_same(stored, {**stored, 'seed': 1, 'child.epochs': 5}, defaults={}, where='x')


def test_the_rounds_of_shared_weights_are_no_more_to_be_changed():
    stored = {'searcher.rounds': 2, 'sharing.epochs': 3, 'task.path': 'a'}
    check_same(stored, {**stored, 'task.path': 'b'}, defaults={}, where='x')
    with pytest.raises(InputError, match=r'searcher.rounds was 2, now 3.*\(only task.path may be changed\)'):
        check_same(stored, {**stored, 'searcher.rounds': 3}, defaults={}, where='x')


def test_searchers_are_listed():
    config = default_config().searcher
    with pytest.raises(InputError, match=r"there is no searcher 'gradient'; there are nao, random"):
        make_searcher('gradient', get_space('nao_cnn'), config=config, seed=0)
    config.per_round = 0
    with pytest.raises(InputError, match=r'searcher.per_round is 0'):
        make_searcher('nao', get_space('nao_cnn'), config=config, seed=0)


@pytest.mark.parametrize(
    ('field', 'value', 'message'),
    [
        ('space.name', 'nao_rnn', 'no convolutional cells'),
        ('space.name', 'darts', "there is no space 'darts'|unknown space 'darts'"),
        ('baseline', 'grid', "baseline is 'grid'; it is one of none, random"),
        ('child.precision', 'float8', "child.precision is 'float8'"),
        ('child.filters', 5, 'must be even'),
        ('child.auxiliary', True, 'auxiliary head needs 8 pixels'),
        ('child.score', 'mean', "child.score is 'mean'"),
        ('max_attempts', 0, 'max_attempts is 0'),
        ('searcher.preset', 'best', "no controller preset 'best'"),
        ('searcher.rounds', -1, 'searcher.rounds is -1'),
        ('searcher.controller.hidden', 0, 'controller.hidden = 0'),
    ],
)
def test_wrong_values(config, field, value, message):
    set_field(config, field, value, origin='test')
    with pytest.raises(InputError, match=message):
        build_parts(config, make_task({'name': 'digits'}))


def test_work_directories(tmp_path):
    with open_workdir(tmp_path / 'a' / 'b', {'seed': 0}) as folder:
        assert json.loads((folder / 'config.json').read_text()) == {'seed': 0}
        with pytest.raises(InputError, match='another process is running'), open_workdir(folder, {'seed': 0}):
            pass
    with pytest.raises(InputError, match='seed was 0, now 1'), open_workdir(tmp_path / 'a' / 'b', {'seed': 1}):
        pass
    (tmp_path / 'photos').mkdir()
    (tmp_path / 'photos' / 'cat.jpg').touch()
    with pytest.raises(InputError, match='no work directory of a search'), open_workdir(tmp_path / 'photos', {}):
        pass
    (tmp_path / 'file').touch()
    with pytest.raises(InputError, match='cannot write'), open_workdir(tmp_path / 'file', {}):
        pass
    (tmp_path / 'a' / 'b' / 'config.json').write_text('{"seed"')
    with pytest.raises(InputError, match=r'config.json is damaged'), open_workdir(tmp_path / 'a' / 'b', {'seed': 0}):
        pass


def test_read_only_work_directory(tmp_path):
    """As a user without rights, since root may write anywhere."""
    folder = tmp_path / 'locked'
    folder.mkdir()
    for path in (folder, *folder.parents):
        if path.is_relative_to('/tmp') and path.stat().st_uid == os.getuid():
            path.chmod(0o555 if path == folder else 0o755)
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        if os.getuid() == 0:
            os.setuid(65534)
        try:
            with open_workdir(folder / 'run', {}):
                os.write(writer, b'it could be written')
        except InputError as error:
            os.write(writer, str(error).encode())
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    message = os.read(reader, 1000).decode()
    assert message == f'cannot write to the work directory {folder / "run"}: Permission denied'


def test_atomic_write_leaves_the_old_or_the_new(tmp_path):
    path = tmp_path / 'file'
    write_text(path, 'old')
    with pytest.raises(UnicodeEncodeError):
        write_text(path, 'new \ud800')
    assert path.read_text() == 'old'
    assert [entry.name for entry in tmp_path.iterdir()] == ['file']
