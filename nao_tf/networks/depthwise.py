"""Depthwise convolution, with the gradient of its kernel in the form for which oneDNN has a fast program."""

from __future__ import annotations

import os
import platform
from typing import Any

import tensorflow as tf

from nao_tf.own_gradient import own_gradient

WIDEST = 3  # columns of a kernel whose gradient oneDNN vectorises


def depthwise_conv2d(x: tf.Tensor, kernel: Any, stride: int = 1, *, training: bool = False) -> tf.Tensor:
    """Returns the depthwise convolution of x with zeros around (`SAME`).

    Args:
        x: [B, H, W, C], H and W static.
        kernel: [h, w, C, 1].
        stride: in both directions.
        training: whether a gradient will be asked for. On a CPU with oneDNN it is computed in strips, whose own
            gradient (a second derivative) does not exist.

    Returns:
        [B, ceil(H / stride), ceil(W / stride), C].
    """
    strides = (1, stride, stride, 1)
    if not training or not _by_onednn():
        return tf.nn.depthwise_conv2d(x, kernel, strides, 'SAME')

    @own_gradient
    def convolve(x: tf.Tensor, kernel: tf.Tensor) -> Any:
        def gradient(arriving: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            by_x = tf.raw_ops.DepthwiseConv2dNativeBackpropInput(
                input_sizes=tf.shape(x), filter=kernel, out_backprop=arriving, strides=strides, padding='SAME'
            )
            return by_x, kernel_gradient(x, arriving, kernel.shape[0], kernel.shape[1], stride)

        return tf.nn.depthwise_conv2d(x, kernel, strides, 'SAME'), gradient

    return convolve(x, tf.convert_to_tensor(kernel))


def kernel_gradient(x: tf.Tensor, arriving: tf.Tensor, height: int, width: int, stride: int) -> tf.Tensor:
    """Returns the gradient of the kernel of a depthwise convolution with zeros around, strip by strip.

    oneDNN falls back to one matrix product for each image and channel where a kernel is wider than three columns, and
    where an image is not larger than the zeros around it: so the zeros are written out, and the columns of the kernel
    are taken three at a time; they may overlap.

    Args:
        x: [B, H, W, C], H and W static.
        arriving: gradient of the output, [B, ceil(H / stride), ceil(W / stride), C].
        height: of the kernel.
        width: of the kernel.
        stride: in both directions.

    Returns:
        [height, width, C, 1].
    """
    rows, columns = arriving.shape[1], arriving.shape[2]
    above, below = _zeros(x.shape[1], rows, height, stride)
    left, _ = _zeros(x.shape[2], columns, width, stride)
    strip = min(width, WIDEST)
    found: list[tf.Tensor] = []
    for start in [*range(0, width - strip, strip), width - strip]:
        known = sum(part.shape[1] for part in found)
        # This strip of the kernel reads the image from `begin` to `end`, and zeros where there is none.
        begin, end = start - left, start - left + (columns - 1) * stride + strip
        before, behind = max(min(end, 0) - begin, 0), max(end - max(begin, x.shape[2]), 0)
        read = x if begin <= 0 and end >= x.shape[2] else x[:, :, max(begin, 0) : max(end, 0)]
        part = tf.raw_ops.DepthwiseConv2dNativeBackpropFilter(
            input=tf.pad(read, [(0, 0), (above, below), (before, behind), (0, 0)]),
            filter_sizes=(height, strip, x.shape[3], 1),
            out_backprop=arriving,
            strides=(1, stride, stride, 1),
            padding='VALID',
        )
        found.append(part[:, known - start :] if found else part)
    return tf.concat(found, 1) if len(found) > 1 else found[0]


def _zeros(side: int, outputs: int, kernel: int, stride: int) -> tuple[int, int]:
    """Returns how many zeros `SAME` writes before and behind one side of an image."""
    total = max((outputs - 1) * stride + kernel - side, 0)
    return total // 2, total - total // 2


def _by_onednn() -> bool:
    """Returns whether a convolution that is traced now will be computed by oneDNN."""
    if platform.machine().lower() not in ('x86_64', 'amd64') or os.environ.get('TF_ENABLE_ONEDNN_OPTS') == '0':
        return False
    others = any(device.device_type != 'CPU' for device in tf.config.get_visible_devices())
    return not others and not isinstance(tf.distribute.get_strategy(), tf.distribute.TPUStrategy)
