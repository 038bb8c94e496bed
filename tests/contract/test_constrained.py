"""What every searcher promises on a space with a limit of cost: what is beyond it is never proposed, all else holds."""

import dataclasses
import json
import math

import numpy as np
import pytest

from nao_tf.errors import InputError
from nao_tf.searchers.enumeration import canonical_cells
from nao_tf.searchers.nao import NAO
from nao_tf.spaces.constrained import Limit, check_limits, constrain
from tests.contract.test_searchers import GROWING, GROWS, QUICK, RANKS_ALL, SEARCHERS, SPACES, TINY, answer, drive


def convolutions(space):
    """A cost that needs no network: how many operations of an architecture are convolutions."""
    words = {token for token, word in enumerate(space.vocabulary) if 'conv' in word}
    return lambda architecture: sum(token in words for token in architecture.tokens)


def limited(space, most):
    return constrain(space, [Limit('constraints.max_convolutions', most, convolutions(space), 'convolutions')])


def nao(space, seed):
    """NAO as the paper has it: with a posterior every fit would take much longer."""
    controller = dataclasses.replace(QUICK, posterior='none', growth=1.0)
    return NAO(space, initial=8, per_round=4, seeds=3, controller=controller, seed=seed)


MAKERS = {**SEARCHERS, 'nao': nao}
LARGE = limited(SPACES['enas_cnn'], 8)  # one cell in twelve
SMALL_LIMITED = limited(TINY, 1)
GROWING_LIMITED = limited(GROWING, 1)
ON_LARGE = [
    pytest.param(make, GROWING_LIMITED if name in GROWS else SMALL_LIMITED if name in RANKS_ALL else LARGE, id=name)
    for name, make in MAKERS.items()
]
ON_SMALL = [
    pytest.param(MAKERS[name], GROWING_LIMITED if name in GROWS else SMALL_LIMITED, id=name)
    for name in ('random', 'local_search', 'reinforce', 'mcts')
]


@pytest.mark.parametrize(('make', 'space'), ON_LARGE)
def test_within_the_limit_and_the_same_again_replayed_and_loaded(make, space):
    whole, again, replayed, loaded = (make(space, 1) for _ in range(4))
    log = drive(whole, 4)
    cells = [proposal.architecture for proposals, _ in log for proposal in proposals]
    assert len(cells) == len(set(cells)) > 8 or space is not LARGE
    assert all(space.admits(cell) and space.canonical(cell) == cell for cell in cells)
    assert drive(again, 4) == log
    for proposals, draws in log:
        replayed.adopt(proposals, draws)
        replayed.observe(answer(proposals))
    loaded.load_state_dict(json.loads(json.dumps(whole.state_dict())))
    expected = drive(whole, 2)
    assert drive(replayed, 2) == expected
    assert drive(loaded, 2) == expected
    assert all(space.admits(proposal.architecture) for proposals, _ in expected for proposal in proposals)


@pytest.mark.parametrize(('make', 'space'), ON_SMALL)
def test_every_cell_within_the_limit_then_nothing(make, space):
    searcher, seen = make(space, 0), []
    while proposals := searcher.propose(4):
        seen += [proposal.architecture for proposal in proposals]
        searcher.observe(answer(proposals))
    inside = {cell for cell in canonical_cells(space.unlimited) if space.admits(cell)}
    assert len(seen) == len(set(seen))
    assert set(seen) == set(canonical_cells(space)) == inside
    assert 2 < len(inside) < len(canonical_cells(space.unlimited))
    assert searcher.propose(4) == []


def test_draws_neighbours_and_extensions_fit_and_the_space_stays_as_it_is():
    rng = np.random.default_rng(0)
    space = SPACES['enas_cnn']
    cost = convolutions(space)
    for _ in range(20):
        cell = LARGE.sample(rng)
        assert cost(cell) <= 8
        assert cost(LARGE.mutate(cell, rng)) <= 8
        neighbours = list(LARGE.mutations(cell))
        assert neighbours == [other for other in space.mutations(cell) if cost(other) <= 8]
    smallest = list(GROWING_LIMITED.extensions(None))
    assert smallest == [cell for cell in GROWING.extensions(None) if convolutions(GROWING)(cell) <= 1]
    grown = GROWING_LIMITED.extend(smallest[0], rng)
    assert grown is None or convolutions(GROWING)(grown) <= 1
    assert type(LARGE) is type(space)
    assert space.unlimited is None
    assert LARGE.unlimited is space
    assert max(cost(space.sample(rng)) for _ in range(50)) > 8


def test_a_parent_without_neighbours_within_the_limit_is_drawn_no_child():
    cost = convolutions(TINY)
    least = min(canonical_cells(TINY), key=cost)
    alone = constrain(TINY, [Limit('constraints.max_cells', 0, lambda cell: cell != least, 'other cells')])
    assert alone.mutate(least, np.random.default_rng(0)) == least
    assert list(canonical_cells(alone)) == [least]


def test_a_limit_that_nothing_keeps_names_the_smallest():
    space = SPACES['enas_cnn']
    cost = convolutions(space)
    with pytest.raises(InputError, match=r'constraints.max_convolutions is -1, but of 1,000 random .* has \d+ conv'):
        check_limits(space, [Limit('constraints.max_convolutions', -1, cost, 'convolutions')])
    most = Limit('max_convolutions', 10, cost, 'convolutions')
    other = Limit('max_others', -11, lambda cell: -cost(cell), 'others')
    with pytest.raises(
        InputError, match=r'max_others is -11, but of \d+ random .* within max_convolutions=10 the .* -10 o'
    ):
        check_limits(space, [most, other])
    with pytest.raises(InputError, match=r'max_ms is 5, but none of 7 random .* could be measured; the warnings'):
        check_limits(space, [Limit('max_ms', 5, lambda cell: math.inf, 'ms', draws=7)])
    found = check_limits(space, [most])
    assert found.fitting == 20 < found.drawn < 400
