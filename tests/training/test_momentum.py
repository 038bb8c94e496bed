"""Momentum SGD against Keras's optimizer and against steps worked out by hand."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from nao_tf.training.momentum import MomentumSGD

RATE = tf.constant(0.1)


def variables(*values):
    return [keras.Variable(np.asarray(value, np.float32), name=f'v{number}') for number, value in enumerate(values)]


def test_two_steps_by_hand():
    (weight,) = variables([2.0])
    optimizer = MomentumSGD([weight], momentum=0.5, weight_decay=0.1)
    optimizer.apply([tf.constant([1.0])], RATE)
    # gradient 1 + 0.1 * 2 = 1.2; velocity -0.12; weight 1.88
    np.testing.assert_allclose(weight.numpy(), [1.88], rtol=1e-6)
    optimizer.apply([tf.constant([1.0])], RATE)
    # gradient 1.188; velocity -0.06 - 0.1188 = -0.1788; weight 1.7012
    np.testing.assert_allclose(weight.numpy(), [1.7012], rtol=1e-6)


@pytest.mark.parametrize('nesterov', [False, True])
def test_agrees_with_keras(nesterov):
    rng = np.random.default_rng(0)
    start = [rng.normal(size=(3, 2)), rng.normal(size=(4,))]
    ours, theirs = variables(*start), variables(*start)
    optimizer = MomentumSGD(ours, momentum=0.9, nesterov=nesterov, clip_norm=1.0)
    reference = keras.optimizers.SGD(0.1, momentum=0.9, nesterov=nesterov, global_clipnorm=1.0)
    for _ in range(5):
        gradients = [tf.constant(rng.normal(size=value.shape), tf.float32) for value in start]
        optimizer.apply(gradients, RATE)
        reference.apply(gradients, theirs)
    for mine, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(mine.numpy(), other.numpy(), rtol=1e-5)


def test_clipping_bounds_the_whole_gradient_and_reports_the_norm_before():
    first, second = variables([0.0, 0.0], [0.0])
    norm = MomentumSGD([first, second], momentum=0.0, clip_norm=1.0).apply(
        [tf.constant([3.0, 0.0]), tf.constant([4.0])], tf.constant(1.0)
    )
    assert float(norm) == pytest.approx(5.0)
    np.testing.assert_allclose([*first.numpy(), *second.numpy()], [-0.6, 0.0, -0.8], rtol=1e-6)


def test_a_variable_without_gradient_only_decays():
    (weight,) = variables([1.0])
    MomentumSGD([weight], momentum=0.0, weight_decay=0.5).apply([None], RATE)
    np.testing.assert_allclose(weight.numpy(), [0.95], rtol=1e-6)
