"""A network of plain Keras layers, as `nao export` writes it, and the classifier that it came from."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import keras

from nao_tf.networks.blocks import ConvNorm, FactorizedReduction, SeparableConvNorm
from nao_tf.networks.cell_network import CellNetwork
from nao_tf.networks.classifier import ImageClassifier
from nao_tf.networks.plan import Step, plan_network

MEMBER = 'nao_tf.json'  # of the archive; Keras leaves it alone


def plain_weights(network: CellNetwork) -> dict[str, list[str]]:
    """Returns the places of the weights (`CellNetwork.places`) of every plain layer, in the order of the layer's own.

    Args:
        network: of blocks that have a plain form.
    """
    return {
        layer: [f'{step.name}/{weight}' for weight in weights]
        for step in plan_network(network.cells, network.config).steps()
        for layer, weights in _layers(step).items()
    }


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


def describe_plain(classifier: ImageClassifier, path: Path) -> None:
    """Adds to a `.keras` file of plain layers what `classifier_of_plain` needs.

    Args:
        classifier: that the layers compute.
        path: of the file.
    """
    with zipfile.ZipFile(path, 'a') as archive:
        archive.writestr(MEMBER, json.dumps(keras.saving.serialize_keras_object(classifier)))


def classifier_of_plain(path: Path, model: keras.Model) -> ImageClassifier | None:
    """Returns the classifier that a `.keras` file of plain layers was exported from, with the weights of the file.

    Args:
        path: of the file.
        model: that was loaded from it.

    Returns:
        None if the file is not of `nao export`.

    Raises:
        Exception: of many kinds, if somebody changed the file.
    """
    with zipfile.ZipFile(path) as archive:
        if MEMBER not in archive.namelist():
            return None
        classifier = keras.saving.deserialize_keras_object(json.loads(archive.read(MEMBER)))
    if not isinstance(classifier, ImageClassifier):
        raise ValueError(f'{MEMBER} describes a {type(classifier).__name__}')
    variables = classifier.network.places()
    for layer, places in plain_weights(classifier.network).items():
        for place, value in zip(places, model.get_layer(layer).get_weights(), strict=True):
            variables[place].assign(value)
    return classifier
