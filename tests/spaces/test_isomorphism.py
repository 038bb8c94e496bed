"""The canonical form against brute force over all renumberings and exchanges."""

import itertools

import numpy as np
import pytest

from nao_tf.spaces.conv_cell import ConvCellSpace
from nao_tf.spaces.isomorphism import canonical_nodes
from nao_tf.spaces.recurrent_cell import RecurrentCellSpace
from tests.support import brute_force_cells as brute


def branches(nodes, operations):
    """Number of unordered pairs of branches of a node that may read `nodes` earlier ones."""
    codes = nodes * operations
    return codes * (codes + 1) // 2


@pytest.mark.parametrize('operations', [1, 2])
def test_two_nodes_exhaustively(operations):
    cells = brute.all_cells(2, operations)
    form = {nodes: canonical_nodes(nodes).nodes for nodes in cells}
    classes = {}
    for nodes in cells:
        classes.setdefault(form[nodes], set()).add(nodes)
    for nodes in cells:
        assert classes[form[nodes]] == brute.orbit(nodes)
    # By hand: two nodes that read the cell's inputs are an unordered pair; otherwise the second reads the first.
    first, second = branches(2, operations), branches(3, operations)
    assert len(classes) == first * (first + 1) // 2 + first * (second - first)
    assert len(classes) == {1: 15, 2: 165}[operations]


def test_three_nodes_of_one_operation_exhaustively():
    classes = {}
    for nodes in brute.all_cells(3, 1):
        classes.setdefault(canonical_nodes(nodes).nodes, set()).add(nodes)
    assert sum(len(members) for members in classes.values()) == 4 * 9 * 16
    for members in classes.values():
        assert members == brute.orbit(next(iter(members)))


@pytest.mark.parametrize(
    ('nodes', 'operations', 'count'), [(3, 3, 150), (4, 2, 60), (5, 1, 25), (5, 2, 25), (5, 11, 10)]
)
def test_samples_are_the_smallest_of_their_orbit(nodes, operations, count):
    rng = np.random.default_rng(nodes * 100 + operations)
    for _ in range(count):
        cell = random_cell(rng, nodes, operations)
        assert canonical_nodes(cell).nodes == min(brute.orbit(cell))


@pytest.mark.parametrize(('nodes', 'operations'), [(3, 1), (5, 1), (5, 2)])
def test_different_forms_are_different_cells(nodes, operations):
    rng = np.random.default_rng(7)
    cells = [random_cell(rng, nodes, operations) for _ in range(30)]
    orbits = [brute.orbit(cell) for cell in cells]
    for first, second in itertools.combinations(range(len(cells)), 2):
        equal = canonical_nodes(cells[first]).nodes == canonical_nodes(cells[second]).nodes
        assert equal == (cells[first] in orbits[second])


def test_permutation_and_exchanges_lead_to_the_form():
    rng = np.random.default_rng(3)
    for _ in range(300):
        cell = random_cell(rng, 5, 2)
        result = canonical_nodes(cell)
        renumbered = brute.renumbered(cell, result.order)
        assert renumbered is not None
        assert brute.exchanged(renumbered, result.swapped) == result.nodes


def test_many_twins_do_not_blow_up():
    twins = tuple((0, 0, 1, 0) for _ in range(12))
    assert canonical_nodes(twins).nodes == twins


def test_twins_are_told_apart_by_their_readers():
    # node 3 reads the first twin twice; node 4 reads the second once
    one = ((0, 0, 1, 0), (0, 0, 1, 0), (2, 0, 2, 0), (3, 0, 1, 0))
    other = ((0, 0, 1, 0), (0, 0, 1, 0), (3, 0, 3, 0), (1, 0, 2, 0))
    different = ((0, 0, 1, 0), (0, 0, 1, 0), (3, 0, 3, 0), (1, 0, 3, 0))
    assert canonical_nodes(one).nodes == canonical_nodes(other).nodes
    assert canonical_nodes(one).nodes != canonical_nodes(different).nodes


def test_number_of_different_architectures_of_a_tiny_space():
    space = ConvCellSpace('tiny', ('identity', 'conv 3x3'), nodes=1)
    everything = [
        space.architecture(space._architecture(codes).tokens)
        for codes in itertools.product(itertools.product(range(2), range(2)), repeat=4)
    ]
    assert len(everything) == space.size == 256
    assert len({space.canonical(architecture) for architecture in everything}) == 10**2


@pytest.mark.parametrize(('nodes', 'activations'), [(3, 2), (4, 1), (4, 2)])
def test_recurrent_cells_exhaustively(nodes, activations):
    space = RecurrentCellSpace('tiny', nodes=nodes, activations=('tanh', 'relu')[:activations])
    choices = [list(itertools.product(range(index), range(activations))) for index in range(1, nodes + 1)]
    classes = {}
    for cell in itertools.product(*choices):
        form = tuple(space._codes(space.canonical(space._architecture(cell))))
        classes.setdefault(form, set()).add(cell)
    assert sum(len(members) for members in classes.values()) == space.size
    for form, members in classes.items():
        assert members == brute.recurrent_orbit(form)
    if activations == 1:
        assert len(classes) == 9  # unlabelled rooted trees of 5 vertices


def test_recurrent_samples_against_brute_force():
    rng = np.random.default_rng(5)
    space = RecurrentCellSpace('six', nodes=6)
    for _ in range(30):
        architecture = space.sample(rng)
        copies = brute.recurrent_orbit(tuple(space._codes(architecture)))
        assert {space.canonical(space._architecture(copy)) for copy in copies} == {space.canonical(architecture)}


def test_canonical_order_carries_a_recurrent_cell_over():
    rng = np.random.default_rng(6)
    space = RecurrentCellSpace('seven', nodes=7)
    for _ in range(50):
        architecture = space.sample(rng)
        order = space.canonical_order(architecture)
        before, after = space.nodes(architecture), space.nodes(space.canonical(architecture))
        for new, old in enumerate(order, start=1):
            (source, activation), (new_source, new_activation) = before[old - 1], after[new - 1]
            assert activation == new_activation
            assert source == (0 if new_source == 0 else order[new_source - 1])


def random_cell(rng, nodes, operations):
    """Returns a coded cell, uniform over all."""
    inputs = rng.integers(np.repeat(np.arange(2, 2 + nodes), 2)).tolist()
    names = rng.integers(operations, size=2 * nodes).tolist()
    return tuple((inputs[i], names[i], inputs[i + 1], names[i + 1]) for i in range(0, 2 * nodes, 2))
