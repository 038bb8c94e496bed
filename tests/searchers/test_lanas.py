"""LaNAS: its rounds, its regions, its limits."""

import numpy as np
import pytest

from nao_tf.errors import InputError
from nao_tf.searchers.evaluation import Evaluation
from nao_tf.searchers.lanas import LaNAS
from nao_tf.spaces.registry import get_space

SPACE = get_space('nasbench201')


def count(architecture):
    return float(sum(token == 4 for token in architecture.tokens))  # 3x3 convolutions


def run(searcher, budget, rule=count):
    proposals = []
    while len(proposals) < budget:
        batch = searcher.propose(min(searcher.round_size, budget - len(proposals)))
        searcher.observe([Evaluation(p.architecture, rule(p.architecture)) for p in batch])
        proposals += batch
    return proposals


def test_rounds_and_origins():
    searcher = LaNAS(SPACE, initial=10, selects=5)
    assert searcher.round_size == 10
    proposals = run(searcher, 30)
    assert searcher.round_size == 5
    assert [p.origin for p in proposals[:10]] == ['random'] * 10
    assert {p.origin for p in proposals[10:]} == {'region'}
    assert [p.round for p in proposals] == [0] * 10 + [1] * 5 + [2] * 5 + [3] * 5 + [4] * 5


def test_it_samples_where_the_good_ones_are():
    for seed in range(3):
        proposals = run(LaNAS(SPACE, seed=seed), 80)
        assert np.mean([count(p.architecture) for p in proposals[60:]]) > 2.5  # 1.2 at random
        assert max(count(p.architecture) for p in proposals) == 6


def test_at_most_so_many_cells_are_tested():
    searcher = LaNAS(SPACE, initial=10, tests=20)
    run(searcher, 110)
    assert 0 < searcher.candidates <= 20 * 100


def test_the_unit_of_the_score_changes_nothing():
    scaled = run(LaNAS(SPACE), 60, lambda cell: 1024 * count(cell) - 4096)  # exact in binary
    assert [p.architecture for p in scaled] == [p.architecture for p in run(LaNAS(SPACE), 60)]


@pytest.mark.parametrize(
    ('settings', 'message'),
    [
        ({'initial': 0}, 'initial is 0; it must be at least 1'),
        ({'selects': 0}, 'selects'),
        ({'height': 0}, 'height'),
        ({'exploration': -1.0}, 'exploration'),
        ({'ridge': 0.0}, 'ridge'),
        ({'tests': 0}, 'tests'),
        ({'draws': -1}, 'draws'),
    ],
)
def test_settings_out_of_range(settings, message):
    with pytest.raises(InputError, match=message):
        LaNAS(SPACE, **settings)
