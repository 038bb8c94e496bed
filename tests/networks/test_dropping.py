"""Drop path: schedule, expectation, one mask per sample and branch, nothing random outside the seed."""

import numpy as np
import pytest
import tensorflow as tf

from nao_tf.errors import InputError
from nao_tf.networks.cell_network import CellNetwork
from nao_tf.networks.dropping import drop_path_keep, drop_path_masks, dropout
from tests.networks.random_cells import images, random_cells, small_config


@pytest.mark.parametrize(
    ('cell', 'cells', 'keep', 'progress', 'expected'),
    [
        (0, 5, 0.7, 1.0, 0.94),  # keep' = 1 - 1/5 * 0.3
        (4, 5, 0.7, 1.0, 0.7),
        (4, 5, 0.7, 0.5, 0.85),  # keep'' = 1 - 0.5 * 0.3
        (1, 5, 0.6, 0.25, 0.96),  # keep' = 0.84; keep'' = 1 - 0.25 * 0.16
        (4, 5, 0.7, 0.0, 1.0),
        (19, 20, 0.8, 3.0, 0.8),  # past the end the schedule stays
        (9, 20, 0.8, 1.0, 0.9),
    ],
)
def test_schedule(cell, cells, keep, progress, expected):
    np.testing.assert_allclose(drop_path_keep(cell, cells, keep, progress), expected, rtol=1e-6)
    np.testing.assert_allclose(drop_path_keep(cell, cells, keep, tf.constant(progress)), expected, rtol=1e-6)


def test_masks_are_per_sample_and_keep_the_mean():
    keeps = [tf.constant(0.5), tf.constant(0.9), tf.constant(1.0)]
    masks = drop_path_masks(keeps, 20_000, tf.constant([3, 4]), tf.float32)
    for keep, mask in zip((0.5, 0.9, 1.0), masks, strict=True):
        assert mask.shape == (20_000, 1, 1, 1)
        values = np.unique(mask)
        np.testing.assert_allclose(values[values > 0], [1 / keep], rtol=1e-6)
        assert abs(np.mean(mask) - 1) < 5 * np.sqrt((1 / keep - 1) / 20_000) + 1e-6
    both = np.mean((masks[0] > 0) & (masks[1] > 0))
    assert abs(both - 0.45) < 0.02  # masks of different branches are independent


def test_dropout_keeps_the_mean():
    dropped = dropout(tf.ones((400, 50)), 0.6, tf.constant([1, 2])).numpy()
    np.testing.assert_allclose(np.unique(dropped), [0, 1 / 0.6], rtol=1e-6)
    assert abs(dropped.mean() - 1) < 0.03


@pytest.fixture(scope='module')
def network():
    return CellNetwork(random_cells(2), small_config(drop_path_keep=0.5, dense_keep=0.8))


def test_only_the_seed_is_random(network):
    batch = images(network.config)

    @tf.function
    def train(seed, progress):
        return network(batch, training=True, progress=progress, seed=seed)

    first = train(tf.constant([1, 2]), tf.constant(1.0))
    assert np.array_equal(first, train(tf.constant([1, 2]), tf.constant(1.0)))
    assert not np.allclose(first, train(tf.constant([1, 3]), tf.constant(1.0)))
    assert np.array_equal(network(batch), network(batch, seed=tf.constant([5, 6])))


def test_without_a_seed(network):
    with pytest.raises(InputError, match=r'drop_path_keep 0.5 and dense_keep 0.8 needs seed'):
        network(images(network.config), training=True)
    network(images(network.config))


def test_progress_zero_drops_no_path():
    config = small_config(drop_path_keep=0.5)
    cells = random_cells(2)
    with_path, without = CellNetwork(cells, config), CellNetwork(cells, small_config())
    batch = images(config)
    dropped = with_path(batch, training=True, progress=0.0, seed=(1, 2))
    np.testing.assert_allclose(dropped, without(batch, training=True), atol=1e-5)


@pytest.mark.parametrize(('rules', 'expected'), [('tf1', True), ('pytorch', False)])
def test_identities_are_left_alone_by_the_tf1_rules(rules, expected):
    plan = CellNetwork(random_cells(3, ('identity', 'conv 1x1')), small_config(rules=rules)).plan
    cells = random_cells(3, ('identity', 'conv 1x1'))
    kinds = [cells.normal, cells.reduction, cells.normal, cells.reduction, cells.normal]
    for cell, planned in zip(kinds, plan.cells, strict=True):
        for node, branches in zip(cell.nodes, planned.nodes, strict=True):
            for branch, step in zip(node.branches, branches, strict=True):
                assert step.droppable == (branch.operation != 'identity' or not expected)
