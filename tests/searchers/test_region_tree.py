"""The tree of regions by hand: cuts, UCB, paths."""

import math

import numpy as np
import pytest

from nao_tf.searchers.region_tree import RegionTree
from nao_tf.searchers.scaling import quantiles, stretched

# One feature; the score is 1 above 0 and 0 below it.
FEATURES = np.array([[-2.0], [-1.0], [1.0], [2.0]] * 2)
SCORES = (FEATURES[:, 0] > 0).astype(float)


def test_a_cut_at_the_mean_and_good_on_the_left():
    root = RegionTree(FEATURES, SCORES, height=2, ridge=1e-6).root
    left, right = root.children
    assert root.visits == 8
    assert root.value == 0.5
    assert (left.visits, left.value) == (4, 1.0)
    assert (right.visits, right.value) == (4, 0.0)
    assert not left.children
    # Least squares: slope sum(x y) / sum(x x) = 6 / 20.
    np.testing.assert_allclose(root.weights, [0.3], rtol=1e-5)
    assert root.threshold == pytest.approx(0, abs=1e-9)


def test_height_is_the_number_of_levels():
    rng = np.random.default_rng(0)
    features = rng.normal(size=(400, 3))
    tree = RegionTree(features, features @ [1, 2, 3] + rng.normal(size=400), height=5, ridge=1.0)

    def levels(region):
        return 1 + max(map(levels, region.children), default=0)

    def leaves(region):
        return sum(map(leaves, region.children)) if region.children else 1

    assert levels(tree.root) == 5
    assert leaves(tree.root) <= 16
    values = []
    region = tree.root
    while region.children:
        region = region.children[0]
        values.append(region.value)
    assert values == sorted(values)  # ever better to the left


def test_ucb_by_hand():
    tree = RegionTree(FEATURES, SCORES, height=2, ridge=1e-6)
    left, right = tree.root.children
    # 0.1: left is 1 + .2 sqrt(2 ln 8 / 4), right 0 + the same.
    assert tree.select(0.1).leaf is left
    # The bonus of the right one, 2 c sqrt(2 ln n / 4), catches up when the left has been visited often.
    for _ in range(400):
        path = tree.select(0.5)
        n, good, bad = tree.root.visits, left, right
        bounds = [r.value + math.sqrt(2 * math.log(n) / r.visits) for r in (good, bad)]
        assert path.leaf is (good if bounds[0] >= bounds[1] else bad)
        tree.visit(path)
    assert right.visits > 4
    assert left.visits > 5 * right.visits
    assert left.visits + right.visits == tree.root.visits == 408


def test_depth_counts_constraints_from_the_root():
    rng = np.random.default_rng(1)
    features = rng.normal(size=(60, 2))
    tree = RegionTree(features, features @ [1.0, -1.0], height=3, ridge=1e-3)
    path = tree.select(0.0)
    assert len(path.thresholds) == 2
    inside = [path.depth(row) for row in features[path.leaf.members]]
    assert set(inside) == {2}
    outside = np.setdiff1d(np.arange(60), path.nodes[1].members)
    assert {path.depth(row) for row in features[outside]} == {0}


@pytest.mark.parametrize('scores', [np.full(8, 0.3), SCORES[:1], SCORES[:3]])
def test_what_cannot_be_cut_is_one_leaf(scores):
    tree = RegionTree(FEATURES[: len(scores)], scores, height=5, ridge=1.0)
    assert not tree.root.children
    path = tree.select(0.5)
    assert path.leaf is tree.root
    assert path.depth(FEATURES[0]) == 0


def test_equal_features_are_one_leaf():
    assert not RegionTree(np.ones((8, 2)), SCORES, height=5, ridge=1.0).root.children


def test_scaling_is_blind_to_unit_and_failures():
    scores = np.array([0.1, 0.9, 0.91, 0.92, 0.94])
    for scale in (quantiles, stretched):
        np.testing.assert_allclose(scale(scores), scale(100 * scores - 3))
        assert (np.diff(scale(scores)) >= 0).all()
        assert len(set(scale(np.full(3, 0.5)))) == 1
    np.testing.assert_allclose(quantiles(scores), [0.1, 0.3, 0.5, 0.7, 0.9])
    np.testing.assert_allclose(quantiles(np.array([1.0, 1.0, 2.0])), [1 / 3, 1 / 3, 5 / 6])
    np.testing.assert_allclose(stretched(scores), [0, 0, 0.25, 0.5, 1])
