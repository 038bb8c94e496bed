"""A pool: the masks, the draws, the neighbours and the searchers stay inside it."""

import dataclasses

import numpy as np
import pytest

from nao_tf.controller.presets import DEFAULT
from nao_tf.errors import InputError
from nao_tf.searchers.bayesian import BayesianOptimisation
from nao_tf.searchers.evaluation import Evaluation
from nao_tf.searchers.evolution import Evolution
from nao_tf.searchers.forest import ForestGenerate, ForestRanker
from nao_tf.searchers.lanas import LaNAS
from nao_tf.searchers.local_search import LocalSearch
from nao_tf.searchers.nao import NAO
from nao_tf.searchers.progressive import Progressive
from nao_tf.searchers.reinforce import Reinforce
from nao_tf.searchers.tree_search import TreeSearch
from nao_tf.spaces.architecture import Architecture
from nao_tf.spaces.conv_cell import ConvCellSpace
from nao_tf.spaces.pool import PoolSpace, minimal_machine
from nao_tf.spaces.registry import get_space

CELLS = 60
WHOLE = (
    get_space('nasbench101'),
    get_space('nasbench201'),
    ConvCellSpace('two_nodes', ('identity', 'conv 3x3', 'max_pool 3x3'), nodes=2),
)
QUICK = dataclasses.replace(DEFAULT, epochs=4, least_steps=0, embedding=8, hidden=16, batch=16)
SEARCHERS = {
    'nao': lambda space: NAO(space, initial=30, per_round=5, seeds=5, controller=QUICK),
    'reinforce': lambda space: Reinforce(space, layers=1, hidden=6, batch=5, max_draws=12),
    'mcts': lambda space: TreeSearch(space, batch=5, refit=10, epochs=5),
    'evolution': lambda space: Evolution(space, population=8, sample=3),
    'local_search': lambda space: LocalSearch(space, start=4, batch=4),
    'lanas': lambda space: LaNAS(space, initial=8),
    'bayesian': lambda space: BayesianOptimisation(space, start=8),
    'forest': lambda space: ForestRanker(space, start=8, trees=10),
    'forest_generate': lambda space: ForestGenerate(space, start=8, trees=10),
}


@pytest.fixture(scope='module', params=WHOLE, ids=lambda space: space.name)
def pool(request):
    whole, rng = request.param, np.random.default_rng(3)
    cells = {}
    while len(cells) < CELLS:
        cells.setdefault(whole.canonical(whole.sample(rng)))
    return PoolSpace(whole, list(cells))


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def copies(pool):
    """All sequences of the pool's cells."""
    return {copy for cell in pool.cells for copy in (cell, *pool.whole.symmetries(cell))}


def walk(space, prefix=(), state=0):
    """Every sequence that the masks let through."""
    if len(prefix) == space.length:
        yield Architecture(space.name, prefix)
        return
    for token in np.flatnonzero(space.valid[len(prefix), state]).tolist():
        yield from walk(space, (*prefix, token), int(space.next_state[state, token]))


def test_the_masks_let_through_the_pool_and_nothing_else(pool):
    written = list(walk(pool))
    assert len(written) == len(set(written)) == pool.size
    assert set(written) == copies(pool)
    assert pool.completions[0][0] == pool.size


def test_canonical_forms_are_those_of_the_whole_space(pool, rng):
    assert len(pool.cells) == CELLS
    for copy in copies(pool):
        assert pool.canonical(copy) == pool.whole.canonical(copy)
    for _ in range(20):
        cell = pool.whole.sample(rng)
        assert pool.canonical(cell) == pool.whole.canonical(cell)


def test_draws_are_uniform_over_the_cells(pool, rng):
    counts = dict.fromkeys(pool.cells, 0)
    for _ in range(100 * CELLS):
        counts[pool.sample(rng)] += 1
    # Chi squared with 59 degrees of freedom exceeds 110 once in 20,000 times.
    assert sum((count - 100) ** 2 / 100 for count in counts.values()) < 110


def test_symmetric_copies_stay_inside(pool, rng):
    tokens = np.array([cell.tokens for cell in pool.cells])
    for copied in (pool.random_symmetry(tokens, rng), pool.random_isomorph(tokens, rng)):
        for row, cell in zip(copied.tolist(), pool.cells, strict=True):
            copy = Architecture(pool.name, tuple(row))
            assert pool.is_valid(copy)
            assert pool.canonical(copy) == cell


def test_neighbours_are_of_the_pool_and_mutual(pool, rng):
    neighbours = {cell: list(pool.mutations(cell)) for cell in pool.cells}
    for cell, others in neighbours.items():
        assert len(set(others)) == len(others) >= 15
        assert cell not in others
        assert set(others) <= set(pool.cells)
        assert all(cell in neighbours[other] for other in others)
        assert pool.mutate(cell, rng) in others


def test_neighbours_are_the_nearest():
    whole = get_space('nasbench201')
    first = whole.canonical(whole.sample(np.random.default_rng(0)))
    near = list(dict.fromkeys(map(whole.canonical, whole.mutations(first))))[:4]
    far = [whole.canonical(whole.sample(np.random.default_rng(seed))) for seed in range(40, 60)]
    pool = PoolSpace(whole, [first, *near, *far], neighbours=4)
    features = whole.features(pool.cells)
    distances = np.linalg.norm(features - features[0], axis=1)
    bound = np.sort(distances)[4]
    assert {cell for cell, distance in zip(pool.cells, distances, strict=True) if 0 < distance < bound} <= set(
        pool.mutations(first)
    )


@pytest.mark.parametrize('name', SEARCHERS)
def test_searchers_stay_inside_and_find_all(name):
    whole, rng = WHOLE[0], np.random.default_rng(5)
    pool = PoolSpace(whole, [whole.sample(rng) for _ in range(40)])
    searcher = SEARCHERS[name](pool)
    found = []
    while proposals := searcher.propose(searcher.round_size):
        found += [proposal.architecture for proposal in proposals]
        searcher.observe([Evaluation(cell, float(sum(cell.tokens))) for cell in found[-len(proposals) :]])
    assert len(found) == len(set(found))
    assert set(found) == set(pool.cells)


def test_there_is_no_growth(pool):
    with pytest.raises(InputError, match='has no growth'):
        Progressive(pool)


def test_wrong_pools_and_parents():
    whole = get_space('nasbench201')
    cells = [whole.canonical(whole.sample(np.random.default_rng(seed))) for seed in range(3)]
    with pytest.raises(InputError, match='two different architectures, not 1'):
        PoolSpace(whole, [cells[0], cells[0]])
    with pytest.raises(InputError, match='not in the pool of 2 architectures of nasbench201'):
        PoolSpace(whole, cells[:2]).mutate(cells[2], np.random.default_rng(0))


def test_the_machine_is_the_smallest():
    # ac, ad, bc, bd: one state before each position and one behind; with bd alone behind b there are two.
    rows = np.array([[1, 3], [1, 4], [2, 3], [2, 4]])
    next_state, valid = minimal_machine(rows, 5)
    assert next_state.shape == (3, 5)
    assert valid.sum() == 4
    assert len(minimal_machine(rows[[0, 1, 3]], 5)[0]) == 4
