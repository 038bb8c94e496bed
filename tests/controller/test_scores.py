"""Scores to targets and back, for every kind."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nao_tf.controller.scores import ScoreScale

KINDS = ('raw', 'min_max', 'z_score', 'rank')
SCORES = st.lists(st.floats(-100, 100).map(lambda value: round(value, 3)), min_size=1, max_size=20)


@pytest.mark.parametrize('kind', KINDS)
@given(scores=SCORES)
def test_back_undoes_forward_and_the_order_stays(kind, scores):
    values = np.array(scores)
    scale = ScoreScale.fit(kind, values)
    targets = scale.forward(values)
    assert np.all(np.isfinite(targets))
    np.testing.assert_allclose(scale.back(targets), values, atol=1e-3)
    order = np.argsort(values, kind='stable')
    assert np.all(np.diff(targets[order]) >= 0)


def test_ranks_by_hand():
    scale = ScoreScale.fit('rank', np.array([0.1, 0.9, 0.8, 0.9]))
    # Mean ranks 1, 3.5, 2, 3.5 of 4: quantiles of .125, .75, .375, .75.
    np.testing.assert_allclose(scale.forward([0.1, 0.9, 0.8]), [-1.15035, 0.67449, -0.31864], atol=1e-5)
    above = scale.back(scale.forward([0.9]) + 1.0)
    assert above > 0.9  # predictions beyond the best seen are not cut off
    assert ScoreScale.fit('rank', np.full(3, 0.5)).forward([0.5]) == 0.0
