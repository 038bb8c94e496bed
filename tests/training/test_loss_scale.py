"""The loss scale: what it multiplies it divides again, and a step that overflows is left out."""

import numpy as np
import tensorflow as tf

from nao_tf.training.loss_scale import GROWTH_STEPS, INITIAL, LossScale


def test_gradients_are_those_of_the_loss_itself():
    scale, seen = LossScale(), []
    assert float(scale.scaled(tf.constant(0.5))) == 0.5 * INITIAL
    scale.apply([tf.constant([2.0, 4.0]) * INITIAL, None], seen.append)
    np.testing.assert_array_equal(seen[0][0], [2.0, 4.0])
    assert seen[0][1] is None
    assert (float(scale.factor), float(scale.finite_steps)) == (INITIAL, 1.0)


def test_overflow_leaves_the_step_out_and_halves_the_scale():
    scale, seen = LossScale(), []
    scale.apply([tf.constant([1.0]), tf.constant([np.inf])], seen.append)
    scale.apply([tf.constant([np.nan])], seen.append)
    assert seen == []
    assert (float(scale.factor), float(scale.finite_steps)) == (INITIAL / 4, 0.0)
    scale.factor.assign(1.0)
    scale.apply([tf.constant([np.nan])], seen.append)
    assert float(scale.factor) == 1.0


def test_scale_grows_after_many_finite_steps():
    scale = LossScale()
    scale.finite_steps.assign(GROWTH_STEPS - 1.0)
    scale.apply([tf.constant([1.0])], lambda found: None)
    assert (float(scale.factor), float(scale.finite_steps)) == (2 * INITIAL, 0.0)
