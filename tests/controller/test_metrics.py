"""Metrics and score scales against numbers worked out by hand."""

import math

import numpy as np
import pytest

from nao_tf.controller import metrics
from nao_tf.controller.scores import ScoreScale


def test_pairwise_accuracy_by_hand():
    # Pairs (0,1), (0,2), (1,2): the scores fall, rise, rise; the prediction falls, falls, rises.
    assert metrics.pairwise_accuracy([2.0, 0.0, 1.0], [1.0, 0.5, 2.0]) == pytest.approx(2 / 3)
    assert metrics.pairwise_accuracy([1.0, 2.0, 3.0], [1.0, 2.0, 3.0]) == 1.0
    assert metrics.pairwise_accuracy([3.0, 2.0, 1.0], [1.0, 2.0, 3.0]) == 0.0
    assert math.isnan(metrics.pairwise_accuracy([1.0], [1.0]))


def test_kendall_tau():
    assert metrics.kendall_tau([1, 2, 3], [1, 3, 2]) == pytest.approx(1 / 3)
    assert math.isnan(metrics.kendall_tau([1], [1]))


def test_hamming_distance():
    assert metrics.hamming_distance(np.array([[1, 2, 3], [4, 5, 6]]), np.array([[1, 0, 0], [4, 5, 6]])) == 1.0


@pytest.mark.parametrize('kind', ['raw', 'min_max', 'z_score'])
@pytest.mark.parametrize('scores', [[0.2, 0.5, 0.9], [0.3, 0.3, 0.3], [0.1 + 0.2] * 7, [0.4]])
def test_scales_go_back_and_never_divide_by_zero(kind, scores):
    scale = ScoreScale.fit(kind, np.array(scores))
    targets = scale.forward(np.array(scores))
    assert np.all(np.isfinite(targets))
    np.testing.assert_allclose(scale.back(targets), scores, rtol=1e-6)
    if len(set(scores)) > 1 and kind == 'min_max':
        assert (targets.min(), targets.max()) == (0.0, 1.0)
    if len(set(scores)) > 1 and kind == 'z_score':
        np.testing.assert_allclose((targets.mean(), targets.std()), (0, 1), atol=1e-6)
