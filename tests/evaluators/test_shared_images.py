"""Shared weights on images: what the batches that give the scores are made of."""

import numpy as np
import pytest

from nao_tf.evaluators import shared_images
from nao_tf.evaluators.shared_images import SharedImages
from nao_tf.spaces.conv_cell import ConvCellSpace
from nao_tf.supernets.config import SupernetConfig
from nao_tf.supernets.train_config import SharedTrainConfig
from nao_tf.tasks.make import task_from_arrays

SPACE = ConvCellSpace('one node', ('conv 1x1', 'identity'), nodes=1, tokens_per_operation=1)


@pytest.fixture(scope='module')
def weights():
    """Of images whose pixels say which class they are of, and which lie class by class."""
    labels = np.repeat(np.arange(4), 12)
    images = np.tile((60 * labels).astype(np.uint8)[:, None, None, None], (1, 8, 8, 1))
    task = task_from_arrays(images, labels, validation=(images, labels), test=(images, labels))
    network = SupernetConfig(cells_per_stage=1, filters=2, image_shape=(8, 8, 1), classes=4)
    training = SharedTrainConfig(epochs=1, batch_size=16, eval_batch_size=12, score_batches=3)
    return SharedImages(task, SPACE, network=network, training=training, epochs=1, seed=0)


def test_batches_are_mixed_though_the_source_is_sorted(weights):
    pixels = [np.unique(batch) for batch in weights._batches()]
    assert len(pixels) == 3
    assert min(map(len, pixels)) >= 3, 'a batch of one class has the statistics of that class'
    held = np.concatenate([batch.numpy()[:, 0, 0, 0] for batch in weights._batches()])
    order = np.unique(held, return_inverse=True)[1]
    np.testing.assert_array_equal(order, weights._mixed.labels('valid')[: len(order)])
    np.testing.assert_array_equal(weights.task.labels('valid'), np.repeat(np.arange(4), 12))


def test_images_beyond_a_limit_are_read_anew(weights, monkeypatch):
    cell = SPACE.sample(np.random.default_rng(0))
    score = weights.evaluate(cell).metrics
    assert len(weights._held) == 3
    monkeypatch.setattr(shared_images, 'HELD_BYTES', 3 * 12 * 8 * 8 * 4 - 1)
    weights._held = []
    assert weights.evaluate(cell).metrics == score
    assert weights._held == []
