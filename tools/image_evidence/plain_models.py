"""A CIFAR ResNet and a MobileNetV2 in plain Keras layers, of any width, that `ClassifierTrainer` trains like a cell."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import keras

layers = keras.layers
# MobileNetV2's stages (Sandler et al. 2018, Table 2): expansion, channels, blocks, stride of the first.
STAGES = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))


def conv(x: Any, filters: int, kernel: int = 3, stride: int = 1) -> Any:
    """Convolution -> normalisation, by whose running means an epoch of a hundred steps is many."""
    if kernel == 1 and stride > 1:  # the same pixels: oneDNN's gradient of it fails below 8 channels (issue 6035)
        x, stride = layers.AveragePooling2D(1, stride, padding='same')(x), 1
    x = layers.Conv2D(filters, kernel, stride, padding='same', use_bias=False, kernel_initializer='he_normal')(x)
    return layers.BatchNormalization(momentum=0.9, epsilon=1e-5)(x)


def head(image: Any, x: Any, classes: int) -> keras.Model:
    return keras.Model(image, layers.Dense(classes)(layers.GlobalAveragePooling2D()(x)))


def resnet(width: float, shape: tuple[int, int, int], classes: int) -> keras.Model:
    """Returns ResNet-20 for CIFAR (He et al. 2016, section 4.2), with 1x1 convolutions where a stage begins.

    Args:
        width: channels of the first stage; 16 in the paper. Any number: channels are rounded.
        shape: of an image.
        classes: number of logits.
    """
    image = keras.Input(shape)
    x = layers.ReLU()(conv(image, round(width)))
    for stage in range(3):
        for block in range(3):
            filters, stride = round(width * 2**stage), 2 if stage and not block else 1
            inner = layers.ReLU()(conv(x, filters, stride=stride))
            shortcut = x if stride == 1 else conv(x, filters, 1, stride)
            x = layers.ReLU()(layers.Add()([conv(inner, filters), shortcut]))
    return head(image, x, classes)


def mobilenet_v2(width: float, shape: tuple[int, int, int], classes: int) -> keras.Model:
    """Returns MobileNetV2 (Sandler et al. 2018) whose stem has stride 1, as small images need it.

    Args:
        width: channels of the stem; 32 in the paper. All others are in proportion, the last 1,280 too.
        shape: of an image.
        classes: number of logits.
    """
    image = keras.Input(shape)
    x = layers.ReLU(6.0)(conv(image, round(width)))
    for expansion, channels, blocks, stride in STAGES:
        for block in range(blocks):
            x = _inverted_residual(x, expansion, _scaled(channels, width), 1 if block else stride)
    return head(image, layers.ReLU(6.0)(conv(x, _scaled(1280, width), 1)), classes)


def _scaled(channels: int, width: float) -> int:
    return max(round(channels * width / 32), 1)


def _inverted_residual(x: Any, expansion: int, filters: int, stride: int) -> Any:
    inner = layers.ReLU(6.0)(conv(x, expansion * x.shape[-1], 1)) if expansion > 1 else x
    inner = layers.DepthwiseConv2D(3, stride, padding='same', use_bias=False, depthwise_initializer='he_normal')(inner)
    inner = layers.ReLU(6.0)(layers.BatchNormalization(momentum=0.9, epsilon=1e-5)(inner))
    inner = conv(inner, filters, 1)
    return layers.Add()([x, inner]) if stride == 1 and x.shape[-1] == filters else inner


KINDS: dict[str, Callable[[float, tuple[int, int, int], int], keras.Model]] = {
    'ResNet': resnet,
    'MobileNetV2': mobilenet_v2,
}


class PlainNetwork:
    """A plain Keras model as the network of a `ClassifierTrainer`.

    Args:
        kind: of `KINDS`.
        width: of the model.
        shape: of an image.
        classes: number of logits.
        seed: decides the initial weights.
    """

    compute_dtype = 'float32'

    def __init__(self, kind: str, width: float, shape: tuple[int, int, int], classes: int, *, seed: int):
        keras.utils.set_random_seed(seed)
        self.model = KINDS[kind](width, shape, classes)
        self.trainable_variables = self.model.trainable_variables
        self.non_trainable_variables = self.model.non_trainable_variables
        self.variables = self.model.variables

    def __call__(self, images: Any, *, training: bool, **_: Any) -> Any:
        """Returns logits [B, classes] of normalised images; nothing of it is dropped."""
        return self.model(images, training=training)


@functools.cache
def count(kind: str, width: float, shape: tuple[int, int, int], classes: int) -> int:
    """Returns how many trainable numbers a model has."""
    model = KINDS[kind](width, shape, classes)
    return sum(variable.value.shape.num_elements() for variable in model.trainable_variables)


def equal_width(kind: str, parameters: int, shape: tuple[int, int, int], classes: int) -> float:
    """Returns the width of the model whose number of parameters is nearest to another's, in eighths of a channel."""
    width = 16.0
    for _ in range(4):  # the number grows about as the square of the width
        width = max(round(8 * width * math.sqrt(parameters / count(kind, width, shape, classes))) / 8, 1.0)
    nearby = (width + step / 8 for step in (-1, 0, 1))
    return min(nearby, key=lambda near: abs(count(kind, near, shape, classes) - parameters))
