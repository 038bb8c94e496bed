"""The recurrent cell: vocabulary, reading, and the two released tables of activations."""

import json

import numpy as np
import pytest

from nao_tf.errors import InputError
from nao_tf.spaces.cells import RecurrentCell
from nao_tf.spaces.recurrent_cell import RecurrentCellSpace
from nao_tf.spaces.registry import get_space

SPACE = get_space('nao_rnn')
NAO = '0 1 0 1 1 1 3 0 4 1 4 1 5 1 1 1 7 1 1 1 1 2'


def test_vocabulary_and_masks():
    assert SPACE.length == 22
    assert len(SPACE.vocabulary) == 16
    assert SPACE.vocabulary[12:] == ('tanh', 'relu', 'sigmoid', 'identity')
    for node in range(11):
        assert np.flatnonzero(SPACE.valid[2 * node, 0]).tolist() == list(range(1, node + 2))
        assert np.flatnonzero(SPACE.valid[2 * node + 1, 0]).tolist() == [12, 13, 14, 15]


def test_size_by_hand():
    assert SPACE.size == 1 * 2 * 3 * 4 * 5 * 6 * 7 * 8 * 9 * 10 * 11 * 4**11


def test_an_activation_id_with_two_meanings_is_refused():
    with pytest.raises(InputError, match='activation 2 is identity in the released table nao and sigmoid in nao_ws'):
        SPACE.parse(NAO)
    numbers = [int(word) for word in NAO.split()]
    assert SPACE.nodes(SPACE.parse_released(numbers, table='nao'))[-1] == (1, 'identity')
    assert SPACE.nodes(SPACE.parse_released(numbers, table='nao_ws'))[-1] == (1, 'sigmoid')


def test_a_released_string_without_that_id_is_read():
    architecture = SPACE.parse(NAO[:-1] + '1')
    assert SPACE.nodes(architecture)[:4] == ((0, 'relu'), (0, 'relu'), (1, 'relu'), (3, 'tanh'))
    assert architecture.tokens[:8] == (1, 13, 1, 13, 2, 13, 4, 12)


def test_nodes_round_trip_and_renumbering():
    architecture = SPACE.from_nodes([(0, 'tanh'), (0, 'relu'), *[(1, 'relu')] * 9])
    twin = SPACE.from_nodes([(0, 'relu'), (0, 'tanh'), *[(2, 'relu')] * 9])
    other = SPACE.from_nodes([(0, 'relu'), (0, 'tanh'), *[(1, 'relu')] * 9])
    assert SPACE.canonical(architecture) == SPACE.canonical(twin) != SPACE.canonical(other)
    assert list(SPACE.symmetries(architecture)) == []


def test_a_cell_that_averages_some_nodes_is_not_in_the_space():
    nodes = tuple((0, 'tanh') for _ in range(11))
    with pytest.raises(InputError, match='averages some of its nodes'):
        SPACE.from_cell(RecurrentCell(nodes, outputs=(1, 2)))
    assert SPACE.from_cell(RecurrentCell(nodes)) == SPACE.from_nodes(nodes)


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('1 12 ' * 10, 'has 22 tokens, not 20'),
        ('1 12 ' * 10 + '12 12', 'node_11 reads an earlier node, not itself'),
        ('1 16 ' * 11, 'token 16 at position 1 is outside 1..15'),
        (
            '1 11 ' * 11,
            r'\(node_10\) at position 1 is not valid there \(node_1\); valid: tanh, relu, sigmoid, identity',
        ),
        ('0 4 ' * 11, 'activation 4 at position 1 is outside 0..3'),
        ('1 1 ' + '0 1 ' * 10, 'node_1 cannot read node_1'),
        ('node_0 swish ' * 11, "'swish' at position 1 is not a token"),
        ('node_0 tanh ' * 10, 'has 22 tokens, not 20'),
        (json.dumps({'nodes': [['node_0', 1]]}), "nodes is a list of .'node_0', 'tanh'."),
        (json.dumps({'nodes': [['node_0', 'tanh']]}), 'has 22 tokens, not 2'),
        (json.dumps({'space': 'x', 'nodes': []}), "of space 'x', not 'nao_rnn'"),
        (json.dumps({'conv_dag': {}}), 'an architecture in JSON is'),
    ],
)
def test_bad_input(text, message):
    with pytest.raises(InputError, match=message) as error:
        SPACE.parse(text)
    assert '\n' not in str(error.value)


@pytest.mark.parametrize(
    ('nodes', 'message'),
    [
        ([(0, 'tanh')], 'a cell has 11 nodes, not 1'),
        ([(0, 'swish')] * 11, "activation 'swish' of node_1"),
        ([(1, 'tanh')] * 11, 'node_1 cannot read node_1; it may read node_0 .. node_0'),
    ],
)
def test_nodes_outside_the_space(nodes, message):
    with pytest.raises(InputError, match=message):
        SPACE.from_nodes(nodes)


def test_a_space_that_cannot_be():
    with pytest.raises(InputError, match='at least 1 node'):
        RecurrentCellSpace('wrong', nodes=0)
    with pytest.raises(InputError, match='all different'):
        RecurrentCellSpace('wrong', activations=('tanh', 'tanh'))


def test_unknown_table():
    with pytest.raises(InputError, match="no activation table 'darts'; there are nao_ws, nao"):
        SPACE.parse_released([0, 1] * 11, table='darts')
