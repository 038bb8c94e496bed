"""Shares of a batch: who has which rows, and that filler changes nothing."""

import numpy as np
import pytest
import tensorflow as tf

from nao_tf.errors import InputError
from nao_tf.networks.share import FILLER, Share, share_rows
from tests.networks.random_cells import images, random_cells, random_network, small_config, weights_by_name

PADDED = np.array([[0, 1, 2, FILLER, FILLER]])  # three rows on one replica that computes five


@pytest.mark.parametrize(('batch_size', 'replicas'), [(8, 2), (33, 2), (5, 4), (7, 7), (128, 3)])
def test_rows_are_shared_evenly(batch_size, replicas):
    table = share_rows(batch_size, replicas)
    assert table.shape == (replicas, -(-batch_size // replicas))
    np.testing.assert_array_equal(table[table != FILLER], np.arange(batch_size))
    counts = (table != FILLER).sum(1)
    assert counts.max() - counts.min() <= 1


def test_too_few_rows():
    with pytest.raises(InputError, match='a batch of 3 cannot be shared by 4 replicas'):
        share_rows(3, 4)


@pytest.mark.parametrize('synchronized', [False, True])
def test_filler_changes_neither_output_nor_gradient_nor_statistics(synchronized):
    config = small_config(drop_path_keep=0.6, dense_keep=0.7)
    batch, labels = images(config, batch=3), tf.constant([1, 2, 3])
    padded = np.concatenate([batch, 100 + 50 * images(config, batch=2, seed=1)])
    share = Share.of(PADDED, tf.constant(0), synchronized=synchronized)
    found = []
    for inputs, part in ((batch, None), (padded, share)):
        network = random_network(random_cells(3), config, seed=4)
        with tf.GradientTape() as tape:
            logits = network(inputs, training=True, progress=0.5, seed=(1, 2), share=part)
            loss = tf.reduce_sum(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits[:3]))
        values = [variable.value for variable in network.trainable_variables]
        found.append((logits[:3], tape.gradient(loss, values), weights_by_name(network)))
    (logits, gradients, weights), (logits_too, gradients_too, weights_too) = found
    np.testing.assert_allclose(logits_too, logits, atol=1e-4)
    for gradient, other in zip(gradients, gradients_too, strict=True):
        if gradient is not None:
            np.testing.assert_allclose(other, gradient, atol=1e-3 * max(1.0, float(tf.reduce_max(tf.abs(gradient)))))
    for name, weight in weights.items():
        np.testing.assert_allclose(weights_too[name], weight, rtol=1e-3, atol=1e-4, err_msg=name)
