"""What LiteRT cannot run, or runs differently, is refused before a file is written."""

import pytest
import tensorflow as tf

from nao_tf.errors import InputError
from nao_tf.export.serving import write_tflite
from nao_tf.networks.cell_network import CellNetwork
from nao_tf.networks.classifier import ImageClassifier
from nao_tf.networks.config import NetworkConfig
from nao_tf.spaces.cells import Branch, Cell, CellPair, Node

CELL = Cell((Node(Branch(0, 'identity'), Branch(1, 'identity')),))


def classifier(kind):
    """Returns a small classifier of a kind."""
    config = NetworkConfig(cells_per_stage=1, filters=2, image_shape=(8, 8, 1), classes=3, auxiliary=False)
    return kind(CellNetwork(CellPair(CELL, CELL), config, seed=1), [100.0], [50.0], 'abc')


class Patches(ImageClassifier):
    """Of an operation that the converter does not know."""

    def call(self, images):
        patches = tf.image.extract_patches(images, [1, 3, 3, 1], [1, 1, 1, 1], [1, 1, 1, 1], 'SAME')
        return super().call(patches[..., :1])


class Drawn(ImageClassifier):
    """Of other probabilities at every call."""

    def call(self, images):
        return super().call(tf.random.uniform(tf.shape(images), 0, 255))


@pytest.mark.parametrize(
    ('kind', 'message'),
    [(Patches, 'LiteRT cannot run this network; export it as saved_model'), (Drawn, 'gives other probabilities')],
)
def test_what_cannot_be_converted_is_refused(kind, message, tmp_path):
    with pytest.raises(InputError, match=message):
        write_tflite(classifier(kind), tmp_path / 'm.tflite')
    assert list(tmp_path.iterdir()) == []


def test_what_can_be_is_written(tmp_path):
    for quantize in (False, True):
        assert write_tflite(classifier(ImageClassifier), tmp_path / 'm.tflite', quantize=quantize) < 0.05
        assert (tmp_path / 'm.tflite').read_bytes()[4:8] == b'TFL3'
