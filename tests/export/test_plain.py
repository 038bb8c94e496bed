"""The network as plain Keras layers computes what the network computes, for every block and rule set."""

from pathlib import Path

import numpy as np
import pytest

from nao_tf.errors import InputError
from nao_tf.export.plain_model import check_same, plain_model
from nao_tf.export.plain_source import plain_source
from nao_tf.networks.blocks import Block, ConvNorm
from nao_tf.networks.cell_network import CellNetwork
from nao_tf.networks.classifier import ImageClassifier
from nao_tf.networks.config import NetworkConfig
from nao_tf.networks.operations import operation_names, register_operation
from nao_tf.spaces.cells import Branch, Cell, CellPair, Node
from nao_tf.spaces.named import named_cell

OPERATIONS = operation_names()  # those of the package: no test has run yet that registers one of its own


def classifier(cells, **fields):
    """Returns a small classifier whose every weight and statistic is drawn."""
    shape = {'cells_per_stage': 1, 'filters': 2, 'image_shape': (9, 10, 3), 'classes': 3, **fields}
    network = CellNetwork(cells, NetworkConfig(**shape), seed=1)
    rng = np.random.default_rng(3)
    for variable in network.variables:
        variable.assign(variable.numpy() + rng.uniform(0, 0.3, variable.shape))
    return ImageClassifier(network, [120.0] * 3, [50.0, 60.0, 70.0], ['cat', 'dog', 'a "bird"'])


def every_operation():
    """Returns cells in which every operation reads an input, so that it has a stride in the reduction cell."""
    names = [*OPERATIONS, *OPERATIONS[: len(OPERATIONS) % 2]]
    nodes = [Node(Branch(0, left), Branch(1, right)) for left, right in zip(names[::2], names[1::2], strict=True)]
    normal = Cell((Node(Branch(0, 'identity'), Branch(1, 'conv 1x1')),), outputs=(1, 2))
    return CellPair(normal, Cell(tuple(nodes)))


@pytest.mark.parametrize(
    'fields', [{'rules': 'tf1'}, {'rules': 'pytorch', 'stem': 'imagenet', 'image_shape': (33, 40, 3)}], ids=str
)
def test_every_operation(fields):
    model = classifier(every_operation(), **fields)
    plain = plain_model(model, plain_source(model, 'mine'), Path('mine.py'))
    assert plain.count_params() == model.count_params()


def test_a_function_for_each_kind_of_cell():
    source = plain_source(classifier(named_cell('NAONet').cells, cells_per_stage=2), 'mine')
    functions = [line.split('(')[0] for line in source.splitlines() if line.startswith('def ')]
    assert functions == ['def norm', 'def conv', 'def factorized_reduction', 'def max_pool', 'def avg_pool',
                         'def normal_cell', 'def normal_cell_2', 'def reduction_cell', 'def normal_cell_3',
                         'def build']  # fmt: skip
    assert '\'a "bird"\'' in source
    assert 'nao_tf' not in source.replace('found by nao_tf', '')
    assert max(map(len, source.splitlines())) <= 120


def test_a_difference_is_noticed():
    cell = Cell((Node(Branch(0, 'identity'), Branch(1, 'conv 1x1')),))
    model = classifier(CellPair(cell, cell))
    plain = plain_model(model, plain_source(model, 'mine'), Path('mine.py'))
    bias = model.network.places()['cell_0_newer/beta']
    bias.assign(bias.numpy() + 0.01)
    with pytest.raises(RuntimeError, match='differs from the trained one'):
        check_same(model, plain)


def test_a_block_of_ones_own():
    class Twice(Block):
        def apply(self, x, weights, call):
            return 2 * x

    register_operation('twice', lambda place: (Twice(place.inputs, place.inputs),
                                               ConvNorm(place.inputs, place.filters, place.stride)))  # fmt: skip
    cell = Cell((Node(Branch(0, 'twice'), Branch(1, 'conv 1x1')),))
    with pytest.raises(InputError, match='is made of a Twice, a block of your own that has no plain Keras form'):
        plain_source(classifier(CellPair(cell, cell)), 'mine')
