"""Gradients of our own: right in every kind of graph, and gone with it."""

import gc
import weakref

import numpy as np
import tensorflow as tf
from tensorflow.python.framework.ops import gradient_registry

from nao_tf.own_gradient import own_gradient


@own_gradient
def tripled_square(x):
    """The square of x, whose gradient is said to be three times what it is."""
    return x * x, lambda upstream: 6 * x * upstream


def slope(x):
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tripled_square(x)
    return tape.gradient(y, x)


def in_a_loop(x):
    """The tape is outside, so that TensorFlow differentiates the body of the loop itself."""
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.while_loop(lambda step, _: step < 2, lambda step, y: (step + 1, tripled_square(y)), (0, x))[1]
    return tape.gradient(y, x)


def of_a_function(x):
    inner = tf.function(tripled_square, autograph=False)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = inner(x)
    return tape.gradient(y, x)


def test_the_gradient_is_ours():
    x = tf.constant([1.0, 2.0])
    for differentiated in (slope, of_a_function):
        for run in (differentiated, tf.function(differentiated, autograph=False)):
            np.testing.assert_allclose(run(x), [6.0, 12.0])
    # By hand: y = (x^2)^2, and each square's slope is tripled: 6 x^2 * 6 x.
    np.testing.assert_allclose(tf.function(in_a_loop, autograph=False)(x), [36.0, 288.0])


def test_graphs_are_freed():
    gc.collect()
    registered = set(gradient_registry.list())
    graphs = []
    for differentiated in (slope, in_a_loop, of_a_function):
        function = tf.function(differentiated, autograph=False)
        function(tf.constant([1.0]))
        graphs.append(weakref.ref(function.get_concrete_function(tf.constant([1.0])).graph))
        assert set(gradient_registry.list()) > registered
        del function
    gc.collect()
    assert [graph() for graph in graphs] == [None] * 3
    assert set(gradient_registry.list()) == registered
