"""The importer of NAS-Bench-101, on record files in the official form that the tests write themselves."""

import base64
import json
import struct

import numpy as np
import pytest
import tensorflow as tf

from nao_tf.benchmarks.import_nasbench101 import import_table
from nao_tf.benchmarks.table import Table
from nao_tf.errors import InputError
from nao_tf.spaces.registry import get_space
from tests.support import forks

SPACE = get_space('nasbench101')
CELLS = [
    SPACE.parse(text)
    for text in (
        'conv3x3-bn-relu(0) output(1)',
        'maxpool3x3(0) conv1x1-bn-relu(0) output(0,1,2)',
        'conv3x3-bn-relu(0) conv3x3-bn-relu(0,1) maxpool3x3(2) output(1,3)',
    )
]


def number(row, epochs, repeat, column):
    """A figure that no other place of the test file has."""
    return (row + 1) * 0.1 + epochs * 1e-4 + repeat * 1e-6 + column * 1e-8


def encoded(row, epochs, repeat):
    """The protobuf of one training, written by hand: tag, length, and doubles in little endian."""
    message = b''
    for evaluation in range(3):
        # Only the last evaluation counts: the others hold figures that must not be found.
        values = [evaluation / 2 * epochs] + [
            number(row, epochs, repeat, column) if evaluation == 2 else -1.0 for column in range(4)
        ]
        body = b''.join(bytes([field << 3 | 1]) + struct.pack('<d', value) for field, value in enumerate(values, 1))
        body += bytes([6 << 3 | 2, 3]) + b'a/b'  # the path of a checkpoint
        message += bytes([1 << 3 | 2, len(body)]) + body
    parameters = 1_000_000 + row
    varint = bytes([parameters & 127 | 128, parameters >> 7 & 127 | 128, parameters >> 14])
    message += bytes([2 << 3 | 0]) + varint + bytes([3 << 3 | 1]) + struct.pack('<d', 7.0)
    return base64.b64encode(message).decode()


def record(row, epochs, repeat, **changes):
    labels = SPACE.to_json(CELLS[row])
    fields = {
        'hash': SPACE.module_hash(CELLS[row]),
        'length': epochs,
        'adjacency': ''.join(str(bit) for line in labels['module_adjacency'] for bit in line),
        'operations': ','.join(labels['module_operations']),
        'metrics': encoded(row, epochs, repeat),
    }
    return json.dumps(list((fields | changes).values())).encode()


def written(path, content):
    with tf.io.TFRecordWriter(str(path)) as writer:
        for each in content:
            writer.write(each)
    return path


def every_record(lengths=(108,)):
    """In an order that is not sorted by module, as the official files are not."""
    content = [record(row, epochs, repeat) for repeat in range(3) for row in range(3) for epochs in lengths]
    return content


def test_imported(tmp_path):
    table = import_table(written(tmp_path / 'r.tfrecord', every_record((4, 108))), modules=3)
    assert table.classes == [SPACE.canonical(cell) for cell in CELLS]
    names = [f'{name}_{epochs}' for epochs in (4, 108) for name in ('valid_acc', 'test_acc', 'train_acc', 'train_sec')]
    assert table.columns == (*names, 'params')
    # Fields of the message: training time, train, validation and test accuracy.
    for name, column in (('train_sec', 0), ('train_acc', 1), ('valid_acc', 2), ('test_acc', 3)):
        for epochs in (4, 108):
            expected = [[number(row, epochs, repeat, column) for repeat in range(3)] for row in range(3)]
            np.testing.assert_array_equal(table.seeds(f'{name}_{epochs}'), expected)
            np.testing.assert_allclose(table.column(f'{name}_{epochs}'), np.mean(expected, 1), rtol=1e-15)
    assert table.column('params').tolist() == [1_000_000, 1_000_001, 1_000_002]


def test_fewer_trainings(tmp_path):
    content = [record(0, 108, 0), record(1, 108, 0), record(1, 108, 1), record(2, 12, 0)]
    table = import_table(written(tmp_path / 'r.tfrecord', content), modules=None)
    assert np.isnan(table.seeds('valid_acc_108')).tolist() == [[False, True], [False, False], [True, True]]
    assert np.isnan(table.column('valid_acc_108')).tolist() == [False, False, True]


def test_a_cut_file(tmp_path):
    path = written(tmp_path / 'r.tfrecord', every_record())
    path.write_bytes(path.read_bytes()[:-10])
    one_line(path, 'no whole TFRecord file')


def test_missing_modules(tmp_path):
    one_line(written(tmp_path / 'r.tfrecord', every_record()[:2]), 'holds 2 modules, the official file 3')


def test_foreign_files(tmp_path):
    path = tmp_path / 'r.tfrecord'
    one_line(path, 'there is no record file')
    path.write_bytes(b'some text, long enough to be read as a header of a record')
    one_line(path, 'no whole TFRecord file')


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        ({'hash': '0' * 32}, 'the hash of the module is [0-9a-f]{32}, not 0000'),
        ({'adjacency': '01'}, '3 operations, but 2 entries'),
        ({'operations': 'input,conv7x7,output'}, "'conv7x7' of vertex 1"),
        ({'metrics': '!'}, 'record 1: '),
        ({'metrics': ''}, 'record 1: '),
        ({'metrics': base64.b64encode(b'\x0a\x7f').decode()}, 'record 1: '),
        ({'length': 'many'}, 'record 1: '),
        ({'more': 1}, 'too many values'),
    ],
)
def test_a_damaged_record(tmp_path, changes, message):
    one_line(written(tmp_path / 'r.tfrecord', [record(1, 108, 0), record(0, 108, 0, **changes)]), message)


def test_a_record_that_is_not_json(tmp_path):
    one_line(written(tmp_path / 'r.tfrecord', [b'\x00\xff']), 'record 0: not a record of NAS-Bench-101')


def one_line(path, message):
    with pytest.raises(InputError, match=message) as error:
        import_table(path, modules=3)
    assert str(path) in str(error.value)
    assert '\n' not in str(error.value)


def test_the_program(tmp_path):
    source, output = written(tmp_path / 'r.tfrecord', every_record()), tmp_path / 'table.npz'
    done = forks.finish('tools/import_nasbench101.py', f'--source={source}', f'--output={output}', '--modules=3')
    assert done.returncode == 0, done.stderr
    assert '3 modules, columns valid_acc_108' in done.stdout
    assert len(Table.open(output).classes) == 3
