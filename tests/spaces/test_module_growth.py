"""Growth of NAS-Bench-101's cells by vertices."""

import itertools

import numpy as np

from nao_tf.searchers.enumeration import canonical_cells
from nao_tf.spaces.nasbench101 import NASBench101Space
from nao_tf.spaces.registry import get_space

SMALL = NASBench101Space('small_modules', vertices=5, edges=6)


def test_growth_reaches_every_cell_and_no_other():
    level = set(SMALL.extensions(None))
    reached = set(level)
    for size in range(2, SMALL.stages + 1):
        level = set(itertools.chain.from_iterable(SMALL.extensions(cell) for cell in level))
        assert {SMALL.stage(cell) for cell in level} == {size}
        reached |= level
    assert reached == set(canonical_cells(SMALL))


def test_the_smallest_cells_of_the_benchmark():
    space = get_space('nasbench101')
    first = list(space.extensions(None))
    # The empty cell; three operations with and without an edge from the input to the output.
    assert len(first) == len(set(first)) == 7
    assert space.stages == 5
    assert {space.stage(cell) for cell in first} == {1}
    assert not list(space.extensions(first[0]))


def test_the_largest_cells_do_not_grow():
    cells = list(SMALL.extensions(None))
    while SMALL.stage(cells[-1]) < SMALL.stages:
        cells = list(SMALL.extensions(cells[-1]))
    assert not list(SMALL.extensions(cells[0]))
    for cell in cells:
        SMALL.validate(cell)
        assert SMALL.canonical(cell) == cell


def test_extend_draws_extensions():
    rng = np.random.default_rng(0)
    empty, *first = SMALL.extensions(None)
    assert SMALL.extend(empty, rng) is None
    for cell in first[:3]:
        assert {SMALL.extend(cell, rng) for _ in range(300)} == set(SMALL.extensions(cell))
