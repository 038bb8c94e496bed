"""The exceptions that `isomorphism` lists: different canonical forms, one function. Evaluated on signals in NumPy."""

import numpy as np
import pytest

from nao_tf.spaces.conv_cell import ConvCellSpace
from nao_tf.spaces.registry import get_space

CHANNELS = 2


def windows(x, size, fill):
    half = size // 2
    padded = np.pad(x, ((half, half), (0, 0)), constant_values=fill)
    return np.stack([padded[offset : offset + len(x)] for offset in range(size)])


OPERATIONS = {
    'identity': lambda x: x,
    'avg_pool 3x3': lambda x: np.nanmean(windows(x, 3, np.nan), axis=0),
    'max_pool 3x3': lambda x: windows(x, 3, -np.inf).max(axis=0),
    'max_pool 5x5': lambda x: windows(x, 5, -np.inf).max(axis=0),
}


def output(cell, inputs):
    """Returns the output [length, channels] of a cell of operations without weights."""
    values = list(inputs)
    for node in cell.nodes:
        values.append(sum(OPERATIONS[branch.operation](values[branch.input]) for branch in node.branches))
    return np.concatenate([values[index] for index in cell.loose_ends], axis=1)


def same_function(space, first, second):
    """Returns whether two normal cells give the same channels, in some order."""
    rng = np.random.default_rng(0)
    inputs = [rng.normal(size=(12, CHANNELS)) for _ in range(2)]
    outputs = []
    for architecture in (first, second):
        value = output(space.cells(architecture).normal, inputs)
        outputs.append(value[:, np.lexsort(np.round(value, 9))])
    return outputs[0].shape == outputs[1].shape and np.allclose(*outputs)


@pytest.mark.parametrize(
    ('nodes', 'first', 'second'),
    [
        (
            2,
            'node_1 identity node_2 identity node_3 identity node_2 identity',
            'node_2 identity node_2 identity node_3 identity node_1 identity',
        ),
        (
            2,
            'node_1 identity node_2 identity node_3 avg_pool 3x3 node_1 identity',
            'node_1 avg_pool 3x3 node_2 avg_pool 3x3 node_3 identity node_1 identity',
        ),
        (
            2,
            'node_1 max_pool 3x3 node_1 max_pool 3x3 node_3 max_pool 3x3 node_2 identity',
            'node_1 identity node_1 identity node_3 max_pool 5x5 node_2 identity',
        ),
        (
            4,
            'node_1 identity node_2 identity node_1 identity node_2 identity '
            'node_3 max_pool 3x3 node_3 identity node_4 identity node_1 identity',
            'node_1 identity node_2 identity node_1 identity node_2 identity '
            'node_3 max_pool 3x3 node_4 identity node_3 identity node_1 identity',
        ),
    ],
    ids=['brackets', 'average of a sum', 'maximum of a maximum', 'twins without weights'],
)
def test_exceptions(nodes, first, second):
    space = ConvCellSpace('weightless', tuple(OPERATIONS), nodes=nodes)
    rest = ' node_1 identity node_1 identity' * nodes
    first, second = space.parse(first + rest), space.parse(second + rest)
    assert space.canonical(first) != space.canonical(second)
    assert same_function(space, first, second)


def test_equal_forms_are_the_same_function():
    space = ConvCellSpace('weightless', tuple(OPERATIONS), nodes=4)
    rng = np.random.default_rng(1)
    for _ in range(40):
        architecture = space.sample(rng)
        assert same_function(space, architecture, space.canonical(architecture))


def test_different_cells_are_mostly_different_functions():
    # Guards the comparison itself: it is not blind.
    space = ConvCellSpace('weightless', tuple(OPERATIONS), nodes=4)
    rng = np.random.default_rng(2)
    assert not any(same_function(space, space.sample(rng), space.sample(rng)) for _ in range(20))


def test_the_list_is_about_operations_of_the_space():
    assert set(OPERATIONS) <= set(get_space('nao_cnn').operations)
