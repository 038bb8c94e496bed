"""The same network as a model of plain Keras layers, made by the Python file that is exported, with its weights."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np

from nao_tf.networks.classifier import ImageClassifier
from nao_tf.networks.plain_weights import plain_weights

TOLERANCE = 1e-4  # of the largest logit, or of 1: rounding of float32
TRIED = 4  # random images on which they are compared


def plain_model(classifier: ImageClassifier, source: str, path: Path) -> keras.Model:
    """Returns the model that a Python file builds, with the weights of a classifier.

    Args:
        classifier: without an auxiliary head, float32.
        source: by `plain_source`.
        path: where the file will lie.

    Raises:
        RuntimeError: if the two do not compute the same.
    """
    namespace: dict = {'__file__': str(path), '__name__': path.stem}
    exec(compile(source, str(path), 'exec'), namespace)
    model: keras.Model = namespace['build'](weights=None)
    network = classifier.network
    values = {place: variable.numpy() for place, variable in network.places().items()}
    for name, places in plain_weights(network).items():
        model.get_layer(name).set_weights([values[place] for place in places])
    check_same(classifier, model)
    return model


def check_same(classifier: ImageClassifier, model: keras.Model) -> None:
    """Raises a RuntimeError if a model's logits on random images are not the classifier's.

    Args:
        classifier: float32.
        model: whose layer `classifier` gives the logits.
    """
    images = np.random.default_rng(0).uniform(
        0, classifier.white or 255, (TRIED, *classifier.network.config.image_shape)
    )
    normalised = (images - np.array(classifier.mean)) / np.array(classifier.std)
    expected = np.asarray(classifier.network(normalised.astype(np.float32)))
    logits = keras.Model(model.inputs[0], model.get_layer('classifier').output)
    difference = float(np.abs(expected - np.asarray(logits(images.astype(np.float32)))).max())
    if not difference <= TOLERANCE * max(1.0, float(np.abs(expected).max())):
        raise RuntimeError(f'the exported network differs from the trained one by {difference}: this is a bug')
