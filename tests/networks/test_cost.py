"""Golden parameter counts, and the analytic counts against built networks and TensorFlow's own profiler."""

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.python.framework import ops

from nao_tf.networks.cell_network import CellNetwork
from nao_tf.networks.config import NetworkConfig
from nao_tf.networks.cost import count_multiply_adds, count_parameters
from nao_tf.spaces.cells import Branch, Cell, CellPair, Node
from nao_tf.spaces.named import named_cell, names
from nao_tf.spaces.operations import WIDE_OPERATIONS
from tests.networks.random_cells import random_cells, small_config

CIFAR = {'image_shape': (32, 32, 3), 'classes': 10}
IMAGENET = {'image_shape': (224, 224, 3), 'classes': 1000, 'stem': 'imagenet', 'cells_per_stage': 4}

GOLDEN = [
    # cells, rules, fields, parameters (head included, auxiliary head and moving statistics excluded)
    ('NAONet_A', 'tf1', {**IMAGENET, 'filters': 42}, 11_353_831),
    ('NAONet_A', 'pytorch', {**IMAGENET, 'filters': 42}, 11_353_831),
    *(
        (name, rules, {**CIFAR, 'cells_per_stage': 6, 'filters': filters}, count)
        for name in ('NAONet', 'NAONet_A')
        for rules, filters, count in [
            ('pytorch', 36, 11_470_150),
            ('tf1', 36, 11_523_214),
            ('pytorch', 64, 36_186_058),
            ('tf1', 64, 36_353_866),
        ]
    ),
    ('NAONet_B', 'pytorch', {**CIFAR, 'cells_per_stage': 6, 'filters': 36}, 2_921_302),
    ('NAO-WS', 'pytorch', {**CIFAR, 'cells_per_stage': 5, 'filters': 36}, 2_301_310),
    ('NAONet_V2', 'pytorch', {**CIFAR, 'cells_per_stage': 6, 'filters': 36}, 4_387_654),
    ('NAONet_V2', 'pytorch', {**IMAGENET, 'filters': 52}, 7_026_850),
]


@pytest.mark.parametrize(('name', 'rules', 'fields', 'count'), GOLDEN)
def test_golden_parameters(name, rules, fields, count):
    assert count_parameters(named_cell(name).cells, NetworkConfig(rules=rules, **fields)) == count


def trainable(network):
    return sum(int(np.prod(variable.shape)) for variable in network.trainable_variables)


@pytest.mark.parametrize('seed', range(24))
def test_equals_built_network(seed):
    cells = random_cells(seed, WIDE_OPERATIONS, nodes=1 + seed % 6)
    config = small_config(
        cells_per_stage=1 + seed % 2,
        filters=2 + 2 * (seed % 3),
        image_shape=[(8, 8, 1), (13, 9, 3), (36, 34, 2)][seed % 3],
        stem=('cifar', 'imagenet')[seed % 3 == 2 and seed % 4 == 0],
        rules=('tf1', 'pytorch')[seed % 2],
        auxiliary=seed % 3 == 2 and seed % 4 != 0,
    )
    assert count_parameters(cells, config, auxiliary=True) == trainable(CellNetwork(cells, config))


def test_auxiliary_head_is_counted_apart():
    cells = random_cells(0)
    without, with_head = small_config(image_shape=(32, 32, 3)), small_config(image_shape=(32, 32, 3), auxiliary=True)
    assert count_parameters(cells, with_head) == count_parameters(cells, without)
    ends = len(cells.normal.loose_ends) * 16
    head = ends * 128 + 2 * 128 + 128 * 768 * 4 + 2 * 768 + 768 * 10 + 10
    assert count_parameters(cells, with_head, auxiliary=True) - count_parameters(cells, with_head) == head
    assert count_multiply_adds(cells, with_head) == count_multiply_adds(cells, without)
    work = 2 * 2 * ends * 128 + 128 * 768 * 4 + 768 * 10
    assert count_multiply_adds(cells, with_head, auxiliary=True) - count_multiply_adds(cells, with_head) == work


def profiled_multiply_adds(network):
    """Half of the FLOPs that TensorFlow counts in the convolutions and products of the inference graph."""

    @tf.function
    def logits(images):
        return network(images)

    graph = logits.get_concrete_function(tf.TensorSpec((1, *network.config.image_shape))).graph
    total = 0
    for operation in graph.get_operations():
        if operation.type in ('Conv2D', 'DepthwiseConv2dNative', 'MatMul'):
            total += ops.get_stats_for_node_def(graph, operation.node_def, 'flops').value
    assert total % 2 == 0
    return total // 2


@pytest.mark.parametrize('seed', range(4))
def test_multiply_adds_against_the_profiler(seed):
    """Factorized reductions count for what they need; they are computed as a 2x2 convolution, four times that."""
    operations = ('conv 1x1', 'conv 3x3', 'conv 1x7+7x1', 'sep_conv 5x5', 'max_pool 3x3', 'conv 1x3+3x1')
    cells = random_cells(seed, operations)
    config = small_config(rules=('tf1', 'pytorch')[seed % 2], image_shape=(16, 11, 3))
    network = CellNetwork(cells, config)
    reductions = 0
    for step in network.plan.steps():
        if type(step.block).__name__ == 'FactorizedReduction':
            reductions += 3 * step.multiply_adds
    assert profiled_multiply_adds(network) == count_multiply_adds(cells, config) + reductions


def test_multiply_adds_by_hand():
    cell = Cell((Node(Branch(0, 'conv 3x3'), Branch(1, 'identity')),))
    config = small_config(image_shape=(8, 8, 1), filters=2)
    stem = 64 * 9 * 1 * 6
    first = 64 * (6 * 2) + 64 * (9 * 6 * 2)  # newer 6 -> 2; the older is the raw stem
    # older 6 -> 4 and newer 2 -> 4 at 8x8; conv 3x3 of stride 2; identity of stride 2 is a 1x1
    second = 64 * (6 * 4) + 64 * (2 * 4) + 16 * (9 * 4 * 4) + 16 * (4 * 4)
    third = 16 * (2 * 4) + 16 * (4 * 4) + 16 * (9 * 4 * 4)  # older 8x8x2 is factorized
    fourth = 16 * (4 * 8) + 16 * (4 * 8) + 4 * (9 * 8 * 8) + 4 * (8 * 8)
    fifth = 4 * (4 * 8) + 4 * (8 * 8) + 4 * (9 * 8 * 8)
    assert count_multiply_adds(CellPair(cell, cell), config) == stem + first + second + third + fourth + fifth + 80


@pytest.mark.parametrize('name', [name for name in names() if isinstance(named_cell(name).cells, CellPair)])
def test_every_named_cell_can_be_counted(name):
    cells = named_cell(name).cells
    config = small_config(image_shape=(32, 32, 3))
    assert count_parameters(cells, config) > 0
    assert count_multiply_adds(cells, config) > 0
