"""The schedules at points worked out by hand."""

import pytest
import tensorflow as tf

from nao_tf.training.config import TrainConfig
from nao_tf.training.schedule import CosineSchedule, StepDecay, schedule_of


@pytest.mark.parametrize(('step', 'rate'), [(0, 1.0), (25, 0.5 + 0.5 * 2**-0.5), (50, 0.5), (100, 0.0), (500, 0.0)])
def test_cosine(step, rate):
    assert float(CosineSchedule(1.0, 0.0, 100)(tf.constant(step))) == pytest.approx(rate, abs=1e-6)


def test_released_search_barely_falls():
    # A1 says 0.0208 at epoch 24 of a period of 100 epochs, to about three digits.
    assert float(CosineSchedule(0.024, 0.0, 100)(tf.constant(24))) == pytest.approx(0.0208, abs=1e-4)


@pytest.mark.parametrize(
    ('step', 'rate'), [(0, 0.1), (9, 0.1), (10, 0.097), (25, 0.1 * 0.97**2), (2490, 0.1 * 0.97**249)]
)
def test_decay_of_every_epoch(step, rate):
    schedule = schedule_of(TrainConfig(learning_rate=0.1, epoch_decay=0.97), steps_per_epoch=10)
    assert schedule == StepDecay(0.1, 0.97, 10)
    assert float(schedule(tf.constant(step))) == pytest.approx(rate, rel=1e-4)


def test_one_cosine_unless_its_period_is_another():
    assert schedule_of(TrainConfig(epochs=5), steps_per_epoch=10).period == 50
    assert schedule_of(TrainConfig(epochs=5, schedule_epochs=20), steps_per_epoch=10).period == 200
