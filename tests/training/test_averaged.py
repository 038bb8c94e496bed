"""Averaged SGD and the non-monotone rule, against steps worked out by hand."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from nao_tf.training.averaged import AveragedSGD, NonMonotone


def variable(value):
    return keras.Variable(np.asarray(value, np.float32), name='v')


def test_a_step_by_hand():
    first, second = variable([3.0, 0.0]), variable([4.0])
    optimizer = AveragedSGD([first, second], weight_decay=0.1, clip_norm=1.0)
    norm = optimizer.apply([tf.constant([3.0, 0.0]), tf.constant([4.0])], 0.5)
    assert float(norm) == pytest.approx(5.0)
    # The gradient of length 5 is clipped to 1; weight decay comes on top and is not clipped.
    np.testing.assert_allclose(first.numpy(), [3.0 - 0.5 * (0.6 + 0.3), 0.0], rtol=1e-6)
    np.testing.assert_allclose(second.numpy(), [4.0 - 0.5 * (0.8 + 0.4)], rtol=1e-6)


def test_average_is_of_the_steps_since_it_was_asked_for():
    weight = variable([0.0])
    optimizer = AveragedSGD([weight])

    @tf.function
    def step(gradient):
        return optimizer.apply([gradient], 1.0)

    step(tf.constant([-100.0]))
    with optimizer.averaged():
        assert weight.numpy() == 100.0  # nothing is averaged yet
    optimizer.start_averaging()
    with optimizer.averaged():
        assert weight.numpy() == 100.0  # no step since
    for gradient in (-1.0, -2.0, -3.0):
        step(tf.constant([gradient]))
    with optimizer.averaged():
        np.testing.assert_allclose(weight.numpy(), np.mean([101.0, 103.0, 106.0]), rtol=1e-6)
    assert weight.numpy() == 106.0


def test_averages_begin_anew():
    weight = variable([0.0])
    optimizer = AveragedSGD([weight])
    optimizer.start_averaging()
    optimizer.apply([tf.constant([np.nan])], 1.0)
    weight.assign([1.0])
    optimizer.start_averaging()
    optimizer.apply([tf.constant([-2.0])], 1.0)
    with optimizer.averaged():
        assert weight.numpy() == 3.0


def test_weights_return_after_an_error():
    weight = variable([1.0])
    optimizer = AveragedSGD([weight])
    optimizer.start_averaging()
    optimizer.apply([tf.constant([0.0])], 1.0)
    optimizer.averages[0].assign([9.0])

    def fail():
        with optimizer.averaged():
            assert weight.numpy() == 9.0
            raise ValueError('stop')

    with pytest.raises(ValueError, match='stop'):
        fail()
    assert weight.numpy() == 1.0


def test_non_monotone_rule():
    rule = NonMonotone(2)
    # 4.5 and 4.9 are worse than 4.0, which counts only when two evaluations lie between.
    assert [rule.stalled(loss) for loss in (5.0, 4.0, 4.5, 4.9, 4.1)] == [False, False, False, False, True]
    falling = NonMonotone(2)
    assert not any(falling.stalled(10.0 - number) for number in range(8))
    never = NonMonotone(0)
    assert not any(never.stalled(float(number)) for number in range(8))
