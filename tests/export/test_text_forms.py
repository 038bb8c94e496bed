"""Architectures as text: what is written is read back; a graph has every edge."""

import pytest

from nao_tf.errors import InputError
from nao_tf.export.text_forms import to_dot, to_json, to_text
from nao_tf.spaces.cells import Branch, Cell, CellPair, Node, RecurrentCell
from nao_tf.spaces.named import NAMED, named_cell
from nao_tf.spaces.reading import read_cells

LISTED = ('NASNet-A', 'DARTS_V2', 'ENAS-RNN')


@pytest.mark.parametrize('cell', NAMED, ids=lambda cell: cell.name)
def test_text_is_read_back(cell, tmp_path):
    if cell.name in (*LISTED, 'DARTS-RNN'):
        with pytest.raises(InputError, match=r'no built-in space, and words cannot|space has recurrent cells'):
            to_text(cell.cells)
        return
    file = tmp_path / 'cell.txt'
    file.write_text(to_text(cell.cells) + '\n')
    assert read_cells(str(file)) == cell.cells


@pytest.mark.parametrize('cell', NAMED, ids=lambda cell: cell.name)
def test_json_is_read_back(cell):
    if cell.name == 'ENAS-RNN':
        with pytest.raises(InputError, match='lists its outputs cannot be written as json; take genotype'):
            to_json(cell.cells)
    else:
        assert read_cells(to_json(cell.cells)) == cell.cells


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('{"nodes": [["node_0", "tanh"], ["node_9", "relu"]]}', 'node_2 cannot read node_9'),
        ('{"nodes": [["node_0", "tanh", 3]]}', r'has nodes \[\["node_0", activation\]'),
        ('{"nodes": [["first", "tanh"]]}', r'has nodes \[\[source, activation\]'),
    ],
)
def test_a_recurrent_cell_of_any_size_that_is_wrong(text, message):
    with pytest.raises(InputError, match=message):
        read_cells(text)


def test_the_lines_of_tokens():
    text = to_text(named_cell('NAONet_A').cells)
    assert '\n# nao_cnn, 60 tokens: 1 9 16 2 11 17 ' in text
    assert '\n# nao_cnn_op, 40 tokens: 1 ' in text
    released = '0 7 1 15 2 8 1 7 0 6 1 7 0 8 4 7 1 5 0 7 0 7 1 13 0 6 0 14 0 9 1 10 0 14 2 6 1 11 0 7'
    assert f'\n# released string: {released}\n' in text
    assert '\n# enas_cnn, 40 tokens: ' in to_text(named_cell('NAONet_B').cells)


def test_a_cell_of_no_built_in_space():
    cell = Cell((Node(Branch(0, 'blur'), Branch(1, 'conv 3x3')),))
    assert to_text(CellPair(cell, cell)).splitlines()[-1] == 'node_1 blur node_2 conv 3x3 node_1 blur node_2 conv 3x3'


def test_dot():
    cells = named_cell('NAONet').cells
    assert isinstance(cells, CellPair)
    lines = to_dot(cells).splitlines()
    assert (lines[0], lines[-1]) == ('digraph architecture {', '}')
    assert sum(line.count('{') - line.count('}') for line in lines) == 0
    edges = [line.split('[')[0].strip(' ;') for line in lines if '->' in line]
    for number, cell in enumerate((cells.normal, cells.reduction)):
        assert sum(edge.startswith(f'"{number} ') for edge in edges) == 10 + len(cell.loose_ends)
    assert '    "1 k-1" -> "1 node_5" [label="conv 1x7+7x1"];' in lines
    assert '    "0 node_6" -> "0 output";' in lines
    assert 'output = mean of node_1 .. node_8' in to_dot(named_cell('DARTS-RNN').cells)
    assert '"0 node_2" -> "0 output"' in to_dot(RecurrentCell(((0, 'tanh'), (1, 'relu')), (2,)))
