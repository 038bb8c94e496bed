"""The blocks that networks are made of: convolutions with their normalisation, reductions, poolings, dense layers."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any

import tensorflow as tf

from nao_tf.errors import InputError
from nao_tf.networks import initialization
from nao_tf.networks.block import Block, Pass
from nao_tf.networks.depthwise import depthwise_conv2d
from nao_tf.networks.normalization import normalization_weights
from nao_tf.networks.weight import Weight


@dataclasses.dataclass(frozen=True)
class ConvNorm(Block):
    """[ReLU ->] convolution without bias -> batch normalisation (A1).

    Args:
        kernel: (height, width) of the kernel.
        strides: (vertical, horizontal) where they differ from `stride` in both directions.
        relu: whether a ReLU comes first.
        padding: `SAME`, or `VALID` in the auxiliary head.
    """

    kernel: tuple[int, int] = (1, 1)
    strides: tuple[int, int] | None = None
    relu: bool = True
    padding: str = 'SAME'

    def weights(self) -> Sequence[Weight]:
        """Returns the kernel and the normalisation."""
        shape = (*self.kernel, self.inputs, self.outputs)
        return (Weight('kernel', shape, initialization.fan_out), *normalization_weights(self.outputs))

    def apply(self, x: tf.Tensor, weights: Mapping[str, Any], call: Pass) -> tf.Tensor:
        """Computes the block, see `Block.apply`."""
        if self.relu:
            x = call.relu(x)
        strides = self.strides or (self.stride, self.stride)
        if self.kernel == (1, 1) and strides != (1, 1):
            x, strides = call.subsample(x, strides[0]), (1, 1)
        x = tf.nn.conv2d(x, weights['kernel'], strides, self.padding)
        return call.normalize(x, weights)

    def sides(self, height: int, width: int) -> tuple[int, int]:
        """Returns height and width of the output, in pixels."""
        strides = self.strides or (self.stride, self.stride)
        if self.padding == 'VALID':
            height, width = height - self.kernel[0] + 1, width - self.kernel[1] + 1
        return (math.ceil(height / strides[0]), math.ceil(width / strides[1]))

    def multiply_adds(self, height: int, width: int) -> int:
        """Returns output pixels times kernel size."""
        return math.prod(self.sides(height, width)) * math.prod(self.kernel) * self.inputs * self.outputs


@dataclasses.dataclass(frozen=True)
class SeparableConvNorm(Block):
    """ReLU -> depthwise convolution -> 1x1 convolution -> batch normalisation, half of a `sep_conv` (A1).

    Args:
        kernel: side of the square depthwise kernel.
        dilation: distance of the kernel's taps; 2 in `dil_sep_conv`.

    Raises:
        InputError: if it has a stride and another dilation.
    """

    kernel: int = 3
    dilation: int = 1

    def __post_init__(self) -> None:
        if self.stride > 1 and self.dilation > 1 and self.stride != self.dilation:
            raise InputError(
                f'a separable convolution of stride {self.stride} has dilation {self.dilation}; it must be 1 or the '
                'stride'
            )

    def weights(self) -> Sequence[Weight]:
        """Returns the two kernels and the normalisation."""
        return (
            Weight('depthwise', (self.kernel, self.kernel, self.inputs, 1), initialization.fan_out),
            Weight('pointwise', (1, 1, self.inputs, self.outputs), initialization.fan_out),
            *normalization_weights(self.outputs),
        )

    def apply(self, x: tf.Tensor, weights: Mapping[str, Any], call: Pass) -> tf.Tensor:
        """Computes the block, see `Block.apply`."""
        x = call.relu(x)
        if self.dilation == 1:
            x = depthwise_conv2d(x, weights['depthwise'], self.stride, training=call.training)
        elif self.stride > 1:
            x = tf.nn.depthwise_conv2d(self._phase(x), weights['depthwise'], (1, 1, 1, 1), 'VALID')
        else:
            dilations = (self.dilation, self.dilation)
            x = tf.nn.depthwise_conv2d(x, weights['depthwise'], (1, 1, 1, 1), 'SAME', dilations=dilations)
        return call.normalize(tf.nn.conv2d(x, weights['pointwise'], 1, 'VALID'), weights)

    def _phase(self, x: tf.Tensor) -> tf.Tensor:
        """Returns the padded pixels that a kernel with stride = dilation meets; TensorFlow has no such kernel."""
        pads = [(0, 0)]
        for side in (x.shape[1], x.shape[2]):
            total = max(
                (math.ceil(side / self.stride) - 1) * self.stride + self.dilation * (self.kernel - 1) + 1 - side, 0
            )
            pads.append((total // 2, total - total // 2))
        return tf.pad(x, [*pads, (0, 0)])[:, :: self.stride, :: self.stride]

    def multiply_adds(self, height: int, width: int) -> int:
        """Returns those of the depthwise and of the 1x1 convolution."""
        pixels = math.prod(self.sides(height, width))
        return pixels * self.inputs * (self.kernel**2 + self.outputs)


@dataclasses.dataclass(frozen=True)
class FactorizedReduction(Block):
    """[ReLU ->] two 1x1 convolutions of stride 2, the second one pixel further -> concat -> normalisation (A1).

    Args:
        relu: whether a ReLU comes first (it does where a cell input is calibrated, not at a loose end).
    """

    stride: int = 2
    relu: bool = True

    def weights(self) -> Sequence[Weight]:
        """Returns the two kernels and the normalisation."""
        shape = (1, 1, self.inputs, self.outputs // 2)
        return (
            Weight('kernel', shape, initialization.fan_out),
            Weight('shifted_kernel', shape, initialization.fan_out),
            *normalization_weights(self.outputs),
        )

    def apply(self, x: tf.Tensor, weights: Mapping[str, Any], call: Pass) -> tf.Tensor:
        """Computes the block, see `Block.apply`."""
        if self.relu:
            x = call.relu(x)
        # One 2x2 convolution whose other taps are zero: strided slices of the image, and above all their gradients,
        # cost several times as much as the multiplications by zero.
        kernel = tf.pad(weights['kernel'], [(0, 1), (0, 1), (0, 0), (0, 0)])
        shifted = tf.pad(weights['shifted_kernel'], [(1, 0), (1, 0), (0, 0), (0, 0)])
        return call.normalize(tf.nn.conv2d(x, tf.concat([kernel, shifted], -1), 2, 'SAME'), weights)

    def multiply_adds(self, height: int, width: int) -> int:
        """Returns those of both 1x1 convolutions."""
        return math.prod(self.sides(height, width)) * self.inputs * self.outputs


@dataclasses.dataclass(frozen=True)
class Pool(Block):
    """Pooling with a square window; the average leaves padding out (A1).

    Args:
        kind: `max`, `avg` or `min`.
        window: its side in pixels.
        padding: `SAME`, or `VALID` in the auxiliary head.
    """

    kind: str = 'max'
    window: int = 3
    padding: str = 'SAME'

    def apply(self, x: tf.Tensor, weights: Mapping[str, Any], call: Pass) -> tf.Tensor:
        """Computes the block, see `Block.apply`."""
        if self.kind == 'avg':
            return tf.nn.avg_pool2d(x, self.window, self.stride, self.padding)
        if self.kind == 'max':
            return tf.nn.max_pool2d(x, self.window, self.stride, self.padding)
        return -tf.nn.max_pool2d(-x, self.window, self.stride, self.padding)

    def sides(self, height: int, width: int) -> tuple[int, int]:
        """Returns height and width of the output, in pixels."""
        if self.padding == 'VALID':
            height, width = height - self.window + 1, width - self.window + 1
        return super().sides(height, width)


@dataclasses.dataclass(frozen=True)
class Dense(Block):
    """Features [B, inputs] -> logits [B, outputs] in float32, with a bias."""

    def weights(self) -> Sequence[Weight]:
        """Returns kernel and bias."""
        return (
            Weight('kernel', (self.inputs, self.outputs), initialization.glorot_uniform, full_precision=True),
            Weight('bias', (self.outputs,), initialization.zeros, full_precision=True),
        )

    def apply(self, x: tf.Tensor, weights: Mapping[str, Any], call: Pass) -> tf.Tensor:
        """Computes the logits of float32 features."""
        return tf.linalg.matmul(x, weights['kernel']) + weights['bias']

    def multiply_adds(self, height: int, width: int) -> int:
        """Returns inputs times outputs."""
        return self.inputs * self.outputs
