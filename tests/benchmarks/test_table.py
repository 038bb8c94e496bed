"""Tables: written and read back, looked up by class, the real files, and every way a file can be wrong."""

import json
import os
from pathlib import Path

import numpy as np
import pytest

from nao_tf.benchmarks import table_files
from nao_tf.benchmarks.table import Table
from nao_tf.errors import InputError
from nao_tf.spaces.architecture import Architecture
from nao_tf.spaces.registry import get_space

SPACE = get_space('nasbench201')
DATA = os.environ.get('NAO_TF_TEST_DATA')
with_data = pytest.mark.skipif(not DATA, reason='NAO_TF_TEST_DATA is not set')


def raw_rows():
    """All 15,625 cells in an order of the test's own, and a column."""
    order = np.random.default_rng(0).permutation(15625)
    return SPACE.decode(order), np.random.default_rng(1).random(15625).astype(np.float32)


def small(rows=40):
    rng = np.random.default_rng(3)
    architectures = [SPACE.sample(rng) for _ in range(rows)]
    columns = {'valid': rng.random(rows), 'test': rng.random(rows).astype(np.float32)}
    return Table.of(SPACE, architectures, columns, seeds={'valid': rng.random((rows, 3))}, source='a test')


@pytest.fixture
def saved(tmp_path):
    path = tmp_path / 'table.npz'
    small().save(path)
    return path


def changed(path, **arrays):
    """Rewrites a file with some arrays exchanged (None takes one out), its metadata as it was."""
    with np.load(path) as file:
        old = {name: file[name] for name in file.files}
    new = {name: array for name, array in (old | arrays).items() if array is not None}
    np.savez(path, **new)
    return path


def restated(path, **fields):
    """Rewrites a file with some fields of its metadata changed."""
    with np.load(path) as file:
        metadata = json.loads(file['metadata'].tobytes())
    return changed(path, metadata=np.frombuffer(json.dumps(metadata | fields).encode(), np.uint8))


def test_written_and_read_back(saved):
    one, other = small(), Table.open(saved)
    assert (other.space, other.columns, other.source, other.checksum) == (
        SPACE, ('valid', 'test'), 'a test', one.checksum,
    )  # fmt: skip
    assert len(other) == 40
    for name in one.columns:
        assert other.column(name).dtype == np.float64
        np.testing.assert_array_equal(other.column(name), one.column(name))
    np.testing.assert_array_equal(other.seeds('valid'), one.seeds('valid'))
    assert other.seeds('test') is None
    assert other.classes == one.classes


def test_the_same_content_gives_the_same_bytes(tmp_path, saved):
    small().save(tmp_path / 'again.npz')
    assert (tmp_path / 'again.npz').read_bytes() == saved.read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ['again.npz', 'table.npz']


def test_a_class_is_its_row_of_lowest_index():
    tokens, column = raw_rows()
    table = Table.of(SPACE, [Architecture(SPACE.name, tuple(row)) for row in tokens.tolist()], {'valid': column})
    assert len(table.classes) == 6466
    groups = SPACE.classes[SPACE.codes(tokens)]
    _, first = np.unique(groups, return_index=True)
    assert table.class_rows.tolist() == sorted(first.tolist())
    for row in (0, 5, 777, 15624):
        expected = np.flatnonzero(groups == groups[row])[0]
        assert table.lookup(table.architecture(row)) == expected
        assert table.lookup(SPACE.canonical(table.architecture(row))) == expected
    assert table.best('valid') == max(first, key=lambda row: column[row])


def test_lookup_of_what_is_not_there():
    table = small()
    present = set(table.classes)
    absent = next(a for a in map(SPACE.canonical, each_cell()) if a not in present)
    assert table.lookup(absent) is None


def each_cell():
    for tokens in SPACE.decode(np.arange(SPACE.size)).tolist():
        yield Architecture(SPACE.name, tuple(tokens))


def test_missing_values():
    architectures = [SPACE.parse(f'1 1 1 {i} 1 1') for i in (2, 3, 4)]
    table = Table.of(SPACE, architectures, {'valid': [np.nan, 0.5, 0.25], 'none': [np.nan] * 3})
    assert table.best('valid') == table.lookup(architectures[1])
    with pytest.raises(InputError, match="no row has a value in column 'none'"):
        table.best('none')


def test_a_column_that_is_not_there():
    with pytest.raises(InputError, match="no column 'loss'; its columns are valid, test"):
        small().column('loss')


def test_a_table_of_another_space(saved):
    with pytest.raises(InputError, match="a table of space 'nasbench201', not 'nasbench101'"):
        Table.open(saved, space=get_space('nasbench101'))


def test_unequal_rows_in_memory():
    with pytest.raises(InputError, match='column valid has 2 rows; there are 1 architectures'):
        Table.of(SPACE, [SPACE.parse('1 1 1 1 1 1')], {'valid': [1.0, 2.0]})


@pytest.mark.parametrize('keep', [0, 100, 0.5, 0.99])
def test_truncated(saved, keep):
    content = saved.read_bytes()
    saved.write_bytes(content[: keep if isinstance(keep, int) else int(keep * len(content))])
    one_line(saved, 'cut off')


def test_a_flipped_bit(saved):
    content = bytearray(saved.read_bytes())
    content[len(content) // 2] ^= 1
    saved.write_bytes(content)
    one_line(saved, 'is damaged')


def test_a_value_that_was_changed(saved):
    with np.load(saved) as file:
        column = file['column/valid']
    column[3] += 0.01
    one_line(changed(saved, **{'column/valid': column}), 'checksum of its content is [0-9a-f]{12}')


def test_rows_that_are_gone(saved):
    with np.load(saved) as file:
        column = file['column/valid'][:-1]
    one_line(changed(saved, **{'column/valid': column}), 'not equally many.*tokens 40.*column/valid 39')
    small().save(saved)
    one_line(restated(saved, rows=41), 'not equally many: metadata 41')


def test_arrays_that_are_gone(saved):
    one_line(changed(saved, **{'column/valid': None}), 'has no .*column/valid')


def test_another_version(saved):
    one_line(restated(saved, version=2), 'of table version 2; this package reads 1')


def test_a_space_that_nobody_knows(saved):
    content = table_files.read(saved)
    table_files.write(saved, content._replace(space='mine'))
    one_line(saved, "there is no space 'mine'")


def test_tokens_that_are_no_architecture(saved):
    content = table_files.read(saved)
    tokens = content.tokens.copy()
    tokens[7, 2] = 0
    table_files.write(saved, content._replace(tokens=tokens))
    one_line(saved, r'row 7: .*\(edge 1->2\)')
    table_files.write(saved, content._replace(tokens=content.tokens[:, :5]))
    one_line(saved, r'tokens are \[rows, 6\]')


@pytest.mark.parametrize(
    ('part', 'array', 'message'),
    [
        ('columns', np.zeros((40, 3)), r'column valid is floats \[rows\], not float64 \[40, 3\]'),
        ('columns', np.zeros(40, 'datetime64[s]'), r'column valid is floats \[rows\], not datetime64'),
        ('columns', np.full(40, 'high'), r'column valid is floats \[rows\], not <U4'),
        ('seeds', np.zeros(40), r'the seeds of column valid is floats \[rows, seeds\], not float64 \[40\]'),
        (
            'seeds',
            np.zeros((40, 3, 2)),
            r'the seeds of column valid is floats \[rows, seeds\], not float64 \[40, 3, 2\]',
        ),
    ],
)
def test_figures_of_another_form(saved, part, array, message):
    content = table_files.read(saved)
    table_files.write(saved, content._replace(**{part: {**getattr(content, part), 'valid': array}}))
    one_line(saved, message)


def test_metadata_of_another_form(saved):
    one_line(restated(saved, rows=[40]), 'not equally many')
    one_line(changed(saved, metadata=np.frombuffer(b'[' * 100_000, np.uint8)), 'does not say')


def test_foreign_files(tmp_path):
    path = tmp_path / 'foreign.npz'
    one_line(path, 'there is no table')
    path.write_text('index,accuracy\n0,0.9\n')
    one_line(path, 'is no table')
    np.savez(path, images=np.zeros(3), labels=np.zeros(3))
    one_line(path, 'its arrays are images, labels; ')
    np.savez(path, ops=np.array([{'an': 'object'}], dtype=object))
    one_line(path, 'damaged')
    np.savez(path, metadata=np.frombuffer(b'\xff{', np.uint8))
    one_line(path, 'does not say')


def test_layouts_that_are_read_directly(tmp_path):
    path = tmp_path / 'raw.npz'
    tokens, column = raw_rows()
    operations = (tokens - 1).astype(np.uint8)
    np.savez(path, ops=operations, valid=column, n_seeds=np.ones(15625, np.uint8))
    table = Table.open(path)
    assert table.columns == ('valid',)
    np.testing.assert_array_equal(table.column('valid'), column.astype(np.float64))
    np.savez(path, ops=operations[:-1], valid=column[:-1])
    one_line(path, '15,624 rows and 15,624 different cells; NAS-Bench-201 has 15,625')
    np.savez(path, ops=operations, valid=column[:-1])
    one_line(path, 'not equally many: ops 15625, valid 15624')
    np.savez(path, ops=operations + 1, valid=column)
    one_line(path, 'outside 0..4')
    matrix = np.zeros((2, 7, 7), np.uint8)
    matrix[:, 0, 1] = matrix[:, 1, 2] = 1
    arrays = {'adj': matrix, 'n_vertices': np.array([3, 3]), 'ops': np.array([[0, *[255] * 4], [1, *[255] * 4]])}
    np.savez(path, **arrays, valid=np.array([0.5, 0.6]))
    assert Table.open(path).classes == [
        get_space('nasbench101').parse(f'{name}-bn-relu(0) output(1)') for name in ('conv3x3', 'conv1x1')
    ]
    matrix[1, 1, 2] = 0
    np.savez(path, **arrays, valid=np.array([0.5, 0.6]))
    one_line(path, 'row 1 is no cell of NAS-Bench-101')


def test_layouts_with_the_wrong_numbers(tmp_path):
    path = tmp_path / 'raw.npz'
    np.savez(path, ops=np.full((15625, 6), 'conv'))
    one_line(path, 'ops is of integers, not of <U4')
    matrix = np.zeros((1, 7, 7), np.uint8)
    matrix[:, 0, 1] = matrix[:, 1, 2] = 1
    right = {'adj': matrix, 'n_vertices': np.array([3]), 'ops': np.array([[0, -1, -1, -1, -1]])}
    np.savez(path, **right)
    assert len(Table.open(path)) == 1
    for name, array, message in (
        ('ops', np.full((1, 5), 'conv'), 'ops is of integers, not of <U4'),
        ('n_vertices', np.array([3.0]), 'n_vertices is of integers, not of float64'),
        ('n_vertices', np.array([[3]]), r'n_vertices are .* and \(1, 1\)'),
        ('adj', np.full((1, 7, 7), np.nan), 'adj is of integers, not of float64'),
        ('ops', np.array([[-1, 0, 0, 0, 0]]), 'row 0 is no cell of NAS-Bench-101'),
    ):
        np.savez(path, **{**right, name: array})
        one_line(path, message)


def one_line(path, message):
    with pytest.raises(InputError, match=message) as error:
        Table.open(path)
    assert str(path) in str(error.value) or 'space' in message
    assert '\n' not in str(error.value)


@with_data
def test_the_real_nasbench201():
    table = Table.open(Path(DATA) / 'nasbench201_cifar10.npz')
    assert len(table.classes) == 6466
    assert table.best('c10v_valid200') == table.best('c10_test200') == 6111
    assert table.column('c10v_valid200')[6111] == pytest.approx(91.607, abs=5e-4)
    assert table.column('c10_test200')[6111] == pytest.approx(94.373, abs=5e-4)
    mean = np.nanmean(table.seeds('c10v_valid200'), axis=1)
    np.testing.assert_allclose(mean, table.column('c10v_valid200'), atol=2e-3)


@with_data
def test_the_real_nasbench101(tmp_path):
    table = Table.open(Path(DATA) / 'nasbench101_10k.npz')
    table.save(tmp_path / 'compact.npz')
    compact = Table.open(tmp_path / 'compact.npz')
    assert compact.checksum == table.checksum
    assert len(table.classes) == len(table) == 10000
    row = compact.best('valid_acc_108')
    assert compact.column('valid_acc_108')[row] == table.column('valid_acc_108').max()
