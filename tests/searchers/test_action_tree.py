"""The tree of actions by hand: expansion, UCT, completion."""

import math

import numpy as np

from nao_tf.searchers.action_tree import ActionTree
from nao_tf.spaces.growing_cell import GrowingCellSpace
from nao_tf.spaces.registry import get_space

SPACE = get_space('nasbench201')


def test_every_action_is_tried_once_before_one_is_chosen():
    tree, rng = ActionTree(SPACE), np.random.default_rng(0)
    first = []
    for _ in range(5):
        prefix = tree.select(1.0, rng)
        tree.add(prefix, 0.5)
        first.append(prefix)
    assert sorted(first) == [(token,) for token in range(1, 6)]
    assert len(tree.select(1.0, rng)) == 2


def test_uct_by_hand():
    tree, rng = ActionTree(SPACE), np.random.default_rng(0)
    for token, value in zip(range(1, 6), (0.1, 0.2, 0.9, 0.3, 0.4), strict=True):
        tree.add((token,), value)
    assert tree.select(0.0, rng)[0] == 3
    for _ in range(9):
        tree.add((3,), 0.9)
    # x + 2 Cp sqrt(2 ln 14 / n): action 3 has .9 and n = 10, action 5 has .4 and n = 1.
    bonus = math.sqrt(2 * math.log(14))
    turn = 0.5 / (2 * bonus * (1 - 1 / math.sqrt(10)))
    assert tree.select(turn - 1e-3, rng)[0] == 3
    assert tree.select(turn + 1e-3, rng)[0] == 5


def test_values_go_up_to_the_root():
    tree = ActionTree(SPACE)
    tree.add((2,), 0.4)
    tree.add((2, 1), 0.8)
    child = tree.root.children[2]
    assert (tree.root.visits, tree.root.total) == (2, 0.4 + 0.8)
    assert (child.visits, child.total) == (2, 0.4 + 0.8)
    assert (child.children[1].visits, child.children[1].total) == (1, 0.8)
    assert tree.expansion((2, 1, 5, 5, 5, 5)) == (2, 1, 5)
    assert tree.expansion((3, 1, 5, 5, 5, 5)) == (3,)


def test_only_legal_actions_follow():
    space = GrowingCellSpace('growing', ('identity', 'conv 3x3'), nodes=3)
    tree, rng = ActionTree(space), np.random.default_rng(1)
    for _ in range(300):
        prefix = tree.select(0.5, rng)
        end = tree.complete(prefix, rng)
        space.validate(end)
        assert space.canonical(end) == end
        tree.add(prefix, float(rng.random()))
    # All completions of a whole architecture are itself.
    whole = space.sample(rng)
    assert tree.complete(whole.tokens, rng) == space.canonical(whole)


def test_a_branch_that_has_been_seen_whole_is_left():
    space = GrowingCellSpace('one', ('identity', 'conv 3x3'), nodes=1)
    tree, rng = ActionTree(space), np.random.default_rng(2)
    ends = []
    while not tree.root.closed:
        prefix = tree.select(0.0, rng)
        assert prefix not in ends
        tree.add(prefix, float(prefix[0] == 1))  # the first branch is always worth more
        ends += [prefix] if len(prefix) == space.length else []
    assert len(set(ends)) == len(ends) == space.size == 16
    assert tree.select(0.0, rng) == ()
