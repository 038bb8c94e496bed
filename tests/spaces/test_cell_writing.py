"""Reading what people and files write: tokens, words, released strings, JSON; and what is wrong with them."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nao_tf.errors import InputError
from nao_tf.spaces.conv_cell import ConvCellSpace
from nao_tf.spaces.named import named_cell
from nao_tf.spaces.registry import get_space

NAONET_A = '0 7 1 15 2 8 1 7 0 6 1 7 0 8 4 7 1 5 0 7 0 7 1 13 0 6 0 14 0 9 1 10 0 14 2 6 1 11 0 7'
# Written out by hand from the table of operations: (input + 1, kind, size) a branch.
NAONET_A_TOKENS = (
    '1 9 16 2 11 17 3 9 19 2 9 16 1 9 14 2 9 16 1 9 19 5 9 16 2 7 14 1 9 16 '
    '1 9 16 2 11 15 1 9 14 1 11 16 1 9 20 2 12 15 1 11 16 3 9 14 2 12 16 1 9 16'
)
NAONET_B = '0 1 0 2 0 1 2 2 1 3 0 2 4 0 1 3 2 1 0 3 1 1 1 0 2 1 2 4 1 0 2 3 3 1 2 2 0 2 0 2'
SMALL = ConvCellSpace('small', ('identity', 'conv 3x3'), nodes=1)
ROWS = {'node_3': ['node_3', 'node_1', 'node_2', 'conv 3x3', 'identity']}


def test_golden_tokens_of_naonet_a():
    space = get_space('nao_cnn')
    assert str(space.parse(NAONET_A)) == NAONET_A_TOKENS
    assert space.to_released(space.parse(NAONET_A_TOKENS)) == NAONET_A


def test_golden_tokens_of_naonet_b():
    space = get_space('enas_cnn')
    numbers = [int(word) for word in NAONET_B.split()]
    expected = [number + (7 if position % 2 else 1) for position, number in enumerate(numbers)]
    assert space.parse(NAONET_B).tokens == tuple(expected)
    assert space.to_released(space.parse(NAONET_B)) == NAONET_B


@settings(deadline=None, database=None, max_examples=40)
@given(seed=st.integers(0, 2**32 - 1), name=st.sampled_from(['nao_cnn', 'nao_cnn_op', 'enas_cnn']))
def test_released_strings_round_trip(seed, name):
    space = get_space(name)
    architecture = space.sample(np.random.default_rng(seed))
    released = space.to_released(architecture)
    assert space.parse_released([int(word) for word in released.split()]) == architecture
    if name != 'nao_cnn_op' or '0' in released.split()[::2]:
        assert space.parse(released) == architecture


def test_tokens_win_where_a_released_string_could_be_meant():
    space = get_space('nao_cnn_op')
    line = ' '.join(['1 7'] * 20)  # released: conv 3x3 of k-1 everywhere; tokens: identity of k-2
    numbers = [int(word) for word in line.split()]
    assert space.parse(line).tokens == tuple(numbers)
    assert space.cells(space.parse(line)).normal.nodes[0].left.operation == 'identity'
    assert space.cells(space.parse_released(numbers)).normal.nodes[0].left.operation == 'conv 3x3'


def test_words_are_the_same_for_one_and_two_tokens():
    one, two = get_space('nao_cnn'), get_space('nao_cnn_op')
    architecture = two.sample(np.random.default_rng(0))
    assert two.cells(architecture) == one.cells(one.parse(two.to_text(architecture)))
    assert two.parse(one.to_text(one.parse(two.to_text(architecture)))) == architecture


def test_released_json_with_rows_of_the_inputs():
    empty = [None] * 4
    rows = {'node_1': ['node_1', *empty], 'node_2': ['node_2', *empty], **ROWS}
    architecture = SMALL.parse(json.dumps({'conv_dag': rows, 'reduc_dag': ROWS}))
    assert SMALL.to_text(architecture) == ' '.join(['node_1 conv 3x3 node_2 identity 1x1'] * 2)


def test_json_of_naonet():
    space = get_space('nao_cnn')
    value = space.to_json(space.parse(NAONET_A))
    assert value['space'] == 'nao_cnn'
    assert value['conv_dag']['node_7'] == ['node_7', 'node_2', 'node_1', 'identity', 'conv 3x3']
    assert value['reduc_dag']['node_5'] == ['node_5', 'node_1', 'node_2', 'conv 1x7+7x1', 'max_pool 2x2']


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('', 'empty text'),
        ('1 2 3', 'has 60 tokens, not 3'),
        (NAONET_A_TOKENS.replace('1 9 16', '1 99 16', 1), 'token 99 at position 1 is outside 1..20'),
        (NAONET_A_TOKENS.replace('1 9 16', '-1 9 16', 1), 'token -1 at position 0 is outside'),
        (NAONET_A_TOKENS.replace('1 9 16', '0 9 16', 1), 'token 0 .<sos>. at position 0'),
        (NAONET_A_TOKENS.replace('1 9 16', '3 9 16', 1), 'node_3 of the normal cell reads an earlier node, not itself'),
        (NAONET_A_TOKENS.replace('2 7 14', '2 7 15', 1), r'behind identity.; valid: 1x1$'),
        (NAONET_A_TOKENS.replace('2 9 16', '2 11 20', 1), r'behind avg_pool.; valid: 2x2, 3x3, 5x5'),
        (NAONET_A_TOKENS + ' 1', 'has 60 tokens, not 61'),
        (NAONET_A.replace('0 7', '2 7', 1), 'input 2 at position 0 is outside 0..1; node 2 cannot read itself'),
        (NAONET_A.replace('0 7', '0 16', 1), 'operation 16 at position 1 is outside 0..15'),
        (NAONET_A.replace('0 7', '0 1', 1), "operation 'sep_conv 5x5' of node_3 of the normal cell is not in the"),
        ('node_1 conv 9x9 ' * 20, "'conv 9x9' of node_3 of the normal cell is not in the space"),
        ('node_3 conv 3x3 ' * 20, 'node_3 cannot read node_3'),
        ('node_1 conv 3x3 ' * 18, 'multiple of 4'),
        ('node_1 conv 3x3 ' * 16, 'has 5 nodes, the normal cell has 4'),
        ('conv 3x3 node_1 ' * 20, "'conv' at position 0 is not the input"),
        ('node_1 node_1 ' * 20, 'node_1 at position 0 has no operation'),
        ('node_1 conv 3x3 x ' * 20, "such as 'conv 3x3', not 'conv 3x3 x'"),
        ('{"conv_dag": ', 'malformed JSON'),
        ('{"conv_dag": 1}', 'each an object of nodes; conv_dag is 1'),
        ('{"conv_dag": {}, "reduc_dag": {}}', 'without a gap, not none'),
        (json.dumps({'conv_dag': ROWS, 'reduc_dag': {}}), 'reduc_dag: the nodes'),
        (json.dumps({'conv_dag': {**ROWS, 'node_5': []}, 'reduc_dag': {}}), 'without a gap, not node_3, node_5'),
        (json.dumps({'conv_dag': {'node_3': 5}, 'reduc_dag': {}}), 'node_3 is written .*not 5'),
        (json.dumps({'conv_dag': {'x': 5}, 'reduc_dag': {}}), "a node is named node_1, node_2, ..., not 'x'"),
        (json.dumps({'conv_dag': {'node_3': ['node_3', 1, 2, 'a', 'b']}, 'reduc_dag': {}}), 'is named .* not 1'),
        (json.dumps({'conv_dag': {**ROWS, 'outputs': 3}, 'reduc_dag': {}}), 'outputs is a list of nodes, not 3'),
        (json.dumps({'space': 'other', 'conv_dag': ROWS, 'reduc_dag': ROWS}), "of space 'other', not 'nao_cnn'"),
        (json.dumps({'space': 'nao_cnn', 'tokens': [1, 2]}), 'has 60 tokens, not 2'),
        (json.dumps({'space': 'nao_cnn', 'tokens': [1.5]}), 'an architecture in JSON is'),
        ('{}', 'an architecture in JSON is'),
    ],
)
def test_what_is_wrong_is_said_in_one_line(text, message):
    with pytest.raises(InputError, match=message) as error:
        get_space('nao_cnn').parse(text)
    assert '\n' not in str(error.value)


def test_operations_without_a_released_id():
    space = get_space('nao_cnn_wide')
    text = 'node_1 sep_conv 7x7 ' * 20
    with pytest.raises(InputError, match='sep_conv 7x7 has no released id'):
        space.to_released(space.parse(text))


def test_both_variants_of_naonet_differ_in_one_node():
    first, second = named_cell('NAONet').cells, named_cell('NAONet_A').cells
    assert first.normal == second.normal
    different = [i for i in range(5) if first.reduction.nodes[i] != second.reduction.nodes[i]]
    assert different == [2]
    left, right = first.reduction.nodes[2].branches
    assert [(branch.input, branch.operation) for branch in (left, right)] == [(1, 'conv 1x7+7x1'), (0, 'max_pool 2x2')]
    left, right = second.reduction.nodes[2].branches
    assert [(branch.input, branch.operation) for branch in (left, right)] == [(0, 'conv 1x7+7x1'), (1, 'max_pool 2x2')]
