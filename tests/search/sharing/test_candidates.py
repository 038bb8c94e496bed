"""Candidates of shared weights: the pool of NAO-WS, the policy of ENAS, the draws of Random-WS."""

import collections
import json

import numpy as np
import pytest

from nao_tf.errors import InputError
from nao_tf.search.sharing.config import default_sharing_config
from nao_tf.search.sharing.make import make_candidates
from nao_tf.searchers.evaluation import Evaluation
from nao_tf.searchers.nao import NAO
from nao_tf.spaces.conv_cell import ConvCellSpace
from nao_tf.spaces.operations import ENAS_OPERATIONS

SPACE = ConvCellSpace('two nodes', ENAS_OPERATIONS, nodes=2, tokens_per_operation=1)


def settings(name, initial=12, per_round=4, rounds=2):
    config = default_sharing_config().searcher
    config.name, config.initial, config.per_round, config.rounds, config.seeds = name, initial, per_round, rounds, 4
    config.preset = 'released'  # whose controller starts warm
    config.controller.update({'epochs': 2, 'embedding': 4, 'hidden': 8, 'predictor_hidden': (4,)})
    config.reinforce.update({'batch': 4, 'hidden': 8, 'layers': 1, 'learning_rate': 0.1})
    config.evolution.population = config.tournament.population = 6
    return config


def candidates(name, fresh=2, seed=0, **sizes):
    return make_candidates(SPACE, settings(name, **sizes), fresh=fresh, seed=seed)


def identities(architecture):
    """A score: the share of identities among the operations."""
    pair = SPACE.cells(architecture)
    branches = [branch for c in (pair.normal, pair.reduction) for node in c.nodes for branch in node.branches]
    return sum(branch.operation == 'identity' for branch in branches) / len(branches)


def score(architecture):
    return Evaluation(architecture, identities(architecture))


def reloaded(found, name):
    other = candidates(name)
    other.load_state_dict(json.loads(json.dumps(found.state_dict())))
    return other


def drawn(found, steps=40):
    return [found.draw(step) for step in range(steps)]


@pytest.mark.parametrize('name', ['evolution', 'tournament', 'local_search'])
def test_searchers_begin_with_the_best_of_the_pool(name):
    found = candidates(name, initial=40, per_round=12)
    found.turn(1, score, last=False)
    ranked = sorted(found.scored, key=lambda cell: -cell.score)
    best = {cell.proposal.architecture for cell in ranked[:6]}
    made = [proposal for proposal in found.pool if proposal.origin == 'mutation']
    assert len(made) == 12
    if name == 'local_search':
        best = {cell.proposal.architecture for cell in ranked[:12]}
    assert {proposal.parent for proposal in made} <= best


@pytest.mark.parametrize('name', ['nao', 'evolution', 'local_search'])
def test_a_round_replaces_the_worst_of_the_pool(name):
    found = candidates(name)
    before = list(found.pool)
    assert len({proposal.architecture for proposal in before}) == 12
    found.turn(1, score, last=False)
    assert [cell.proposal for cell in found.scored] == before
    assert [cell.score for cell in found.scored] == [identities(proposal.architecture) for proposal in before]
    new = [proposal for proposal in found.pool if proposal.round == 1]
    kept = [proposal for proposal in found.pool if proposal.round == 0]
    assert (len(new), len(kept)) == (6, 6)
    assert [proposal.origin for proposal in new[-2:]] == ['random', 'random']
    assert len({proposal.architecture for proposal in found.pool}) == 12
    dropped = [identities(p.architecture) for p in before if p not in kept]
    assert max(dropped) <= min(identities(p.architecture) for p in kept)


def test_what_has_no_score_is_replaced_first():
    found = candidates('evolution')
    bad = {proposal.architecture for proposal in found.pool[:5]}
    found.turn(1, lambda a: Evaluation(a, float('nan'), failure='no') if a in bad else score(a), last=False)
    assert not bad & {proposal.architecture for proposal in found.pool}
    assert np.isnan([cell.score for cell in reloaded(found, 'evolution').scored[:5]]).all()


def test_the_last_round_only_scores():
    found = candidates('nao')
    before = list(found.pool)
    found.turn(1, score, last=True)
    assert found.pool == before
    assert len(found.scored) == 12


@pytest.mark.parametrize('name', ['nao', 'reinforce', 'random'])
def test_continues_from_its_state(name):
    """What a state of JSON restores draws and proposes the same; draws are functions of the step's number."""
    found = candidates(name)
    found.turn(1, score, last=False)
    other = reloaded(found, name)
    assert drawn(other) == drawn(found)
    assert other.draw(17) == drawn(found)[17]
    for continued in (found, other):
        continued.turn(2, score, last=False)
    assert drawn(other) == drawn(found)
    assert other.state_dict() == found.state_dict()


def test_a_warm_controller_goes_on_from_the_weights_of_the_last_round():
    pools = []
    for model in ({}, None):
        found = candidates('nao')
        found.turn(1, score, last=False)
        assert found.model['weights']
        if model is not None:
            found.model = model
        found.turn(2, score, last=False)
        pools.append(found.model['weights'])
    assert pools[0] != pools[1]


def test_a_policy_draws_what_scores_well_more_often():
    found = candidates('reinforce', per_round=60)
    before = np.mean([identities(architecture) for architecture in drawn(found, 100)])
    for number in (1, 2):
        found.turn(number, score, last=False)
    after = np.mean([identities(architecture) for architecture in drawn(found, 100)])
    assert after > before + 0.2
    assert found.report['updates'] >= 30
    found.turn(3, score, last=True)
    assert len(found.scored) == 12


def test_uniform_draws_come_from_the_whole_space_and_are_scored_once():
    found = candidates('random')
    assert len(set(drawn(found, 200))) > 190
    found.turn(1, score, last=False)
    assert found.scored == []
    found.turn(2, score, last=True)
    assert len({cell.proposal.architecture for cell in found.scored}) == 12


def test_a_pool_draws_uniformly():
    found = candidates('nao')
    counts = collections.Counter(drawn(found, 3000))
    assert len(counts) == 12
    assert min(counts.values()) > 200  # 250 on average, standard deviation 15


def test_a_pool_that_is_smaller_than_what_a_round_replaces():
    with pytest.raises(InputError, match=r'per_round=10 and sharing\.fresh=2 .* only searcher\.initial=12'):
        candidates('nao', per_round=10)
    candidates('nao', per_round=10, rounds=0)


@pytest.mark.parametrize('name', ['reinforce', 'ppo'])
def test_a_round_of_a_policy_is_a_whole_number_of_its_batches(name):
    config = settings(name, per_round=6)
    config[name].batch = 4
    with pytest.raises(InputError, match=rf'per_round=6 cells, .* searcher\.{name}\.batch=4 at a time'):
        make_candidates(SPACE, config, fresh=0, seed=0)


def test_a_policy_learns_from_every_cell_of_a_round_and_nothing_from_the_candidates():
    found = candidates('reinforce', per_round=8)
    found.turn(1, score, last=False)
    assert found.report['updates'] >= 2
    weights = found.model['weights']
    found.turn(2, score, last=True)
    assert found.model['weights'] == weights
    assert [cell.score for cell in found.scored] == [identities(cell.proposal.architecture) for cell in found.scored]


def large(architecture):
    """Stands for a number of parameters."""
    return 1 + 99 * (architecture.tokens[1] % 2)


def test_a_pool_is_drawn_by_parameters():
    found = make_candidates(SPACE, settings('evolution'), fresh=2, sampling='params', parameters=large, seed=0)
    for _ in range(2):
        counts = collections.Counter(drawn(found, 3000))
        sizes = {proposal.architecture: large(proposal.architecture) for proposal in found.pool}
        assert set(sizes.values()) == {1, 100}
        for architecture, size in sizes.items():
            expected = 3000 * size / sum(sizes.values())
            assert counts[architecture] == pytest.approx(expected, abs=6 * expected**0.5 + 1)
        found.turn(1, score, last=False)


def test_a_pool_is_drawn_by_the_rank_of_its_scores():
    found = make_candidates(SPACE, settings('evolution'), fresh=2, sampling='score', seed=0)
    assert min(collections.Counter(drawn(found, 3000)).values()) > 200  # no score yet: all alike
    found.turn(1, score, last=False)
    counts = collections.Counter(drawn(found, 6000))
    kept = sorted((p.architecture for p in found.pool if p.round == 0), key=identities)
    new = [p.architecture for p in found.pool if p.round == 1]
    assert identities(kept[0]) < identities(kept[-1])
    assert counts[kept[0]] < min(counts[architecture] for architecture in new)
    assert max(counts[architecture] for architecture in new) < counts[kept[-1]]
    other = make_candidates(SPACE, settings('evolution'), fresh=2, sampling='score', seed=0)
    other.load_state_dict(json.loads(json.dumps(found.state_dict())))
    assert drawn(other) == drawn(found)


@pytest.mark.parametrize(
    ('name', 'sampling', 'message'),
    [
        ('evolution', 'size', "sharing.sampling is 'size'; it is one of uniform, params, score"),
        ('random', 'score', 'with searcher.name=random there is no pool'),
        ('reinforce', 'params', 'with searcher.name=reinforce there is no pool'),
        ('evolution', 'params', 'all recurrent cells have as many'),
    ],
)
def test_no_such_sampling(name, sampling, message):
    with pytest.raises(InputError, match=message):
        make_candidates(SPACE, settings(name), fresh=2, sampling=sampling, seed=0)


def test_no_score_of_a_pool_has_stood_for_any_time(monkeypatch):
    """A searcher that grows bolder while the best score stays has not waited for it, wherever in the pool it is."""
    weights, optimism = [], NAO._optimism
    monkeypatch.setattr(NAO, '_optimism', lambda self: weights.append(optimism(self)) or weights[-1])
    config = settings('nao')
    config.preset = 'default'
    found = make_candidates(SPACE, config, fresh=2, seed=0)
    best = found.pool[0].architecture
    found.turn(1, lambda a: Evaluation(a, 2.0 if a == best else identities(a)), last=False)
    assert weights == [found.searcher(1).controller.config.optimism]
