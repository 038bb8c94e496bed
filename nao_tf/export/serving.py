"""A classifier for programs that serve it: SavedModel, and LiteRT (TensorFlow Lite), also with weights of 8 bits."""

from __future__ import annotations

import tempfile
from pathlib import Path

import keras
import tensorflow as tf

from nao_tf.files import folder_written_whole, written_whole
from nao_tf.networks.classifier import ImageClassifier
from nao_tf.quiet import quiet_import


def write_saved_model(classifier: ImageClassifier, path: Path) -> None:
    """Writes a SavedModel whose endpoint `serve`, the default signature, takes any number of raw images.

    Args:
        classifier: float32.
        path: of the folder.
    """
    with folder_written_whole(path) as partial, quiet_import():
        _save(classifier, partial)


def write_tflite(classifier: ImageClassifier, path: Path, *, quantize: bool = False) -> None:
    """Writes a LiteRT model of raw images; its batch of 1 may be resized.

    Args:
        classifier: float32.
        path: of the `.tflite` file.
        quantize: whether weights are kept in 8 bits.
    """
    with tempfile.TemporaryDirectory() as folder, quiet_import():
        # Converted by way of the file: the converter leaves the variables of a function as such, not initialised.
        _save(classifier, Path(folder))
        converter = tf.lite.TFLiteConverter.from_saved_model(folder)
        if quantize:
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
        content = converter.convert()
    with written_whole(path) as partial:
        partial.write_bytes(content)


def _save(classifier: ImageClassifier, folder: Path) -> None:
    images = keras.InputSpec(shape=(None, *classifier.network.config.image_shape), dtype='float32', name='images')
    classifier.export(str(folder), input_signature=[images], verbose=False)
