"""The same network as a model of plain Keras layers, made by the Python file that is exported, with its weights."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np

from nao_tf.networks.blocks import ConvNorm, FactorizedReduction, SeparableConvNorm
from nao_tf.networks.classifier import ImageClassifier
from nao_tf.networks.plan import Step, plan_network

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
    for step in plan_network(network.cells, network.config).steps():
        for name, weights in _layers(step).items():
            model.get_layer(name).set_weights([values[f'{step.name}/{weight}'] for weight in weights])
    check_same(classifier, model)
    return model


def _layers(step: Step) -> dict[str, tuple[str, ...]]:
    """Returns the plain layers of a block by name, each with the block's weights in the order of its own."""
    norm = {f'{step.name}_norm': ('gamma', 'beta', 'moving_mean', 'moving_variance')}
    if isinstance(step.block, SeparableConvNorm):
        return {step.name: ('depthwise', 'pointwise'), **norm}
    if isinstance(step.block, FactorizedReduction):
        return {step.name: ('kernel',), f'{step.name}_shifted': ('shifted_kernel',), **norm}
    if isinstance(step.block, ConvNorm):
        return {step.name: ('kernel',), **norm}
    return {step.name: ('kernel', 'bias')} if step.block.weights() else {}


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
