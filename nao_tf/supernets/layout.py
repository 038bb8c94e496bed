"""Layout: the weights of a row of blocks as one flat vector, and the blocks computed from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from nao_tf.networks.block import Block, Pass
from nao_tf.networks.initialization import weight_generator
from nao_tf.networks.normalization import EPSILON


class BatchPass(Pass):
    """A call of a supernet: always the statistics of the batch, and no moving ones.

    Moving statistics of shared weights would be those of a mixture of all architectures. With the batch's own, the
    output is a function of weights, architecture and batch alone, in training and in evaluation (A2).
    """

    def __init__(self) -> None:
        super().__init__(training=True)

    def normalize(self, x: tf.Tensor, weights: Mapping[str, Any]) -> tf.Tensor:
        """Returns x [B, H, W, C] normalised by the statistics of its own batch; `weights` has gamma and beta."""
        return tf.raw_ops.FusedBatchNormV3(
            x=x,
            scale=weights['gamma'],
            offset=weights['beta'],
            mean=tf.zeros((0,)),
            variance=tf.zeros((0,)),
            epsilon=EPSILON,
            is_training=True,
        )[0]


class Layout:
    """Where each trainable weight of a row of blocks stands in a flat vector of P numbers.

    Args:
        blocks: one behind the other; none is the identity.
    """

    def __init__(self, blocks: Sequence[Block]):
        self.blocks = tuple(blocks)
        self._weights = [[weight for weight in block.weights() if weight.trainable] for block in self.blocks]
        self.size = sum(weight.size for weights in self._weights for weight in weights)

    def initial(self, seed: int, path: str) -> np.ndarray:
        """Returns initial values, float32 [P].

        Args:
            seed: of the supernet.
            path: place of these blocks in the supernet.
        """
        values = [
            weight.initial(weight_generator(seed, f'{path}/{number}/{weight.name}'), weight.shape).ravel()
            for number, weights in enumerate(self._weights)
            for weight in weights
        ]
        return np.concatenate(values).astype(np.float32) if values else np.zeros(0, np.float32)

    def apply(self, x: tf.Tensor, row: tf.Tensor) -> tf.Tensor:
        """Computes the blocks.

        Args:
            x: what the first block reads, such as [B, H, W, C].
            row: float32 [P].
        """
        call = BatchPass()
        sizes = [weight.size for weights in self._weights for weight in weights]
        parts = iter(tf.split(row, sizes) if len(sizes) > 1 else [row])
        for block, weights in zip(self.blocks, self._weights, strict=True):
            x = block.apply(x, {weight.name: tf.reshape(next(parts), weight.shape) for weight in weights}, call)
        return x
