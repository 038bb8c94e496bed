"""BlockLayer: the Keras layer that owns the variables of one block."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from nao_tf.networks.block import Block, Pass
from nao_tf.networks.initialization import weight_generator
from nao_tf.networks.weight import Weight


class BlockLayer(keras.layers.Layer):
    """The variables of one block, created when the layer is made.

    Variables are float32 whatever the policy. Their names are those of the place in the network: TensorFlow keeps
    some memory for every distinct name that it has ever seen (36 KB measured), so names come from a finite set.

    Args:
        block: what the layer computes.
        name: place of the block in its network; with the seed it decides the initial values.
        seed: the network's seed.
        dtype: policy, or its name.
    """

    def __init__(self, block: Block, *, name: str, seed: int = 0, dtype: Any = None):
        super().__init__(name=name, dtype=dtype, autocast=False)
        self.block = block
        self.seed = seed
        self.values: dict[str, keras.Variable] = {}

    def build(self, input_shape: Any = None) -> None:
        """Creates the variables."""
        del input_shape  # a block knows its shapes
        self.values = {weight.name: self._create(weight) for weight in self.block.weights()}
        self._readers = [
            (weight.name, self.values[weight.name], weight.full_precision) for weight in self.block.weights()
        ]

    def _create(self, weight: Weight) -> keras.Variable:
        def draw(shape: tuple[int, ...], dtype: Any = None) -> np.ndarray:
            return weight.initial(weight_generator(self.seed, f'{self.name}/{weight.name}'), shape).astype(dtype)

        # A statistic belongs to its replica while training and is averaged when it is read.
        placement = {} if weight.trainable else {'synchronization': 'on_read', 'aggregation': 'mean'}
        return keras.Variable(
            draw,
            shape=weight.shape,
            dtype='float32',
            trainable=weight.trainable,
            autocast=False,
            name=weight.name,
            **placement,
        )

    def run(self, x: tf.Tensor, call: Pass) -> tf.Tensor:
        """Computes the block as part of a network's call.

        Args:
            x: what the block reads, in the compute type.
            call: the network's call.
        """
        values = {}
        for name, variable, full_precision in self._readers:
            value = variable.value
            values[name] = value if full_precision or value.dtype == x.dtype else tf.cast(value, x.dtype)
        return self.block.apply(x, values, call)

    def call(self, inputs: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Computes the block alone."""
        return self.run(tf.cast(inputs, self.compute_dtype), Pass(bool(training)))
