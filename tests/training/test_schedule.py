"""The cosine schedule at points worked out by hand."""

import pytest
import tensorflow as tf

from nao_tf.training.schedule import CosineSchedule


@pytest.mark.parametrize(('step', 'rate'), [(0, 1.0), (25, 0.5 + 0.5 * 2**-0.5), (50, 0.5), (100, 0.0), (500, 0.0)])
def test_cosine(step, rate):
    assert float(CosineSchedule(1.0, 0.0, 100)(tf.constant(step))) == pytest.approx(rate, abs=1e-6)


def test_released_search_barely_falls():
    # A1 says 0.0208 at epoch 24 of a period of 100 epochs, to about three digits.
    assert float(CosineSchedule(0.024, 0.0, 100)(tf.constant(24))) == pytest.approx(0.0208, abs=1e-4)
