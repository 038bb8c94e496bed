"""Monte-Carlo tree search: rollouts, values, the network, what a state holds."""

import json

import numpy as np
import pytest

from nao_tf.errors import InputError
from nao_tf.searchers.evaluation import Evaluation
from nao_tf.searchers.random import RandomSearch
from nao_tf.searchers.tree_search import Rollout, TreeSearch
from nao_tf.searchers.value_network import ValueNetwork
from nao_tf.spaces.registry import get_space
from tests.searchers.test_lanas import count, run

SPACE = get_space('nasbench201')


@pytest.mark.parametrize('evaluate', ['best', 'random'])
def test_it_finds_the_good_branches(evaluate):
    searcher = TreeSearch(SPACE, evaluate=evaluate, predictions=5, seed=1)
    proposals = run(searcher, 120)
    assert {p.origin for p in proposals} == {'rollout'}
    scores = [count(p.architecture) for p in proposals]
    assert np.mean(scores[80:]) > np.mean(scores[:40]) + 0.4


def test_a_rollout_is_worth_the_mean_of_score_and_prediction():
    searcher = TreeSearch(SPACE)
    cells = [p.architecture for p in RandomSearch(SPACE).propose(4)]
    searcher.observe([Evaluation(cell, score) for cell, score in zip(cells, (1.0, 2.0, 3.0, 4.0), strict=True)])
    searcher.rollouts = [
        Rollout((1,), cells[3], 0.5),  # the share of the best of four is 7/8
        Rollout((2,), cells[0], None),  # of the worst 1/8
        Rollout((3,), SPACE.canonical(SPACE.sample(np.random.default_rng(99))), 0.3),  # not observed yet
    ]
    tree, values = searcher._tree()
    assert [values[cell] for cell in cells] == [1 / 8, 3 / 8, 5 / 8, 7 / 8]
    own = [tree.root.children[token].total / tree.root.children[token].visits for token in (1, 2, 3)]
    foreign = {cells[1].tokens[0], cells[2].tokens[0]}
    for token, expected in zip((1, 2, 3), ((7 / 8 + 0.5) / 2, 1 / 8, 0.3), strict=True):
        if token not in foreign:
            assert own[token - 1] == pytest.approx(expected)
    assert tree.root.visits == 5  # three rollouts, and two cells that it did not propose


def test_at_most_k_and_one_are_predicted_for_each_proposal():
    searcher = TreeSearch(SPACE, predictions=7, refit=10)
    run(searcher, 100)
    assert 0 < searcher.candidates <= 8 * 90


def test_the_state_is_small_and_complete():
    searcher = TreeSearch(SPACE, refit=10, predictions=3)
    run(searcher, 40)
    state = json.loads(json.dumps(searcher.state_dict()))
    loaded = TreeSearch(SPACE, refit=10, predictions=3)
    loaded.load_state_dict(state)
    assert loaded.rollouts == searcher.rollouts
    assert loaded.propose(5) == searcher.propose(5)


def test_the_network_learns_and_is_seeded():
    cells = [p.architecture for p in RandomSearch(SPACE, seed=3).propose(300)]
    scores = np.array([count(cell) for cell in cells])
    predictions = []
    for _ in range(2):
        network = ValueNetwork(SPACE, hidden=(32,), members=2, epochs=40, seed=5)
        network.fit(cells[:200], scores[:200])
        predictions.append(network.predict(cells[200:]))
    np.testing.assert_array_equal(*predictions)
    assert np.corrcoef(predictions[0], scores[200:])[0, 1] > 0.8
    assert network.predict([]).shape == (0,)


@pytest.mark.parametrize(
    ('settings', 'message'),
    [
        ({'batch': 0}, 'batch is 0; it must be at least 1'),
        ({'refit': 0}, 'refit'),
        ({'exploration': -0.1}, 'exploration'),
        ({'predictions': -1}, 'predictions'),
        ({'members': 0}, 'members'),
        ({'epochs': 0}, 'epochs'),
        ({'max_draws': 0}, 'max_draws'),
        ({'evaluate': 'worst'}, "evaluate is 'worst'; it is best or random"),
    ],
)
def test_settings_out_of_range(settings, message):
    with pytest.raises(InputError, match=message):
        TreeSearch(SPACE, **settings)
