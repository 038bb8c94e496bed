"""The searchers with trees, and progressive search, find better cells than random search where a score is planted.

The rule: over PAIRS seeds the mean over the queries of the best score so far (for progressive search, which has to
begin with the smallest cells, the best score at the end) is compared with random search's of the same seed; Wilcoxon's
signed-rank test must reject "not better" at ALPHA = 0.001. A searcher that is no better passes with a probability of
at most ALPHA. The seeds are fixed: the outcome is the same in every run.
"""

import numpy as np
import pytest
from scipy.stats import wilcoxon

from nao_tf.searchers.evaluation import Evaluation
from nao_tf.searchers.lanas import LaNAS
from nao_tf.searchers.progressive import Progressive
from nao_tf.searchers.random import RandomSearch
from nao_tf.searchers.tree_search import TreeSearch
from nao_tf.spaces.conv_cell import ConvCellSpace
from nao_tf.spaces.growing_cell import GrowingCellSpace

ALPHA = 0.001
PAIRS = 16
BUDGET = 100
OPERATIONS = ('identity', 'conv 3x3', 'max_pool 3x3')
PAIR = ConvCellSpace('small', OPERATIONS, nodes=1)  # 441 cells
GROWING = GrowingCellSpace('small_growing', OPERATIONS, nodes=3)
SEARCHERS = {
    'lanas': lambda seed: LaNAS(PAIR, initial=10, seed=seed),
    'mcts': lambda seed: TreeSearch(PAIR, predictions=5, epochs=20, seed=seed),
    'mcts, evaluate=random': lambda seed: TreeSearch(PAIR, predictions=5, evaluate='random', epochs=20, seed=seed),
    'progressive': lambda seed: Progressive(GROWING, beam=10, members=2, epochs=20, seed=seed),
}


def planted(space, seed):
    """A sum over the nodes and their branches, tables drawn by seed; more nodes give more."""
    rng = np.random.default_rng([seed, 5])
    inputs, operations = rng.normal(size=4), rng.normal(size=len(OPERATIONS))

    def score(architecture):
        pair = space.cells(architecture)
        return sum(
            0.5 + inputs[branch.input] + operations[OPERATIONS.index(branch.operation)]
            for cell in (pair.normal, pair.reduction)
            for node in cell.nodes
            for branch in node.branches
        )

    return score


def figure(searcher, seed):
    """Returns the mean over the queries of the best score so far; in a space that grows the best score at the end."""
    score, scores = planted(searcher.space, seed), []
    while len(scores) < BUDGET:
        proposals = searcher.propose(min(searcher.round_size, BUDGET - len(scores)))
        evaluations = [Evaluation(p.architecture, score(p.architecture)) for p in proposals]
        searcher.observe(evaluations)
        scores += [evaluation.score for evaluation in evaluations]
    return max(scores) if searcher.space is GROWING else float(np.maximum.accumulate(scores).mean())


@pytest.mark.parametrize('name', SEARCHERS)
def test_beats_random(name):
    gains = []
    for seed in range(PAIRS):
        searcher = SEARCHERS[name](seed)
        gains.append(figure(searcher, seed) - figure(RandomSearch(searcher.space, seed=seed), seed))
    assert wilcoxon(gains, alternative='greater').pvalue < ALPHA, np.round(gains, 2)
