"""The same network by hand in plain Keras layers (Functional API): the yardstick of the speed measurements."""

from __future__ import annotations

from typing import Any

import keras

from nao_tf.networks.config import NetworkConfig
from nao_tf.spaces.cells import Cell, CellPair

layers = keras.layers


def norm(x: Any) -> Any:
    return layers.BatchNormalization(momentum=0.9, epsilon=1e-5)(x)


def conv(x: Any, filters: int, kernel: tuple[int, int] = (1, 1), stride: int = 1, *, relu: bool = True) -> Any:
    """[ReLU ->] convolution -> normalisation."""
    if relu:
        x = layers.ReLU()(x)
    return norm(layers.Conv2D(filters, kernel, stride, padding='same', use_bias=False)(x))


def reduce(x: Any, filters: int, *, relu: bool) -> Any:
    """Factorized reduction."""
    if relu:
        x = layers.ReLU()(x)
    first = layers.Conv2D(filters // 2, 1, 2, use_bias=False)(x)
    shifted = layers.Cropping2D(((1, 0), (1, 0)))(layers.ZeroPadding2D(((0, 1), (0, 1)))(x))
    second = layers.Conv2D(filters // 2, 1, 2, use_bias=False)(shifted)
    return norm(layers.Concatenate()([first, second]))


def operation(x: Any, name: str, filters: int, stride: int) -> Any:
    if name == 'identity':
        return x if stride == 1 and x.shape[-1] == filters else conv(x, filters, stride=stride)
    kind, size = name.split()
    if kind == 'conv' and '+' in size:
        length = int(size[2])
        return conv(conv(x, filters, (1, length), stride), filters, (length, 1))
    if kind == 'conv':
        return conv(x, filters, (int(size[0]), int(size[0])), stride)
    pool = layers.MaxPooling2D if kind == 'max_pool' else layers.AveragePooling2D
    x = pool(int(size[0]), stride, padding='same')(x)
    return x if x.shape[-1] == filters else conv(x, filters)


def drop_path(x: Any, rate: float) -> Any:
    return layers.Dropout(rate, noise_shape=(None, 1, 1, 1))(x) if rate else x


def stack_cell(cell: Cell, older: Any, newer: Any, filters: int, stride: int, *, first: bool, drop: float = 0.0) -> Any:
    if not first and older.shape[1:3] != newer.shape[1:3]:
        older = reduce(older, filters, relu=True)
    elif not first and older.shape[-1] != filters:
        older = conv(older, filters)
    states = [older, conv(newer, filters)]
    for node in cell.nodes:
        branches = []
        for branch in node.branches:
            x = operation(states[branch.input], branch.operation, filters, stride if branch.input < 2 else 1)
            branches.append(x if branch.operation == 'identity' else drop_path(x, drop))
        states.append(layers.Add()(branches))
    ends = []
    for x in (states[index] for index in cell.loose_ends):
        if x.shape[1:3] != states[-1].shape[1:3]:
            x = reduce(x, filters, relu=False)
        elif x.shape[-1] != filters:
            x = conv(x, filters, relu=False)
        ends.append(x)
    return ends[0] if len(ends) == 1 else layers.Concatenate()(ends)


def auxiliary_head(x: Any, classes: int) -> Any:
    x = layers.AveragePooling2D(5, 3)(layers.ReLU()(x))
    x = layers.ReLU()(norm(layers.Conv2D(128, 1, use_bias=False)(x)))
    x = layers.ReLU()(norm(layers.Conv2D(768, x.shape[1:3], use_bias=False)(x)))
    return layers.Dense(classes)(layers.GlobalAveragePooling2D()(x))


def plain_network(cells: CellPair, config: NetworkConfig) -> keras.Model:
    """Returns the network of the 11 operations under the tf1 rules with the CIFAR stem.

    Args:
        cells: the normal and the reduction cell.
        config: `rules='tf1'`, `stem='cifar'`. Drop path grows with the depth, but not with time.
    """
    image = keras.Input(config.image_shape)
    filters, outputs = config.filters, []
    older = newer = conv(image, 3 * filters, (3, 3), relu=False)
    for index in range(config.cells):
        reduction = index in config.reductions
        filters *= 2 if reduction else 1
        cell = cells.reduction if reduction else cells.normal
        drop = (index + 1) / config.cells * (1 - config.drop_path_keep)
        made = stack_cell(cell, older, newer, filters, 2 if reduction else 1, first=index == 0, drop=drop)
        older, newer = newer, made
        if config.auxiliary and index == config.reductions[1] + 1:
            outputs.append(auxiliary_head(newer, config.classes))
    features = layers.GlobalAveragePooling2D()(layers.ReLU()(newer))
    if config.dense_keep < 1:
        features = layers.Dropout(1 - config.dense_keep)(features)
    logits = layers.Dense(config.classes)(features)
    return keras.Model(image, [logits, *outputs] if outputs else logits)
