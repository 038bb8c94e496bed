"""The LSTM policy: bounded logits keep it from becoming sure."""

import math

import numpy as np

from nao_tf.searchers.policy import PolicyConfig, policy
from nao_tf.spaces.conv_cell import ConvCellSpace

SPACE = ConvCellSpace('one node', ('conv 1x1', 'max_pool 3x3', 'identity'), nodes=1, tokens_per_operation=1)


def least(bound):
    """The lowest log P of a token that a policy with weights far too large draws, and its highest."""
    made = policy(SPACE, PolicyConfig(layers=1, hidden=4, batch=64, logit_bound=bound, temperature=2.0))
    weights = made.initial(np.random.default_rng(0), 50.0)
    _, chosen = made.sample(weights, np.random.default_rng(1))
    return chosen.min(), chosen.max()


def test_bounded_logits_leave_every_token_its_chance():
    """Of n tokens with logits within +-c each has at least exp(-2c) / n; n is 3 at the most, and 2 at the least."""
    low, high = least(1.1)
    assert low > -2.2 - math.log(3)
    assert high < -math.log(1 + math.exp(-2.2)) + 1e-5
    _, sure = least(0.0)
    assert sure > -1e-3
