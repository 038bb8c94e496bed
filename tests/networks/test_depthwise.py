"""Depthwise convolution, and the gradient of its kernel in strips."""

from unittest import mock

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from nao_tf.networks import depthwise


def reference(x, arriving, height, width, stride):
    """The sum over images and places of what each tap reads times what arrives there, in float64."""
    rows, columns = arriving.shape[1:3]
    pads = []
    for side, outputs, kernel in ((x.shape[1], rows, height), (x.shape[2], columns, width)):
        total = max((outputs - 1) * stride + kernel - side, 0)
        pads.append((total // 2, total - total // 2))
    padded = np.pad(x.astype(np.float64), [(0, 0), *pads, (0, 0)])
    found = np.zeros((height, width, x.shape[3], 1))
    for i in range(height):
        for j in range(width):
            read = padded[:, i : i + (rows - 1) * stride + 1 : stride, j : j + (columns - 1) * stride + 1 : stride]
            found[i, j, :, 0] = (read * arriving).sum((0, 1, 2))
    return found


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 9), st.integers(1, 9), st.sampled_from([3, 5, 7, 9]), st.integers(1, 2), st.integers(1, 9))
def test_strips(height, width, kernel, stride, channels):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2, height, width, channels)).astype(np.float32)
    arriving = rng.normal(size=(2, -(-height // stride), -(-width // stride), channels)).astype(np.float32)
    found = depthwise.kernel_gradient(tf.constant(x), tf.constant(arriving), kernel, kernel, stride)
    np.testing.assert_allclose(found, reference(x, arriving, kernel, kernel, stride), atol=2e-4)


@pytest.mark.parametrize('stride', [1, 2])
@pytest.mark.parametrize('kernel', [3, 5])
def test_convolution_and_gradients_are_those_of_tensorflow(kernel, stride):
    rng = np.random.default_rng(1)
    x = tf.constant(rng.normal(size=(3, 8, 7, 4)), tf.float32)
    weights = tf.Variable(rng.normal(size=(kernel, kernel, 4, 1)), dtype=tf.float32)
    arriving = tf.constant(rng.normal(size=(3, -(-8 // stride), -(-7 // stride), 4)), tf.float32)

    def computed():
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = depthwise.depthwise_conv2d(x, weights, stride, training=True)
        return y, *tape.gradient(y, [x, weights], output_gradients=arriving)

    found = {}
    for strips in (False, True):
        with mock.patch.object(depthwise, '_by_onednn', lambda strips=strips: strips):
            found[strips] = tf.function(computed, autograph=False).get_concrete_function()
    kinds = {strips: [op.type for op in function.graph.get_operations()] for strips, function in found.items()}
    assert kinds[True].count('DepthwiseConv2dNativeBackpropFilter') == -(-kernel // 3)
    assert kinds[False].count('DepthwiseConv2dNativeBackpropFilter') == 1
    for plain, ours in zip(found[False](), found[True](), strict=True):
        np.testing.assert_allclose(ours, plain, rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize(
    ('machine', 'setting', 'strips'),
    [('x86_64', '1', True), ('AMD64', '1', True), ('x86_64', '0', False), ('arm64', '1', False)],
)
def test_strips_where_onednn_computes(monkeypatch, machine, setting, strips):
    monkeypatch.setattr(depthwise.platform, 'machine', lambda: machine)
    monkeypatch.setenv('TF_ENABLE_ONEDNN_OPTS', setting)
    assert depthwise._by_onednn() == strips


def test_no_strips_on_a_gpu(monkeypatch):
    monkeypatch.setenv('TF_ENABLE_ONEDNN_OPTS', '1')
    gpu = tf.config.PhysicalDevice('/physical_device:GPU:0', 'GPU')
    monkeypatch.setattr(tf.config, 'get_visible_devices', lambda: [gpu])
    assert not depthwise._by_onednn()
