"""Every parser on made-up and on mutated input: it reads it, or raises an InputError of one line; nothing else."""

import gzip
import io
import json
import os
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from rich.console import Console

from nao_tf.benchmarks.table import Table
from nao_tf.cli import parse
from nao_tf.errors import InputError
from nao_tf.evaluators.predict import load_classifier
from nao_tf.search.config import default_config, flatten
from nao_tf.search.events import proposed_event
from nao_tf.search.history import History, Trial
from nao_tf.search.journal import Journal, encode_line
from nao_tf.search.status import print_status
from nao_tf.searchers.evaluation import Proposal
from nao_tf.spaces.reading import read_cells
from nao_tf.spaces.registry import BUILT_IN, get_space
from nao_tf.spaces.writing import pair_to_json
from nao_tf.tasks.make import make_task
from nao_tf.tasks.reading import read_header, read_image
from nao_tf.tasks.sources.text_files import read_words

EXAMPLES = int(os.environ.get('NAO_TF_FUZZ_EXAMPLES', '80'))  # docs/reliability.md has the long form
RUNS = settings(
    max_examples=EXAMPLES,
    derandomize='NAO_TF_FUZZ_EXAMPLES' not in os.environ,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
RNG = np.random.default_rng(0)
CELLS = read_cells('NAONet_A')
GENOTYPE = (
    "Genotype(normal=[('sep_conv_3x3', 0), ('skip_connect', 1)], normal_concat=[2], "
    "reduce=[('max_pool_3x3', 0), ('skip_connect', 2)], reduce_concat=range(2, 3))"
)
LARGE = '9' * 5000  # more digits than Python turns into a number
WRITTEN = [
    json.dumps(pair_to_json(CELLS)),
    GENOTYPE,
    *(get_space(name).to_text(get_space(name).sample(RNG)) for name in BUILT_IN),
    *(' '.join(map(str, get_space(name).sample(RNG).tokens)) for name in BUILT_IN),
    *(json.dumps(get_space(name).to_json(get_space(name).sample(RNG))) for name in BUILT_IN),
]
EXTREMES = [
    '[' * 100_000,
    '{"conv_dag": ' * 20_000,
    'Genotype(' * 5_000,
    f'Genotype(normal=[("sep_conv_3x3", {LARGE})])',
    'Genotype(normal=' + '(' * 3_000,
    GENOTYPE.replace('[2]', 'range(0, 2000000000)'),
    GENOTYPE.replace('[2]', f'range({"9" * 400})'),
    GENOTYPE.replace('[2]', '1+' * 30_000 + '1'),
    GENOTYPE.replace('[2]', '-' * 100_000 + '1'),
    f'node_{LARGE} identity',
    f'{{"space": "enas_cnn", "tokens": [{LARGE}]}}',
    '{"space": {}, "tokens": 1}',
    '1 ' * 20_000,
    '|' * 10_000,
    '\x00',
]


@st.composite
def mutated(draw, sources):
    """A valid text with a piece replaced, doubled or left out."""
    text = draw(st.sampled_from(sources))
    start = draw(st.integers(0, len(text)))
    stop = draw(st.integers(start, min(start + 20, len(text))))
    piece = draw(st.text(max_size=6) | st.sampled_from([LARGE, '-1', 'null', '{', ']', 'node_1', '"', '1e999', 'NaN']))
    return text[:start] + piece * draw(st.integers(1, 3)) + text[stop:]


def reads(function, *arguments):
    """Calls a parser; its InputError is one line."""
    try:
        function(*arguments)
    except InputError as error:
        message = str(error)
        assert '\n' not in message


@RUNS
@given(mutated(WRITTEN) | st.text(max_size=60), st.sampled_from([None, *BUILT_IN]))
def test_architectures(text, space):
    if '://' not in text:  # which would be looked for
        reads(read_cells, text, None if space is None else get_space(space))


@pytest.mark.parametrize('number', range(len(EXTREMES)))
def test_architectures_that_are_extreme(number, tmp_path):
    text = EXTREMES[number]
    reads(read_cells, text)
    for name in BUILT_IN:
        reads(get_space(name).parse, text)
    (tmp_path / 'cells.txt').write_text(text)
    reads(read_cells, str(tmp_path / 'cells.txt'))


@RUNS
@given(
    st.sampled_from(['child.epochs', 'task.name', 'searcher.controller.hidden', 'child', 'task.augment.flip']),
    st.text(max_size=12) | st.sampled_from([LARGE, '1e999', 'NaN', '()', '((', '__import__("os")', 'None']),
)
def test_overrides(field, value):
    reads(parse, 'search', ['--config=configs/digits.py', f'--config.{field}={value}'])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)
SPACE = get_space('enas_cnn')
PROPOSED = proposed_event(Trial(1, 'search', Proposal(SPACE.sample(RNG), 'random')))
EVENTS = [
    PROPOSED,
    {'event': 'batch', 'arm': 'search', 'number': 0, 'trials': [1], 'draws': 1, 'seconds': 0.0, 'report': {}},
    {'event': 'started', 'trial': 1, 'attempt': 1},
    {'event': 'finished', 'trial': 1, 'score': 0.5, 'metrics': {}, 'seconds': 1.0, 'parameters': 1},
    {'event': 'tested', 'trial': 1, 'metrics': {'accuracy': 0.5}},
    {'event': 'model', 'trial': 1},
]


@RUNS
@given(data=st.data())
def test_journals_that_somebody_wrote(data, tmp_path):
    """Their lines have the right checksums, and anything in their fields."""
    events = [dict(event) for event in EVENTS]
    event = data.draw(st.sampled_from(events))
    event[data.draw(st.sampled_from(sorted(event)))] = data.draw(JSON)
    path = tmp_path / 'trials.jsonl'
    path.write_text(''.join(map(encode_line, events)))
    reads(lambda: History(Journal(path).read(), 'enas_cnn'))
    reads(print_status, workdir_of(path), Console(file=io.StringIO()))


def workdir_of(journal):
    """Returns the folder of a journal, made the work directory of a search of images."""
    (journal.parent / 'config.json').write_text(json.dumps(flatten(default_config()) | {'space.name': 'enas_cnn'}))
    return journal.parent


@pytest.mark.parametrize('value', [None, 'x', [], {'a': []}, {}])
@pytest.mark.parametrize('number', range(len(EVENTS)))
def test_every_field_of_a_journal(number, value, tmp_path):
    """What a person or another program may have written, in every field of every event in turn."""
    path = tmp_path / 'trials.jsonl'
    for field in EVENTS[number]:
        events = [dict(event) for event in EVENTS]
        events[number][field] = value
        path.write_text(''.join(map(encode_line, events)))
        reads(print_status, workdir_of(path), Console(file=io.StringIO()))


@RUNS
@given(st.binary(max_size=60) | st.sampled_from([b'[' * 100_000, b'{"event":' * 50_000, b'9' * 5000]))
def test_lines_of_anything(content):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / 'trials.jsonl'
        path.write_bytes(encode_line(PROPOSED).encode() + content)
        journal = Journal(path)
        assert len(journal.read()) == 1


def damaged_bytes(data, content):
    """A file with a few of its bytes changed, or cut off."""
    changed = bytearray(content[: data.draw(st.integers(0, len(content)))] if data.draw(st.booleans()) else content)
    for _ in range(data.draw(st.integers(0, 4))):
        if changed:
            changed[data.draw(st.integers(0, len(changed) - 1))] = data.draw(st.integers(0, 255))
    return bytes(changed)


@pytest.fixture(scope='module')
def samples(tmp_path_factory):
    """A small file of each kind."""
    folder = tmp_path_factory.mktemp('samples')
    cells = sorted({SPACE.canonical(SPACE.sample(RNG)) for _ in range(5)})
    Table.of(SPACE, cells, {'valid': np.arange(float(len(cells)))}).save(folder / 'table.npz')
    np.savez(folder / 'images.npz', images=np.zeros((8, 2, 2, 1), np.uint8), labels=np.arange(8) % 2)
    (folder / 'words.txt.gz').write_bytes(gzip.compress(b'a b c\n' * 20))
    for name, mode in (('png', 'RGB'), ('gif', 'P'), ('jpg', 'L'), ('tiff', 'I;16')):
        Image.new(mode, (5, 4)).save(folder / f'image.{name}')
    return folder


@RUNS
@given(data=st.data())
def test_files(data, samples, tmp_path):
    file = data.draw(st.sampled_from(sorted(samples.iterdir())))
    path = tmp_path / file.name
    path.write_bytes(damaged_bytes(data, file.read_bytes()))
    if file.name == 'table.npz':
        reads(Table.open, path)
    elif file.name == 'images.npz':
        reads(make_task, {'name': 'npz', 'path': str(path), 'validation': 2, 'test': 0})
    elif file.name == 'words.txt.gz':
        reads(read_words, path)
    else:
        reads(read_header, path)
        reads(read_image, path, (3, 3), 1)


def changed(data, value):
    """A JSON value with something else in one of its places; no number that a network would be built from."""
    if isinstance(value, dict | list) and value and data.draw(st.integers(0, 9)):
        keys = sorted(value) if isinstance(value, dict) else range(len(value))
        key = data.draw(st.sampled_from(keys))
        copy = value.copy()
        copy[key] = changed(data, value[key])
        return copy
    return data.draw(st.sampled_from([None, True, -1, 0.5, '', 'x', [], {}, [[]], 'numpy.random']))


@settings(RUNS, max_examples=max(EXAMPLES // 8, 1))
@given(data=st.data())
def test_models(data, model_file, tmp_path):
    """Their archives have the right checksums."""
    with zipfile.ZipFile(model_file) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    name = data.draw(st.sampled_from(sorted(parts)))
    if name.endswith('.json') and data.draw(st.integers(0, 3)):
        parts[name] = json.dumps(changed(data, json.loads(parts[name]))).encode()
    else:
        parts[name] = damaged_bytes(data, parts[name])
    path = tmp_path / 'model.keras'
    with zipfile.ZipFile(path, 'w') as archive:
        for part, content in parts.items():
            archive.writestr(part, content)
    reads(load_classifier, path)
    path.write_bytes(damaged_bytes(data, path.read_bytes()[:2000]))
    reads(load_classifier, path)


@pytest.mark.parametrize(
    ('field', 'value', 'words'),
    [
        ('cells_per_stage', 10**9, 'must be at most 200'),
        ('filters', 4096, 'weights, its file has'),
        ('filters', 10**9, 'weights, its file has'),
        ('classes', 10**9, 'weights, its file has'),
    ],
)
def test_models_that_would_take_all_memory(field, value, words, model_file, tmp_path):
    with zipfile.ZipFile(model_file) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    config = json.loads(parts['config.json'])
    config['config']['network']['config']['config'][field] = value
    path = tmp_path / 'model.keras'
    with zipfile.ZipFile(path, 'w') as archive:
        for part, content in (parts | {'config.json': json.dumps(config).encode()}).items():
            archive.writestr(part, content)
    with pytest.raises(InputError, match=words):
        load_classifier(path)


def npz_of(header):
    """A .npz whose array says in its header what it is, and has nothing of it."""
    content = header.ljust(117).encode() + b'\n'
    array = b'\x93NUMPY\x01\x00' + len(content).to_bytes(2, 'little') + content
    file = io.BytesIO()
    with zipfile.ZipFile(file, 'w') as archive:
        for name in ('tokens', 'images', 'labels', 'metadata'):
            archive.writestr(f'{name}.npy', array)
    return file.getvalue()


@pytest.mark.parametrize(
    'header',
    [
        "{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000000,), }",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (-1,), }",
        "{'descr': '|O', 'fortran_order': False, 'shape': (1,), }",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (__import__('os').getpid(),), }",
    ],
)
def test_arrays_that_promise_too_much(header, tmp_path):
    path = tmp_path / 'arrays.npz'
    path.write_bytes(npz_of(header))
    for read in (Table.open, lambda path: make_task({'name': 'npz', 'path': str(path)})):
        with pytest.raises(InputError, match=r'arrays\.npz'):
            read(path)


@pytest.mark.parametrize('place', ['benchmarks.table_files', 'tasks.sources.npz'])
def test_arrays_that_unpack_to_more_than_memory(place, tmp_path, monkeypatch):
    monkeypatch.setattr(f'nao_tf.{place}.MOST_BYTES', 1 << 20)
    path = tmp_path / 'arrays.npz'
    zeros = np.zeros(2 << 20, np.int8)
    np.savez_compressed(path, metadata=zeros, images=zeros, labels=zeros)
    assert path.stat().st_size < 1 << 16
    read = Table.open if 'table' in place else lambda path: make_task({'name': 'npz', 'path': str(path)})
    with pytest.raises(InputError, match=r'arrays\.npz.* holds . MiB.* 1 MiB'):
        read(path)


def test_a_member_that_is_no_array(tmp_path):
    path = tmp_path / 'arrays.npz'
    np.savez(path, images=np.zeros((4, 8, 8), np.uint8))
    with zipfile.ZipFile(path, 'a') as archive:
        archive.writestr('labels', b'no array')
    with pytest.raises(InputError, match=r'arrays\.npz'):
        make_task({'name': 'npz', 'path': str(path)})


def test_a_word_is_in_memory_once(tmp_path):
    path = tmp_path / 'words.txt'
    path.write_text('one two\n\n two\rone\n')
    words = read_words(path)
    assert words == ['one', 'two', '<eos>', '<eos>', 'two', 'one', '<eos>']
    assert len({id(word) for word in words}) == 3


def test_a_text_that_unpacks_to_more_than_memory(tmp_path, monkeypatch):
    monkeypatch.setattr('nao_tf.tasks.sources.text_files.MOST_BYTES', 10 << 20)
    path = tmp_path / 'words.txt.gz'
    path.write_bytes(gzip.compress(b'a' * (40 << 20), 1))
    with pytest.raises(InputError, match='is longer than 10 MiB'):
        read_words(path)
