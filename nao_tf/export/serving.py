"""A classifier for programs that serve it: SavedModel, and LiteRT (TensorFlow Lite), also with weights of 8 bits."""

from __future__ import annotations

import tempfile
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from nao_tf.errors import InputError
from nao_tf.files import folder_written_whole, written_whole
from nao_tf.networks.classifier import ImageClassifier
from nao_tf.quiet import quiet_import

TRIED = 4  # random images on which a converted network is compared
TOLERANCE = 1e-4  # of a probability: rounding of float32


def write_saved_model(classifier: ImageClassifier, path: Path) -> None:
    """Writes a SavedModel whose endpoint `serve`, the default signature, takes any number of raw images.

    Args:
        classifier: float32.
        path: of the folder.
    """
    with folder_written_whole(path) as partial, quiet_import():
        _save(classifier, partial)


def write_tflite(classifier: ImageClassifier, path: Path, *, quantize: bool = False) -> float:
    """Writes a LiteRT model of raw images; its batch of 1 may be resized.

    Args:
        classifier: float32.
        path: of the `.tflite` file.
        quantize: whether weights are kept in 8 bits.

    Returns:
        By how much its probabilities lie off at the most, on random images.

    Raises:
        InputError: if LiteRT cannot run an operation, or what was converted does not give the same; weights in 8 bits
            need not.
    """
    with tempfile.TemporaryDirectory() as folder, quiet_import():
        # Converted by way of the file: the converter leaves the variables of a function as such, not initialised.
        _save(classifier, Path(folder))
        converter = tf.lite.TFLiteConverter.from_saved_model(folder)
        if quantize:
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
        try:
            content = converter.convert()
            difference = _difference(classifier, content)
        except Exception as error:  # whatever the converter makes of an operation that it does not know
            raise InputError(
                f'{path}: LiteRT cannot run this network; export it as saved_model '
                f'({" ".join(str(error).split())[:200]})'
            ) from None
    if not difference <= (1.0 if quantize else TOLERANCE):
        raise InputError(
            f'{path}: converted, the network gives other probabilities, by up to {difference:.3g}; export it as '
            'saved_model'
        )
    with written_whole(path) as partial:
        partial.write_bytes(content)
    return difference


def _difference(classifier: ImageClassifier, content: bytes) -> float:
    """Returns by how much the probabilities of a LiteRT model lie off at the most, on random images."""
    if not hasattr(tf.lite, 'Interpreter'):  # which TensorFlow says it will drop
        return 0.0
    interpreter = tf.lite.Interpreter(model_content=content)
    interpreter.allocate_tensors()
    shape = (TRIED, 1, *classifier.network.config.image_shape)
    worst = 0.0
    for image in np.random.default_rng(0).uniform(0, classifier.white or 255, shape).astype(np.float32):
        interpreter.set_tensor(interpreter.get_input_details()[0]['index'], image)
        interpreter.invoke()
        found = interpreter.get_tensor(interpreter.get_output_details()[0]['index'])
        worst = max(worst, float(np.abs(found - np.asarray(classifier(image))).max()))
    return worst


def _save(classifier: ImageClassifier, folder: Path) -> None:
    images = keras.InputSpec(shape=(None, *classifier.network.config.image_shape), dtype='float32', name='images')
    try:
        classifier.export(str(folder), input_signature=[images], verbose=False)
    except tf.errors.OpError as error:  # as TensorFlow says that a disk is full
        raise InputError(f'cannot write {folder}: {" ".join(error.message.split())[:200]}') from None
