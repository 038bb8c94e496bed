"""NAO as a searcher: how it makes its candidates, what it counts, what it refuses, and that it beats random search."""

import dataclasses

import numpy as np
import pytest
from scipy.stats import wilcoxon

from nao_tf.controller.presets import DEFAULT, preset
from nao_tf.errors import InputError
from nao_tf.searchers.evaluation import Evaluation
from nao_tf.searchers.nao import NAO
from nao_tf.searchers.nao_candidates import MOVES
from nao_tf.searchers.random import RandomSearch
from tests.support.planted import SPACE, planted

QUICK = dataclasses.replace(DEFAULT, epochs=4, least_steps=64, embedding=8, hidden=16, batch=16)
ALPHA = 0.005
PAIRS = 8  # one-sided, all eight ahead: 1 / 256
BUDGET = 45


def searched(searcher, score, budget=BUDGET):
    """Returns the proposals of a whole search."""
    proposals = []
    while len(proposals) < budget:
        batch = searcher.propose(min(searcher.round_size, budget - len(proposals)))
        searcher.observe([Evaluation(p.architecture, score(p.architecture)) for p in batch])
        proposals += batch
    return proposals


@pytest.mark.parametrize('moves', MOVES)
def test_candidates_are_made_by_the_moves_asked_for(moves):
    # In so small a space short steps lead to known cells, whose places mutations take.
    controller = dataclasses.replace(QUICK, step_noise=2.0)
    searcher = NAO(SPACE, initial=15, per_round=5, seeds=5, moves=moves, controller=controller, seed=1)
    later = searched(searcher, planted(1))[15:]
    origins = [proposal.origin for proposal in later]
    assert set(origins) <= {moves, 'mutation', 'random'}
    assert origins.count(moves) > len(later) / 2
    assert all(proposal.parent in searcher.known for proposal in later if proposal.origin == moves)
    assert all(np.isfinite(proposal.predicted) for proposal in later if proposal.origin == moves)
    assert searcher.candidates <= 20 * len(later)  # the protocol's limit


def test_moves_make_different_candidates_of_the_same_start():
    found = {}
    for moves in MOVES:
        searcher = NAO(SPACE, initial=15, per_round=5, seeds=5, moves=moves, controller=QUICK, seed=2)
        found[moves] = tuple(proposal.architecture for proposal in searched(searcher, planted(2), 20))
    assert len({cells[:15] for cells in found.values()}) == 1
    assert len(set(found.values())) > 1


@pytest.mark.parametrize(
    ('settings', 'words'),
    [
        ({'moves': 'uphill'}, "searcher.moves is 'uphill'; it must be one of ascent, random_step, mutation"),
        ({'climbs': 0}, 'searcher.climbs is 0; it must be at least 1'),
        ({'per_query': 0}, 'searcher.per_query is 0; it must be at least 1'),
        ({'seeds': -1}, 'searcher.seeds is -1; it must be at least 1'),
        ({'initial': 0}, 'searcher.initial is 0; it must be at least 1'),
        ({'per_round': 0}, 'searcher.per_round is 0; it must be at least 1'),
        ({'moves': 'mutation', 'controller': preset('paper')}, 'needs a controller whose posterior is not "none"'),
    ],
)
def test_settings_that_cannot_be(settings, words):
    with pytest.raises(InputError) as error:
        NAO(SPACE, **{'controller': QUICK, **settings})
    assert words in str(error.value)


@pytest.mark.parametrize('controller', [QUICK, dataclasses.replace(preset('released'), epochs=10, hidden=16)])
def test_nao_beats_random_search(controller):
    """The mean of what the rounds add, against random search of the same seed (Wilcoxon's signed rank)."""
    differences = []
    for seed in range(PAIRS):
        score = planted(seed)
        nao = NAO(SPACE, initial=20, per_round=5, seeds=5, controller=controller, seed=seed)
        random = RandomSearch(SPACE, evaluations=BUDGET, seed=seed)
        ours, theirs = (
            np.mean([score(proposal.architecture) for proposal in searched(searcher, score)[20:]])
            for searcher in (nao, random)
        )
        differences.append(ours - theirs)
    assert wilcoxon(differences, alternative='greater').pvalue < ALPHA
