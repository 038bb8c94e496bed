"""Small configs and cells that the controller's tests share."""

import dataclasses

import numpy as np
import pytest

from nao_tf.controller.presets import DEFAULT, PAPER, RELEASED

SPACES = ('nao_cnn', 'nao_cnn_op', 'enas_cnn', 'nao_rnn')
SMALL = {'embedding': 8, 'hidden': 16, 'epochs': 2, 'least_steps': 0, 'batch': 8}


@pytest.fixture(scope='session')
def configs():
    """The presets in a size that runs in seconds."""
    return {
        'default': dataclasses.replace(DEFAULT, **SMALL, predictor_hidden=(8,)),
        'paper': dataclasses.replace(PAPER, **SMALL),
        'released': dataclasses.replace(RELEASED, **SMALL),
    }


@pytest.fixture
def rng():
    return np.random.default_rng(0)
