"""What every searcher promises on every space (docs/architecture.md, Searcher)."""

import dataclasses
import json
import math

import pytest

from nao_tf.controller.presets import DEFAULT
from nao_tf.searchers.base import Evaluation
from nao_tf.searchers.nao import NAO
from nao_tf.searchers.random import RandomSearch
from nao_tf.spaces.conv_cell import ConvCellSpace
from nao_tf.spaces.registry import get_space

# One node a cell and two operations: few enough cells to see the end of the space.
TINY = ConvCellSpace('tiny', ('identity', 'conv 3x3'), nodes=1)
SPACES = {'tiny': TINY, **{name: get_space(name) for name in ('nao_cnn', 'nao_cnn_op', 'enas_cnn', 'nao_rnn', 'nasbench201')}}
QUICK = dataclasses.replace(DEFAULT, epochs=4, embedding=8, hidden=16, batch=16)


def nao(space, seed):
    return NAO(space, initial=8, per_round=4, seeds=3, controller=QUICK, seed=seed)


def random(space, seed):
    return RandomSearch(space, evaluations=100, seed=seed)


SEARCHERS = {'nao': nao, 'random': random}
CASES = [
    pytest.param(make, space, id=f'{name}-{on}') for name, make in SEARCHERS.items() for on, space in SPACES.items()
]


def score(architecture):
    """A score that any space has: how the tokens sum up."""
    return math.sin(sum((position + 1) * token for position, token in enumerate(architecture.tokens)))


def answer(proposals, rule=score):
    return [Evaluation(p.architecture, rule(p.architecture)) for p in proposals]


def drive(searcher, rounds, rule=score, size=4):
    """Runs rounds of propose and observe; returns the batches and the draws after each."""
    log = []
    for _ in range(rounds):
        proposals = searcher.propose(min(searcher.round_size, size))
        log.append((proposals, searcher.draws))
        searcher.observe(answer(proposals, rule))
    return log


@pytest.mark.parametrize(('make', 'space'), CASES)
def test_proposals_are_valid_canonical_and_new(make, space):
    seen = set()
    for proposals, _ in drive(make(space, 0), 4):
        for proposal in proposals:
            space.validate(proposal.architecture)
            assert space.canonical(proposal.architecture) == proposal.architecture
            assert proposal.architecture not in seen
            seen.add(proposal.architecture)
    assert len(seen) == 16 or space is TINY


@pytest.mark.parametrize(('make', 'space'), CASES)
def test_deterministic_under_a_seed(make, space):
    first = drive(make(space, 5), 4)
    assert drive(make(space, 5), 4) == first
    assert drive(make(space, 6), 1) != first[:1]


@pytest.mark.parametrize(('make', 'space'), CASES)
def test_saved_and_loaded_in_the_middle(make, space):
    whole = make(space, 1)
    drive(whole, 3)
    half = make(space, 1)
    drive(half, 3)
    loaded = make(space, 1)
    loaded.load_state_dict(json.loads(json.dumps(half.state_dict())))
    assert drive(loaded, 2) == drive(whole, 2)


@pytest.mark.parametrize(('make', 'space'), CASES)
def test_replayed_from_its_log(make, space):
    whole = make(space, 2)
    log = drive(whole, 3)
    replayed = make(space, 2)
    for proposals, draws in log:
        replayed.adopt(proposals, draws)
        replayed.observe(answer(proposals))
    assert drive(replayed, 2) == drive(whole, 2)


@pytest.mark.parametrize('start', ['warm', 'cold'])
def test_nao_replays_either_start_of_the_controller(start):
    def make():
        controller = dataclasses.replace(QUICK, start=start)
        return NAO(SPACES['enas_cnn'], initial=4, per_round=4, seeds=3, controller=controller)

    whole = make()
    log = drive(whole, 3)
    replayed, loaded = make(), make()
    for proposals, draws in log:
        replayed.adopt(proposals, draws)
        replayed.observe(answer(proposals))
    loaded.load_state_dict(json.loads(json.dumps(whole.state_dict())))
    expected = drive(whole, 2)
    assert drive(replayed, 2) == expected
    assert drive(loaded, 2) == expected


@pytest.mark.parametrize('make', SEARCHERS.values(), ids=list(SEARCHERS))
def test_every_cell_of_a_small_space_then_nothing(make):
    searcher, seen = make(TINY, 0), []
    while proposals := searcher.propose(4):
        seen += [proposal.architecture for proposal in proposals]
        searcher.observe(answer(proposals))
        assert len(seen) <= 100
    # Two inputs and two operations make 4 branches; 10 unordered pairs of them make a node; two cells.
    assert len(seen) == len(set(seen)) == 10 * 10
    assert searcher.propose(4) == []


def odd(architecture):
    return math.nan if sum(architecture.tokens) % 2 else score(architecture)


@pytest.mark.parametrize('rule', [odd, lambda _: 0.5, lambda _: math.nan], ids=['half fail', 'all equal', 'all fail'])
@pytest.mark.parametrize(('make', 'space'), CASES)
def test_survives_failures_and_equal_scores(make, space, rule):
    log = drive(make(space, 3), 4, rule)
    assert all(proposals for proposals, _ in log)


@pytest.mark.parametrize(('make', 'space'), CASES)
def test_survives_one_observation(make, space):
    searcher = make(space, 0)
    searcher.observe(answer(searcher.propose(1)))
    assert searcher.propose(2)


@pytest.mark.slow
@pytest.mark.parametrize('name', SEARCHERS)
def test_survives_a_thousand_observations(name):
    space = SPACES['enas_cnn']
    searcher = SEARCHERS[name](space, 0)
    start = RandomSearch(space, seed=9).propose(1000)
    searcher.observe(answer(start))
    proposals = searcher.propose(4)
    assert len(proposals) == 4
    assert not {p.architecture for p in proposals} & {p.architecture for p in start}
