"""What others give you executes nothing: models, tables, checkpoints, journals and cells that carry a program."""

import io
import json
import pickle
import zipfile
from pathlib import Path

import keras
import numpy as np
import pytest

from nao_tf.benchmarks.table import Table
from nao_tf.errors import InputError
from nao_tf.evaluators.predict import load_classifier
from nao_tf.export.export import Export, export
from nao_tf.final.winners import candidates
from nao_tf.reports.source import open_source
from nao_tf.search.journal import Journal
from nao_tf.search.sharing.checkpoint import load_about, load_checkpoint
from nao_tf.spaces.reading import read_cells
from nao_tf.tasks.make import make_task
from nao_tf.training.classifier_checkpoint import load_checkpoint as load_training
from tests.reports.conftest import write_workdir


class Payload:
    """Creates a file when it is unpickled."""

    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return Path.touch, (self.mark,)


@pytest.fixture
def mark(tmp_path):
    """A file that nothing may create."""
    path = tmp_path / 'executed'
    pickle.loads(pickle.dumps(Payload(path)))  # that the payload works
    assert path.exists()
    path.unlink()
    yield path
    assert not path.exists(), 'a program was executed'


def objects(mark):
    """An array that unpickles the payload."""
    return np.array([Payload(mark)], object)


def test_tables_data_and_checkpoints(mark, tmp_path):
    path = tmp_path / 'given.npz'
    names = ('metadata', 'about', 'tokens', 'images', 'labels', 'weight_0')
    np.savez(path, **{name: objects(mark) for name in names})
    reads = (
        Table.open,
        lambda path: make_task({'name': 'npz', 'path': str(path)}),
        load_about,
        lambda path: load_checkpoint(path, {}),
        lambda path: load_training(None, path),
    )
    for read in reads:
        with pytest.raises(InputError, match=r'given\.npz'):
            read(path)


def test_a_pickle_under_any_name(mark, tmp_path):
    for name in ('given.npz', 'given.keras', 'given.json'):
        (tmp_path / name).write_bytes(pickle.dumps(Payload(mark)))
    with pytest.raises(InputError):
        Table.open(tmp_path / 'given.npz')
    with pytest.raises(InputError):
        make_task({'name': 'npz', 'path': str(tmp_path / 'given.npz')})
    with pytest.raises(InputError):
        load_about(tmp_path / 'given.npz')
    with pytest.raises(InputError):
        load_classifier(tmp_path / 'given.keras')
    with pytest.raises(InputError):
        read_cells(str(tmp_path / 'given.json'))


def test_models(mark, model_file, tmp_path):
    with zipfile.ZipFile(model_file) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}

    def load(**changes):
        config = json.loads(members['config.json'])
        config['config'] |= changes
        path = tmp_path / 'given.keras'
        with zipfile.ZipFile(path, 'w') as archive:
            for name, content in members.items():
                archive.writestr(name, json.dumps(config) if name == 'config.json' else content)
        return load_classifier(path)

    load()
    command = {'args': ['touch', str(mark)]}
    for network in (
        {'module': 'subprocess', 'class_name': 'Popen', 'config': command, 'registered_name': None},
        {'module': 'os', 'class_name': 'function', 'config': 'system', 'registered_name': 'function'},
        {'module': 'pathlib', 'class_name': 'Path', 'config': {'path': str(mark)}, 'registered_name': None},
    ):
        with pytest.raises(InputError, match='is no model that can be loaded'):
            load(network=network)
    program = keras.layers.Lambda(lambda x, file=str(mark): (Path(file).touch(), x)[1])
    keras.Sequential([keras.Input((2,)), program]).save(tmp_path / 'lambda.keras')
    mark.unlink()  # which building the model has made
    with pytest.raises(InputError, match='is no model that can be loaded'):
        load_classifier(tmp_path / 'lambda.keras')


def test_cells(mark, tmp_path):
    call = f"__import__('pathlib').Path({str(mark)!r}).touch()"
    for text in (
        call,
        f'Genotype(normal={call}, normal_concat=[2], reduce=[], reduce_concat=[2])',
        f'Genotype(normal=[({call}, 0)], normal_concat=range(2, {call}))',
        f'Genotype({call})',
        json.dumps({'space': call, 'tokens': [call]}),
        json.dumps({'conv_dag': {'node_3': ['node_3', call, call, call, call]}, 'reduc_dag': {}}),
    ):
        for given in (text, str(tmp_path / 'cells.txt')):
            (tmp_path / 'cells.txt').write_text(text)
            with pytest.raises(InputError):
                read_cells(given)


ROWS = [('search', 0, 'random', None, 0.5, None, 400)]


@pytest.mark.parametrize('module', ['space.py', 'given/space.py', 'given/link.py'])
def test_a_work_directory_with_a_space_of_its_own(mark, tmp_path, module):
    """Its config names a Python file that came along, which would be run to make the space."""
    workdir, program = write_workdir(tmp_path / 'given', ROWS), tmp_path / module
    content = f'import pathlib\npathlib.Path({str(mark)!r}).touch()\n'
    (workdir / 'link.py').symlink_to(tmp_path / 'linked.py')
    (tmp_path / 'linked.py').write_text(content)
    program.write_text(content)
    config = json.loads((workdir / 'config.json').read_text())
    (workdir / 'config.json').write_text(json.dumps(config | {'space.module': str(program)}))
    commands = (
        lambda: candidates(str(workdir)),
        lambda: open_source(workdir),
        lambda: export(Export('json', workdir=workdir)),
    )
    for command in commands:
        with pytest.raises(InputError, match=rf'you have not run here, .* if you trust it: nao trust {program}'):
            command()
    program.unlink()
    for command in commands:
        with pytest.raises(InputError, match='does not exist; put it back'):
            command()


def test_a_journal(mark, tmp_path):
    path = tmp_path / 'trials.jsonl'
    path.write_bytes(pickle.dumps(Payload(mark)) + b'\n{"event": {"__reduce__": ["os.system", "touch"]}}\n')
    journal = Journal(path)
    assert journal.read() == []
    assert journal.damaged


def test_nothing_unpickles_what_a_person_gives():
    """Only what Ray and processes of one program send each other is a pickle, and a benchmark that asks for it."""
    root = Path(__file__).parents[2] / 'nao_tf'
    allowed = {'benchmarks/import_nats_bench.py', 'benchmarks/table_files.py'}
    found = set()
    for file in root.rglob('*.py'):
        text = file.read_text()
        if any(word in text for word in ('import pickle', 'import dill', 'import cloudpickle', 'import joblib')):
            found.add(str(file.relative_to(root)))
        assert 'allow_pickle=True' not in text, file
        assert 'safe_mode=False' not in text, file
        for line in text.splitlines():
            assert line.count('np.load(') <= line.count('allow_pickle=False'), (file, line)
    assert found <= allowed


def test_streams():
    """An array of objects inside a stream of bytes, as processes send checkpoints to each other, is refused too."""
    content = io.BytesIO()
    np.savez(content, about=np.array([{}], object))
    content.seek(0)
    with pytest.raises(InputError):
        load_training(None, content)
