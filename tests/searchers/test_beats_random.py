"""Every searcher finds better cells than random search on a small space with a planted score.

One-sided and paired: over PAIRS seeds the searcher's figure is compared with random search's of the same
seed, and Wilcoxon's signed-rank test must reject "not better" at ALPHA. A searcher that is no better than random
passes with a probability of at most ALPHA, so the eight of them together with at
most 0.8 %. The seeds are fixed: the outcome is the same in every run.
"""

import numpy as np
import pytest
from scipy.stats import wilcoxon

from nao_tf.searchers.bayesian import BayesianOptimisation
from nao_tf.searchers.evaluation import Evaluation
from nao_tf.searchers.evolution import Evolution, Tournament
from nao_tf.searchers.forest import ForestGenerate, ForestRanker
from nao_tf.searchers.local_search import LocalSearch
from nao_tf.searchers.ppo import PPO
from nao_tf.searchers.random import RandomSearch
from nao_tf.searchers.reinforce import Reinforce
from tests.support.planted import SPACE, planted

ALPHA = 0.001
PAIRS = 16
BUDGET = 60
SEARCHERS = {
    'evolution': lambda seed: Evolution(SPACE, population=12, sample=6, max_draws=50, seed=seed),
    'tournament': lambda seed: Tournament(SPACE, population=12, sample=6, max_draws=50, seed=seed),
    'local_search': lambda seed: LocalSearch(SPACE, start=3, batch=4, seed=seed),
    'bayesian': lambda seed: BayesianOptimisation(SPACE, start=15, batch=15, seed=seed),
    'forest': lambda seed: ForestRanker(SPACE, start=15, batch=15, trees=10, seed=seed),
    'forest_generate': lambda seed: ForestGenerate(SPACE, start=15, batch=15, trees=10, seed=seed),
}
# What the policy gradient climbs is the expected score of what the policy draws, not the best of it: by best-so-far
# neither passes this rule with so few queries.
POLICIES = {
    'reinforce': lambda seed: Reinforce(
        SPACE, layers=1, hidden=12, batch=8, learning_rate=0.03, max_draws=10, seed=seed
    ),
    'ppo': lambda seed: PPO(SPACE, hidden=12, batch=8, learning_rate=0.02, epochs=2, max_draws=10, seed=seed),
}


def run(searcher, score):
    """Returns the origins and the scores of BUDGET queries."""
    origins, scores = [], []
    while len(scores) < BUDGET:
        proposals = searcher.propose(min(searcher.round_size, BUDGET - len(scores)))
        evaluations = [Evaluation(p.architecture, score(p.architecture)) for p in proposals]
        searcher.observe(evaluations)
        origins += [proposal.origin for proposal in proposals]
        scores += [evaluation.score for evaluation in evaluations]
    return np.array(origins), np.array(scores)


def best_so_far(searcher, score):
    """Returns the mean over the queries of the best score so far."""
    return float(np.maximum.accumulate(run(searcher, score)[1]).mean())


def later_draws(searcher, score, origin):
    """Returns the mean score of the later half of the cells of one origin."""
    origins, scores = run(searcher, score)
    scores = scores[origins == origin]
    return float(scores[len(scores) // 2 :].mean())


@pytest.fixture(scope='module')
def random_figures():
    return [best_so_far(RandomSearch(SPACE, seed=seed), planted(seed)) for seed in range(PAIRS)]


@pytest.mark.parametrize('name', SEARCHERS)
def test_beats_random(name, random_figures):
    figures = [best_so_far(SEARCHERS[name](seed), planted(seed)) for seed in range(PAIRS)]
    gains = np.subtract(figures, random_figures)
    assert wilcoxon(gains, alternative='greater').pvalue < ALPHA, gains.round(2)


@pytest.mark.parametrize('name', POLICIES)
def test_policy_beats_random(name):
    figures = [later_draws(POLICIES[name](seed), planted(seed), 'policy') for seed in range(PAIRS)]
    baseline = [later_draws(RandomSearch(SPACE, seed=seed), planted(seed), 'random') for seed in range(PAIRS)]
    gains = np.subtract(figures, baseline)
    assert wilcoxon(gains, alternative='greater').pvalue < ALPHA, gains.round(2)


def test_random_does_not_beat_random(random_figures):
    # The rule itself: another stream of random search is not taken for better.
    figures = [best_so_far(RandomSearch(SPACE, seed=seed + 1000), planted(seed)) for seed in range(PAIRS)]
    assert wilcoxon(np.subtract(figures, random_figures), alternative='greater').pvalue > ALPHA
