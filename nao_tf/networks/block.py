"""Block: a step of a branch, as a value that declares its weights and computes; and Pass, one call of a network."""

from __future__ import annotations

import abc
import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any

import tensorflow as tf

from nao_tf.networks.normalization import batch_normalize
from nao_tf.networks.share import Share
from nao_tf.networks.weight import Weight


class Pass:
    """One call of a network: whether it trains, and what several readers of one tensor ask for, computed once.

    Args:
        training: whether batch statistics are used.
        share: what the batch is of a global one, None where it is all.
    """

    def __init__(self, training: bool, share: Share | None = None):
        self.training = training
        self.share = share
        # The key tensor is kept beside its value, so that its id cannot go to another one.
        self._shared: dict[tuple[str, int, int], tuple[tf.Tensor, tf.Tensor]] = {}

    def relu(self, x: tf.Tensor) -> tf.Tensor:
        """Returns ReLU(x)."""
        key = ('relu', id(x), 1)
        if key not in self._shared:
            self._shared[key] = (x, tf.nn.relu(x))
        return self._shared[key][1]

    def subsample(self, x: tf.Tensor, stride: int) -> tf.Tensor:
        """Returns every stride-th pixel of x [B, H, W, C] in both directions.

        This goes before a 1x1 convolution in place of its stride: oneDNN's gradient of a strided 1x1 convolution
        of fewer than 8 channels, 16 with AVX-512, writes past its buffer (uxlfoundation/oneDNN issue 6035) and kills
        the process. A pooling of one pixel costs no more; the gradient of a strided slice does.
        """
        key = ('subsample', id(x), stride)
        if key not in self._shared:
            self._shared[key] = (x, tf.nn.avg_pool2d(x, 1, stride, 'VALID'))
        return self._shared[key][1]

    def normalize(self, x: tf.Tensor, weights: Mapping[str, Any]) -> tf.Tensor:
        """Returns batch-normalised x; `weights` holds those that `normalization_weights` declared."""
        return batch_normalize(x, weights, training=self.training, share=self.share)


@dataclasses.dataclass(frozen=True)
class Block(abc.ABC):
    """A step of a branch: [B, H, W, inputs] -> [B, ceil(H / stride), ceil(W / stride), outputs].

    A block is a value and holds no variables; the network creates those that `weights` declares and hands them to
    `apply`. A person's own operation is made of blocks (see `operations.register_operation`).

    Args:
        inputs: channels that it reads.
        outputs: channels that it writes.
        stride: step in both directions.
    """

    inputs: int
    outputs: int
    stride: int = 1

    def weights(self) -> Sequence[Weight]:
        """Returns the variables of this block."""
        return ()

    @abc.abstractmethod
    def apply(self, x: tf.Tensor, weights: Mapping[str, Any], call: Pass) -> tf.Tensor:
        """Computes the block.

        Args:
            x: [B, H, W, inputs] in the compute type.
            weights: the variables by name (see `Weight.full_precision` for their types).
            call: the call of the network that this is part of.

        Returns:
            [B, H', W', outputs] in the compute type.
        """

    def sides(self, height: int, width: int) -> tuple[int, int]:
        """Returns height and width of the output, in pixels."""
        return (math.ceil(height / self.stride), math.ceil(width / self.stride))

    def multiply_adds(self, height: int, width: int) -> int:
        """Returns multiplications of its convolutions for one image.

        Args:
            height: of the input, in pixels.
            width: of the input, in pixels.
        """
        del height, width
        return 0

    @property
    def parameters(self) -> int:
        """Number of trainable scalars."""
        return sum(weight.size for weight in self.weights() if weight.trainable)
