"""Genotypes: what published code says is read, and what is written is read back."""

import pytest

from nao_tf.errors import InputError
from nao_tf.spaces.cells import Branch, Cell, CellPair, Node, RecurrentCell
from nao_tf.spaces.genotype import from_genotype, to_genotype
from nao_tf.spaces.named import NAMED, named_cell
from nao_tf.spaces.reading import read_architecture, read_cells
from nao_tf.spaces.registry import get_space

DARTS_V2 = """DARTS_V2 = Genotype(
    normal=[('sep_conv_3x3', 0), ('sep_conv_3x3', 1), ('sep_conv_3x3', 0), ('sep_conv_3x3', 1), ('sep_conv_3x3', 1),
            ('skip_connect', 0), ('skip_connect', 0), ('dil_conv_3x3', 2)], normal_concat=[2, 3, 4, 5],
    reduce=[('max_pool_3x3', 0), ('max_pool_3x3', 1), ('skip_connect', 2), ('max_pool_3x3', 1), ('max_pool_3x3', 0),
            ('skip_connect', 2), ('skip_connect', 2), ('max_pool_3x3', 1)], reduce_concat=range(2, 6))"""
UNWRITTEN = {'NAONet': 'conv 3x3', 'NAONet_A': 'conv 3x3', 'AmoebaNet-B': 'conv 1x1'}
RECURRENT = (
    "Genotype(recurrent=[('relu', 0), ('relu', 1), ('tanh', 2), ('relu', 3), ('relu', 4), ('identity', 1), "
    "('relu', 5), ('relu', 1)], concat=range(1, 9))"
)


def test_the_published_ones(tmp_path):
    assert read_cells(DARTS_V2) == named_cell('DARTS_V2').cells
    assert from_genotype(DARTS_V2.partition('= ')[2]) == named_cell('DARTS_V2').cells
    assert from_genotype(RECURRENT) == named_cell('DARTS-RNN').cells
    file = tmp_path / 'genotypes.py'
    file.write_text(f'# the first\n{DARTS_V2}\n')
    assert read_cells(str(file)) == named_cell('DARTS_V2').cells


@pytest.mark.parametrize('cell', NAMED, ids=lambda cell: cell.name)
def test_written_is_read_back(cell):
    if cell.name in UNWRITTEN:
        with pytest.raises(InputError, match=f'operation {UNWRITTEN[cell.name]!r} has no name in a genotype'):
            to_genotype(cell.cells)
        return
    text = to_genotype(cell.cells)
    assert from_genotype(text) == cell.cells
    namespace = {'Genotype': lambda **fields: set(fields)}
    fields = (
        {'recurrent', 'concat'} if cell.name.endswith('RNN') else {'normal', 'normal_concat', 'reduce', 'reduce_concat'}
    )
    assert eval(text, namespace) == fields


def test_an_input_in_the_output_of_a_reduction():
    cell = Cell((Node(Branch(0, 'identity'), Branch(0, 'max_pool 3x3')),))
    with pytest.raises(InputError, match='the reduction cell puts one of its inputs into its output'):
        to_genotype(CellPair(cell, cell))


def test_tokens_of_a_space():
    pair = named_cell('NAO-WS').cells
    assert isinstance(pair, CellPair)
    space = get_space('enas_cnn')
    assert read_architecture(to_genotype(pair), space) == space.from_cells(pair)
    with pytest.raises(InputError, match='does not tell the space of its tokens'):
        read_architecture(to_genotype(pair))
    with pytest.raises(InputError, match='is no architecture of space enas_cnn'):
        read_architecture(RECURRENT, space)
    assert isinstance(read_cells(RECURRENT), RecurrentCell)


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('Genotype(', 'one Python expression'),
        ('Genotype([1], [2])', 'every field named'),
        ('Genotype(normal=[], reduce=[])', r'the fields normal, normal_concat, reduce, reduce_concat, or recurrent'),
        (DARTS_V2.replace("('sep_conv_3x3', 1)", "('sep_conv_9x9', 1)", 1), "no operation 'sep_conv_9x9'"),
        (DARTS_V2.replace("('sep_conv_3x3', 1), ", '', 1), 'normal has 7 operations; a node has two'),
        (DARTS_V2.replace("('sep_conv_3x3', 1)", "('sep_conv_3x3', 4)", 1), 'node_3 cannot read node_5'),
        (DARTS_V2.replace('[2, 3, 4, 5]', 'everything', 1), 'normal_concat is everything; it is a list, or range'),
        (DARTS_V2.replace("('sep_conv_3x3', 1)", "'sep_conv_3x3'", 1), 'normal is of pairs such as'),
        (DARTS_V2.replace('[2, 3, 4, 5]', "['two']", 1), 'normal_concat is of the numbers of nodes'),
        (
            DARTS_V2.replace('[2, 3, 4, 5]', 'range(0, 2000000000)', 1),
            'normal_concat has more numbers than .* inputs, 6',
        ),
        (
            DARTS_V2.replace('[2, 3, 4, 5]', f'range({"9" * 400})', 1),
            'normal_concat has more numbers than .* inputs, 6',
        ),
        (RECURRENT.replace('range(1, 9)', 'range(1, 2000000000)'), 'concat has more numbers'),
        (DARTS_V2.replace('[2, 3, 4, 5]', '1+' * 30_000 + '1', 1), 'nested too deeply'),
        (DARTS_V2.replace('[2, 3, 4, 5]', '1+' * 900 + '1', 1), 'it is a list, or range'),
        (DARTS_V2.replace('[2, 3, 4, 5]', '-' * 100_000 + '1', 1), 'nested too deeply'),
    ],
)
def test_what_is_none(text, message):
    with pytest.raises(InputError, match=message):
        read_cells(text)
