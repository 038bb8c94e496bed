"""Architecture and cells as values."""

import numpy as np
import pytest

from nao_tf.errors import InputError
from nao_tf.spaces.architecture import Architecture
from nao_tf.spaces.cells import Branch, Cell, Node, RecurrentCell

NODE = Node(Branch(0, 'identity'), Branch(1, 'conv 3x3'))


def test_a_value_that_hashes_prints_and_reads_back():
    architecture = Architecture('nao_cnn', tuple(np.array([1, 2, 3])))
    assert architecture == Architecture('nao_cnn', (1, 2, 3))
    assert len({architecture, Architecture('nao_cnn', (1, 2, 3)), Architecture('enas_cnn', (1, 2, 3))}) == 2
    assert str(architecture) == '1 2 3'
    assert architecture.to_json() == {'space': 'nao_cnn', 'tokens': [1, 2, 3]}
    assert Architecture.from_json(architecture.to_json()) == architecture
    assert all(type(token) is int for token in architecture.tokens)


@pytest.mark.parametrize('token', [1.9, 1.0, True, np.bool_(True), '3', None, np.float32(1)])
def test_tokens_are_integers(token):
    with pytest.raises(InputError, match='the tokens of an architecture are integers, not'):
        Architecture('nao_cnn', (1, token, 3))


def test_integers_of_numpy_are_tokens():
    kinds = (np.uint8, np.int8, np.int32, np.int64)
    architecture = Architecture('nao_cnn', [kind(number) for number, kind in enumerate(kinds)])
    assert architecture.tokens == (0, 1, 2, 3)
    assert {type(token) for token in architecture.tokens} == {int}


@pytest.mark.parametrize(
    'value',
    [None, [], {'space': 'x'}, {'tokens': [1]}, {'space': 1, 'tokens': [1]}, {'space': 'x', 'tokens': [True]}],
)
def test_json_of_another_form(value):
    with pytest.raises(InputError, match='an architecture in JSON is'):
        Architecture.from_json(value)


def test_a_node_cannot_read_itself_or_a_later_one():
    for source in (2, 3, -1):
        with pytest.raises(InputError, match=r'node_3 cannot read .* it may read node_1 .. node_2'):
            Cell((Node(Branch(source, 'identity'), Branch(0, 'identity')),))
    with pytest.raises(InputError, match=r'node_1 cannot read node_1; it may read node_0 .. node_0'):
        RecurrentCell(((1, 'tanh'),))


def test_outputs_are_nodes():
    for outputs in ((), (3,), (-1,)):
        with pytest.raises(InputError, match=r'the outputs of a cell are nodes among node_1 .. node_3'):
            Cell((NODE,), outputs)
    for outputs in ((), (0,), (2,)):
        with pytest.raises(InputError, match=r'among node_1 .. node_1'):
            RecurrentCell(((0, 'tanh'),), outputs)


def test_loose_ends():
    chain = Cell((NODE, Node(Branch(2, 'identity'), Branch(2, 'identity'))))
    assert chain.loose_ends == (3,)
    narrow = Cell((Node(Branch(0, 'identity'), Branch(0, 'identity')),))
    assert narrow.loose_ends == (1, 2)  # a cell input that nobody reads is an output
    assert Cell((NODE, NODE), outputs=(0, 3)).loose_ends == (0, 3)
