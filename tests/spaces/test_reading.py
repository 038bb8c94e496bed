"""An architecture as a person gives it: a name, a line, a file; and the named cells."""

import json

import pytest

from nao_tf.errors import InputError
from nao_tf.spaces import named
from nao_tf.spaces.cells import CellPair, RecurrentCell
from nao_tf.spaces.reading import cells_of, read_architecture, read_cells
from nao_tf.spaces.registry import get_space

NAONET_A = '0 7 1 15 2 8 1 7 0 6 1 7 0 8 4 7 1 5 0 7 0 7 1 13 0 6 0 14 0 9 1 10 0 14 2 6 1 11 0 7'
ARCHITECTURE = named.named_cell('NAONet_A').architecture


@pytest.mark.parametrize('cell', named.NAMED, ids=lambda cell: cell.name)
def test_every_named_cell(cell):
    assert read_cells(cell.name) == read_cells(cell.name.upper()) == cell.cells
    if not cell.space:
        with pytest.raises(InputError, match='no architecture of a built-in space'):
            read_architecture(cell.name)
        return
    architecture = read_architecture(cell.name)
    assert architecture.space == cell.space
    assert cells_of(architecture) == cell.cells
    assert get_space(cell.space).describe(architecture) == cell.describe()


def test_names():
    expected = 'NAONet NAONet_A NAONet_B NAO-WS NAONet_V2 ENAS ENAS-2 AmoebaNet-A AmoebaNet-B NASNet-A DARTS_V2'
    expected += ' NAO-RNN NAO-WS-RNN ENAS-RNN DARTS-RNN'
    assert named.names() == tuple(expected.split())
    assert named.named_cell('naonet-a') is named.named_cell(' NAONET_A ')
    with pytest.raises(InputError, match=r"no named cell 'NAONet_C'; there are NAONet, NAONet_A, .*DARTS-RNN"):
        named.named_cell('NAONet_C')


def test_listed_outputs_of_the_others():
    nasnet = named.named_cell('NASNet-A').cells
    assert nasnet.normal.loose_ends == (0, 2, 3, 4, 5, 6)
    assert nasnet.reduction.loose_ends == (3, 4, 5, 6)
    assert named.named_cell('ENAS-RNN').cells.averaged == (2, 5, 6, 9, 10, 11)
    darts = named.named_cell('DARTS-RNN').cells
    assert darts.averaged == tuple(range(1, 9))
    assert darts.nodes[5] == (1, 'identity')


def test_golden_loose_ends():
    pair = named.named_cell('NAONet').cells
    assert pair.normal.loose_ends == (3, 5, 6)
    assert pair.reduction.loose_ends == (3, 4, 5, 6)


def test_the_recurrent_cell_as_it_was_trained():
    assert named.named_cell('NAO-RNN').cells.nodes[-1] == (1, 'identity')
    assert named.named_cell('NAO-WS-RNN').cells.nodes[2] == (2, 'sigmoid')


def test_named_cells_in_another_space():
    wide = get_space('nao_cnn_wide')
    assert wide.cells(read_architecture('NAONet_B', wide)) == named.named_cell('NAONet_B').cells
    assert read_architecture('NAONet_A', get_space('nao_cnn_op')).space == 'nao_cnn_op'
    with pytest.raises(InputError, match='sep_conv 5x5'):
        read_architecture('NAONet_B', get_space('nao_cnn'))
    with pytest.raises(InputError, match='NAO-RNN is no architecture of space nao_cnn'):
        read_architecture('NAO-RNN', get_space('nao_cnn'))
    with pytest.raises(InputError, match='lists its outputs'):
        read_architecture('NASNet-A', wide)
    with pytest.raises(InputError, match='averages some of its nodes'):
        read_architecture('ENAS-RNN', get_space('nao_rnn'))


@pytest.mark.parametrize(
    'content',
    [
        'NAONet_A',
        NAONET_A,
        NAONET_A.replace(' 0 7', '\n0 7') + '\n',
        str(ARCHITECTURE),
        get_space('nao_cnn').to_text(ARCHITECTURE),
        json.dumps(ARCHITECTURE.to_json()),
        json.dumps(get_space('nao_cnn').to_json(ARCHITECTURE), indent=1),
        json.dumps({key: value for key, value in get_space('nao_cnn').to_json(ARCHITECTURE).items() if key != 'space'}),
    ],
)
def test_lines_and_files(tmp_path, content):
    path = tmp_path / 'cell file.txt'
    path.write_text(content)
    for space in (None, get_space('nao_cnn')):
        assert read_architecture(content, space) == ARCHITECTURE
        assert read_architecture(str(path), space) == ARCHITECTURE
        assert read_cells(str(path), space) == named.named_cell('NAONet_A').cells


def test_the_space_of_a_line_is_found():
    for name in ('NAONet_B', 'AmoebaNet-A', 'NAO-WS-RNN'):
        cell = named.named_cell(name)
        space = get_space(cell.space)
        assert read_architecture(space.to_text(cell.architecture)) == cell.architecture
        assert read_architecture(json.dumps(space.to_json(cell.architecture))) == cell.architecture
    assert read_architecture(
        '0 1 0 2 0 1 2 2 1 3 0 2 4 0 1 3 2 1 0 3 1 1 1 0 2 1 2 4 1 0 2 3 3 1 2 2 0 2 0 2'
    ).space == ('enas_cnn')
    mixed = '0 0 1 15 ' * 10
    assert read_architecture(mixed).space == 'nao_cnn_wide'


@pytest.mark.parametrize(
    ('content', 'name'),
    [
        ('|nor_conv_3x3~0|+|none~0|skip_connect~1|+|avg_pool_3x3~0|none~1|nor_conv_1x1~2|', 'nasbench201'),
        ('4 1 2 5 1 3', 'nasbench201'),
        ('conv3x3-bn-relu(0) maxpool3x3(0,1) output(1,2)', 'nasbench101'),
    ],
)
def test_the_cells_of_benchmarks(content, name):
    space = get_space(name)
    assert read_architecture(content) == read_architecture(content, space) == space.parse(content)
    with pytest.raises(InputError, match=f'an architecture of space {name} has no cells'):
        read_cells(content)


def test_a_line_with_several_meanings_is_refused():
    with pytest.raises(InputError, match='different architecture in each of nao_cnn, nao_cnn_op, enas_cnn; name'):
        read_architecture('1 7 ' * 20)
    assert read_architecture('1 7 ' * 20, get_space('enas_cnn')).space == 'enas_cnn'


def test_a_file_with_listed_outputs(tmp_path):
    from nao_tf.spaces.writing import pair_to_json

    path = tmp_path / 'nasnet.json'
    path.write_text(json.dumps(pair_to_json(named.named_cell('NASNet-A').cells)))
    assert read_cells(str(path)) == named.named_cell('NASNet-A').cells
    with pytest.raises(InputError, match='lists its outputs'):
        read_architecture(str(path))


def test_kinds_of_cells():
    assert isinstance(read_cells('NAONet'), CellPair)
    assert isinstance(read_cells('DARTS-RNN'), RecurrentCell)


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('', 'empty text'),
        (
            'NAONet_C',
            "'NAONet_C' is no named cell .NAONet, .*, no line of tokens, and no file or work directory that exists",
        ),
        ('absent/cell.json', 'no file or work directory that exists'),
        ('7', 'no file or work directory that exists'),
        ('1 2 3', 'has 60 tokens, not 3'),
        (NAONET_A.replace('0 7', '0 99', 1), 'operation 99 at position 1 is outside 0..15'),
        (str(ARCHITECTURE).replace('9', '90'), 'token 90 at position 1 is outside 1..20'),
        ('node_1 conv 9x9 ' * 20, "'conv 9x9' of node_3"),
        ('node_0 swish ' * 11, "'swish' at position 1 is not a token"),
        ('{"space": "nao_cn", "tokens": [1]}', "no space 'nao_cn'; there are nao_cnn,"),
        ('{"space": "nao_cnn", "tokens": [1]}', 'has 60 tokens, not 1'),
        ('{', 'malformed JSON'),
        ('{}', 'an architecture in JSON is'),
        ('[1, 2]', "'.1,' at position 0"),
    ],
)
def test_bad_input(text, message):
    for read in (read_architecture, read_cells):
        with pytest.raises(InputError, match=message) as error:
            read(text)
        assert '\n' not in str(error.value)


@pytest.mark.parametrize(
    ('content', 'message'),
    [
        (b'', 'is empty'),
        (b'\xff\xfe\x00\x01', 'cannot be read as text'),
        (b'{"space": ', 'malformed JSON'),
        (b'1 2 3', 'has 60 tokens, not 3'),
        (b'1 ' * 600_000, 'too long to be an architecture'),
    ],
)
def test_a_bad_file_is_named(tmp_path, content, message):
    path = tmp_path / 'cell.json'
    path.write_bytes(content)
    for read in (read_architecture, read_cells):
        with pytest.raises(InputError, match=message) as error:
            read(str(path))
        assert str(path) in str(error.value)
        assert '\n' not in str(error.value)
