"""The growing cell: masks, growth, writing, features, and a Keras network of a small cell."""

import itertools

import keras
import numpy as np
import pytest

from nao_tf.errors import InputError
from nao_tf.networks.cell_network import CellNetwork
from nao_tf.networks.config import NetworkConfig
from nao_tf.searchers.enumeration import canonical_cells
from nao_tf.spaces.architecture import Architecture
from nao_tf.spaces.cells import CellPair
from nao_tf.spaces.growing_cell import GrowingCellSpace
from nao_tf.spaces.registry import get_space
from tests.support import brute_force_cells as brute

PNAS = get_space('pnas_cnn')
SMALL = GrowingCellSpace('small_growing', ('identity', 'conv 3x3'), nodes=2)


def test_pnas_begins_with_136_cells():
    cells = list(PNAS.extensions(None))
    assert len(cells) == len(set(cells)) == 136
    assert {PNAS.stage(cell) for cell in cells} == {1}
    assert PNAS.stages == 5


def test_size_is_the_number_of_sequences():
    # 2 inputs x 2 operations: 4^2 nodes; the second node has 3 inputs: 6^2 of them behind each.
    assert SMALL.size == SMALL.completions[0][0] == 16 + 16 * 36
    assert PNAS.size == PNAS.completions[0][0]


def test_growth_reaches_every_cell():
    first = set(SMALL.extensions(None))
    second = set(itertools.chain.from_iterable(SMALL.extensions(cell) for cell in first))
    assert first | second == set(canonical_cells(SMALL))
    assert not any(list(SMALL.extensions(cell)) for cell in second)


def test_the_number_of_cells_by_brute_force():
    branches = [list(itertools.product(range(2 + node), range(2))) for node in range(2)]
    one, two = (list(itertools.product(choices, repeat=2)) for choices in branches)
    forms = {brute_form(((*left, *right),)) for left, right in one}
    forms |= {brute_form(((*a, *b), (*c, *d))) for a, b in one for c, d in two}
    assert len(canonical_cells(SMALL)) == len(forms)


def brute_form(cell):
    """The smallest of all renumberings and exchanges."""
    orders = itertools.permutations(range(len(cell)))
    copies = [copy for copy in (brute.renumbered(cell, order) for order in orders) if copy is not None]
    flips = itertools.product((False, True), repeat=len(cell))
    return min(brute.exchanged(copy, flip) for flip in flips for copy in copies)


def test_extend_draws_extensions():
    rng = np.random.default_rng(0)
    for cell in list(SMALL.extensions(None))[:4]:
        choices = set(SMALL.extensions(cell))
        assert {SMALL.extend(cell, rng) for _ in range(400)} == choices
    assert SMALL.extend(next(iter(choices)), rng) is None


@pytest.mark.parametrize(
    ('tokens', 'message'),
    [
        ((6, 6, 6, 6, 6, 6, 6, 6), r'token 6 \(absent\) at position 0 is not valid there'),
        ((1, 4, 1, 4, 1, 6, 1, 4), 'token 6 .absent. at position 5 is not valid'),
        ((1, 4, 1, 4, 6, 6, 1, 4), 'token 1 .node_1. at position 6 .*behind one that is absent.*valid: absent'),
        ((1, 4, 3, 4, 6, 6, 6, 6), 'token 3 .node_3. at position 2'),
    ],
)
def test_wrong_tokens(tokens, message):
    with pytest.raises(InputError, match=message):
        SMALL.architecture(tokens)


def test_mutations_grow_and_shrink():
    rng = np.random.default_rng(1)
    cell = SMALL.architecture((1, 4, 2, 5, 6, 6, 6, 6))
    mutations = set(SMALL.mutations(cell))
    # Two branches: another input (1) or another operation (1) each; 36 nodes may follow.
    assert len(mutations) == 4 + 36
    drawn = [SMALL.mutate(cell, rng) for _ in range(300)]
    assert set(drawn) <= mutations
    assert 0.2 < np.mean([SMALL.stage(other) == 2 for other in drawn]) < 0.5
    grown = SMALL.architecture((1, 4, 2, 5, 3, 4, 1, 4))
    assert cell in set(SMALL.mutations(grown))
    assert cell in {SMALL.mutate(grown, rng) for _ in range(100)}


def test_text_is_one_cell_and_needs_no_absent_word():
    cell = PNAS.parse('node_1 sep_conv 3x3 node_2 identity')
    assert PNAS.to_text(cell) == 'node_1 sep_conv 3x3 node_2 identity'
    assert PNAS.stage(cell) == 1
    assert PNAS.cells(cell).normal == PNAS.cells(cell).reduction


def test_cells_that_it_cannot_write():
    pair = get_space('enas_cnn').cells(get_space('enas_cnn').sample(np.random.default_rng(0)))
    with pytest.raises(InputError, match='these differ'):
        PNAS.from_cells(pair)
    with pytest.raises(InputError, match='1 to 2 nodes, not 5'):
        SMALL.from_cells(CellPair(pair.normal, pair.normal))
    with pytest.raises(InputError, match="operation 'conv 9x9' of node_3 is not in the space"):
        PNAS.parse('node_1 conv 9x9 node_2 identity')


@pytest.mark.parametrize(
    ('operations', 'nodes'), [((), 2), (('identity', 'identity'), 2), (('identity',), 0), (('absent',), 1)]
)
def test_wrong_spaces(operations, nodes):
    with pytest.raises(InputError, match='space wrong'):
        GrowingCellSpace('wrong', operations, nodes=nodes)


def test_features_tell_cells_apart_whatever_their_size():
    rng = np.random.default_rng(3)
    cells = {PNAS.canonical(PNAS.sample(rng)) for _ in range(300)}
    features = PNAS.features(sorted(cells))
    assert features.dtype == np.float32
    assert len(np.unique(features, axis=0)) > 0.95 * len(cells)
    assert {PNAS.stage(cell) for cell in cells} == {1, 2, 3, 4, 5}


def test_features_count_loose_ends():
    one = PNAS.parse('node_1 identity node_1 identity')  # node_2 and node_3 are loose
    chain = PNAS.parse('node_1 identity node_2 identity node_3 identity node_3 identity')  # node_4 is
    assert PNAS.features([one, chain])[:, -1].tolist() == [2, 1]


@pytest.mark.parametrize('nodes', [1, 2])
def test_a_network_of_a_small_cell(nodes):
    rng = np.random.default_rng(nodes)
    cell = next(iter(PNAS.extensions(None)))
    for _ in range(nodes - 1):
        cell = PNAS.extend(cell, rng)
    config = NetworkConfig(image_shape=(8, 8, 3), classes=3, cells_per_stage=1, filters=4, auxiliary=False)
    network = CellNetwork(PNAS.cells(cell), config)
    logits = network(np.zeros((2, 8, 8, 3), np.float32))
    assert keras.ops.shape(logits) == (2, 3)
    assert len(PNAS.cells(cell).normal.nodes) == nodes


def test_an_architecture_of_this_space_only():
    with pytest.raises(InputError, match="of space 'other'"):
        PNAS.validate(Architecture('other', (1,) * 20))


def test_a_space_without_growth_says_so():
    space = get_space('nao_cnn')
    cell = space.sample(np.random.default_rng(0))
    calls = (
        lambda: space.stages,
        lambda: space.stage(cell),
        lambda: space.extensions(None),
        lambda: space.extend(cell, np.random.default_rng(0)),
    )
    for call in calls:
        with pytest.raises(InputError, match=r'space nao_cnn has no growth.*progressive search cannot search it'):
            call()
