"""Operations by name: what they are made of, a person's own, and errors that say which there are."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from nao_tf.errors import InputError
from nao_tf.networks import operations
from nao_tf.networks.blocks import Block, ConvNorm, FactorizedReduction, Pool, SeparableConvNorm
from nao_tf.networks.cell_network import CellNetwork
from nao_tf.networks.cost import count_parameters
from nao_tf.networks.operations import Place, operation_blocks, operation_names, register_operation
from nao_tf.spaces.cells import Branch, Cell, CellPair, Node
from nao_tf.spaces.operations import WIDE_OPERATIONS
from tests.networks.random_cells import images, small_config

DATA = Path(__file__).parent / 'data'


@pytest.fixture(autouse=True)
def _forget_new_operations(monkeypatch):
    monkeypatch.setattr(operations, '_factories', dict(operations._factories))


def test_every_operation_of_the_spaces_is_known():
    assert set(WIDE_OPERATIONS) <= set(operation_names())


@pytest.mark.parametrize('name', WIDE_OPERATIONS)
@pytest.mark.parametrize('rules', ['tf1', 'pytorch'])
@pytest.mark.parametrize(('inputs', 'stride'), [(4, 1), (12, 1), (4, 2), (12, 2)])
def test_fits_its_place(name, rules, inputs, stride):
    blocks = operation_blocks(name, Place(inputs, 4, stride, rules))
    size = (9, 6)
    for block in blocks:
        size = block.sides(*size)
    assert size == ((5, 3) if stride == 2 else (9, 6))


def test_forms():
    assert operation_blocks('identity', Place(4, 4)) == ()
    assert operation_blocks('identity', Place(4, 8)) == (ConvNorm(4, 8),)
    assert operation_blocks('identity', Place(4, 4, 2)) == (ConvNorm(4, 4, 2),)
    assert operation_blocks('identity', Place(4, 4, 2, 'pytorch')) == (FactorizedReduction(4, 4, relu=False),)
    assert operation_blocks('conv 1x7+7x1', Place(6, 4, 2)) == (ConvNorm(6, 4, 2, (1, 7)), ConvNorm(4, 4, 1, (7, 1)))
    assert operation_blocks('max_pool 2x2', Place(6, 4, 2)) == (Pool(6, 6, 2, 'max', 2), ConvNorm(6, 4))
    assert [block.stride for block in operation_blocks('dil_sep_conv 5x5', Place(6, 4, 2))] == [2, 1]


def own_cells(name):
    cell = Cell((Node(Branch(0, name), Branch(1, name)), Node(Branch(2, name), Branch(1, 'identity'))))
    return CellPair(cell, cell)


def test_unknown_operation():
    with pytest.raises(InputError, match=r"no operation 'conv 4x4'.*identity, conv 1x1.*register_operation"):
        CellNetwork(own_cells('conv 4x4'), small_config())


def load_own_operations():
    exec(compile((DATA / 'my_operations.py').read_text(), 'my_operations.py', 'exec'), {'__name__': 'my_operations'})


def test_own_operation_trains_and_is_counted():
    load_own_operations()
    config = small_config()
    network = CellNetwork(own_cells('blur'), config)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(network(images(config), training=True) ** 2)
    strength = [variable for variable in network.trainable_variables if variable.name == 'strength']
    assert len(strength) == 5 * 3
    assert all(np.abs(gradient).max() > 0 for gradient in tape.gradient(loss, [v.value for v in strength]))
    count = sum(int(np.prod(variable.shape)) for variable in network.trainable_variables)
    assert count_parameters(own_cells('blur'), config) == count


@dataclasses.dataclass(frozen=True)
class _Wrong(Block):
    def apply(self, x, weights, call):
        return tf.concat([x, x], 1)


def test_own_operation_that_does_not_fit():
    register_operation('narrow', lambda place: [ConvNorm(place.inputs, 3, place.stride)])
    with pytest.raises(InputError, match="'narrow' writes 3 channels at stride 1; its place asks for 4"):
        CellNetwork(own_cells('narrow'), small_config())
    register_operation('deaf', lambda place: [ConvNorm(5, place.filters, place.stride)])
    with pytest.raises(InputError, match=r"'deaf'.*reads 5 channels but is given 12"):
        CellNetwork(own_cells('deaf'), small_config())
    register_operation('wrong', lambda place: [_Wrong(place.inputs, place.inputs), *operations.conv(place, size=1)])
    config = small_config()
    with pytest.raises(InputError, match=r'cell_0_node_3_left: _Wrong returned \[3, 16, 8, 12\]'):
        CellNetwork(own_cells('wrong'), config)(images(config))
    with pytest.raises(InputError, match='needs a name'):
        register_operation(' ', operations.identity)


def test_a_dilation_that_no_kernel_computes_is_refused_when_it_is_declared():
    with pytest.raises(InputError, match='stride 2 has dilation 4; it must be 1 or the stride'):
        SeparableConvNorm(8, 8, 2, 3, 4)
    assert [SeparableConvNorm(8, 8, 2, 3, dilation).dilation for dilation in (1, 2)] == [1, 2]
