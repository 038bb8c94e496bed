"""The convolutional cell pair: vocabulary, layout, sizes, cells, mutation, symmetry."""

import pickle

import numpy as np
import pytest

from nao_tf.errors import InputError
from nao_tf.spaces.cells import Branch, Cell, CellPair, Node
from nao_tf.spaces.conv_cell import ConvCellSpace
from nao_tf.spaces.registry import get_space

SMALL = ConvCellSpace('small', ('identity', 'conv 3x3', 'max_pool 2x2'), nodes=2)


def test_vocabulary_has_the_released_ids():
    space = get_space('nao_cnn')
    words = '<sos> node_1 node_2 node_3 node_4 node_5 node_6 identity sep_conv conv dil_sep_conv avg_pool max_pool'
    words += ' min_pool 1x1 2x2 3x3 5x5 7x7 1x3+3x1 1x7+7x1'
    assert space.vocabulary == tuple(words.split())
    assert (space.length, space.branch_length, len(space.operations)) == (60, 3, 11)


def test_vocabulary_of_one_token_an_operation():
    space = get_space('nao_cnn_op')
    assert (space.length, space.branch_length, len(space.vocabulary)) == (40, 2, 1 + 6 + 11)
    space = get_space('enas_cnn')
    assert (space.length, space.branch_length, len(space.vocabulary)) == (40, 2, 12)
    assert space.vocabulary[7:] == ('sep_conv 3x3', 'sep_conv 5x5', 'avg_pool 3x3', 'max_pool 3x3', 'identity')


def test_sizes_by_hand():
    # Inputs of the five nodes: 2 3 4 5 6, two branches each, two cells: (2*3*4*5*6)^4 = 720^4.
    assert get_space('nao_cnn').size == 720**4 * 11**20
    assert get_space('nao_cnn_op').size == get_space('nao_cnn').size
    assert get_space('enas_cnn').size == 720**4 * 5**20
    assert get_space('nao_cnn_wide').size == 720**4 * len(get_space('nao_cnn_wide').operations) ** 20
    assert SMALL.size == (2 * 3) ** 4 * 3**8


@pytest.mark.parametrize(
    ('kind', 'sizes'),
    [
        ('identity', {'1x1'}),
        ('conv', {'1x1', '3x3', '1x3+3x1', '1x7+7x1'}),
        ('avg_pool', {'2x2', '3x3', '5x5'}),
        ('max_pool', {'2x2', '3x3', '5x5'}),
    ],
)
def test_size_is_masked_by_the_kind(kind, sizes):
    space = get_space('nao_cnn')
    state = space.next_state[0, space.vocabulary.index(kind)]
    for position in range(2, 60, 3):
        assert {space.vocabulary[token] for token in np.flatnonzero(space.valid[position, state])} == sizes


def test_inputs_and_kinds_are_masked_by_the_node():
    space = get_space('nao_cnn')
    for branch in range(20):
        inputs = np.flatnonzero(space.valid[3 * branch, 0])
        assert inputs.tolist() == list(range(1, 3 + branch % 10 // 2))
        kinds = {space.vocabulary[token] for token in np.flatnonzero(space.valid[3 * branch + 1, 0])}
        assert kinds == {'identity', 'conv', 'avg_pool', 'max_pool'}


def test_cells_of_a_sequence():
    tokens = SMALL.architecture([1, 6, 13, 2, 4, 11, 3, 9, 12, 1, 6, 13, *[1, 4, 11] * 4])
    cell = SMALL.cells(tokens).normal
    assert cell.nodes == (
        Node(Branch(0, 'conv 3x3'), Branch(1, 'identity')),
        Node(Branch(2, 'max_pool 2x2'), Branch(0, 'conv 3x3')),
    )
    assert cell.loose_ends == (3,)
    assert SMALL.cells(tokens).reduction.loose_ends == (1, 2, 3)
    assert SMALL.from_cells(SMALL.cells(tokens)) == tokens


def test_a_cell_between_forms():
    one, two = get_space('nao_cnn'), get_space('nao_cnn_op')
    architecture = one.sample(np.random.default_rng(0))
    other = two.from_cells(one.cells(architecture))
    assert one.from_cells(two.cells(other)) == architecture
    assert two.from_cells(one.cells(one.canonical(architecture))) == two.canonical(other)


def test_from_cells_refuses_what_it_cannot_write():
    node = Node(Branch(0, 'identity'), Branch(1, 'identity'))
    cell = Cell((node, node))
    with pytest.raises(InputError, match='has 2 nodes, the normal cell has 1'):
        SMALL.from_cells(CellPair(Cell((node,)), cell))
    with pytest.raises(InputError, match='lists its outputs'):
        SMALL.from_cells(CellPair(cell, Cell((node, node), outputs=(3,))))
    strange = Cell((node, Node(Branch(0, 'identity'), Branch(1, 'conv 9x9'))))
    with pytest.raises(InputError, match="'conv 9x9' of node_4 of the reduction cell"):
        SMALL.from_cells(CellPair(cell, strange))
    assert SMALL.from_cells(CellPair(cell, Cell((node, node), outputs=(3, 2)))) == SMALL.from_cells(
        CellPair(cell, cell)
    )


def test_mutations_are_one_decision_each():
    architecture = SMALL.sample(np.random.default_rng(1))
    mutations = list(SMALL.mutations(architecture))
    # Other inputs: 1 1 2 2 in each cell; other operations: 2 for each of the 8 branches.
    assert len(mutations) == len(set(mutations)) == 2 * (1 + 1 + 2 + 2) + 8 * 2
    before = SMALL._codes(architecture.tokens)
    for mutation in mutations:
        SMALL.validate(mutation)
        after = SMALL._codes(mutation.tokens)
        changed = [(old, new) for old, new in zip(before, after, strict=True) if old != new]
        assert len(changed) == 1
        assert sum(old != new for old, new in zip(*changed[0], strict=True)) == 1


def test_mutate_draws_every_mutation_alike():
    architecture = SMALL.sample(np.random.default_rng(2))
    rng = np.random.default_rng(3)
    mutations = list(SMALL.mutations(architecture))
    counts = dict.fromkeys(mutations, 0)
    draws = 200 * len(mutations)
    for _ in range(draws):
        counts[SMALL.mutate(architecture, rng)] += 1
    # Each count is binomial with mean 200 and standard deviation 14; six of those are never passed by chance.
    assert all(abs(count - 200) < 85 for count in counts.values())


def test_a_space_of_one_architecture_cannot_be_mutated():
    class One(ConvCellSpace):
        def __init__(self):
            super().__init__('one', ('identity',), nodes=1)
            self._inputs = np.ones_like(self._inputs)

    with pytest.raises(InputError, match='one architecture only'):
        One().mutate(One().architecture([1, 3, 10] * 4), np.random.default_rng(0))


def test_samples_are_uniform_over_the_space():
    space = ConvCellSpace('tiny', ('identity', 'conv 1x1', 'conv 3x3'), nodes=1)
    rng = np.random.default_rng(4)
    kinds = [space.sample(rng).tokens[1] for _ in range(3000)]
    # Two of the three operations are convolutions: uniform over operations, not over kinds.
    assert abs(np.mean(np.array(kinds) == space.vocabulary.index('conv')) - 2 / 3) < 0.05


def test_symmetries_of_a_small_cell():
    architecture = SMALL.parse(
        'node_1 identity node_2 identity node_1 conv 3x3 node_1 conv 3x3 '
        'node_1 identity node_1 conv 3x3 node_2 identity node_3 identity'
    )
    copies = list(SMALL.symmetries(architecture))
    assert len(set(copies)) == len(copies) == 2**3 - 1  # one of the four nodes has equal branches
    assert architecture not in copies
    assert {SMALL.canonical(copy) for copy in copies} == {SMALL.canonical(architecture)}


def test_symmetries_are_lazy():
    space = get_space('nao_cnn')
    first = next(space.symmetries(space.sample(np.random.default_rng(0))))
    assert space.is_valid(first)


def test_branch_swaps_are_where_the_branches_are():
    swaps = get_space('nao_cnn').branch_swaps
    assert swaps.shape == (10, 2, 3)
    assert swaps[0].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert swaps[9].tolist() == [[54, 55, 56], [57, 58, 59]]


def test_random_symmetry_draws_every_copy_alike():
    space = ConvCellSpace('tiny', ('identity', 'conv 3x3'), nodes=1)
    architecture = space.parse('node_1 identity node_2 conv 3x3 node_1 conv 3x3 node_2 identity')
    batch = np.tile(np.array(architecture.tokens), (4000, 1))
    copies = space.random_symmetry(batch, np.random.default_rng(5))
    counts = dict.fromkeys({architecture.tokens, *(copy.tokens for copy in space.symmetries(architecture))}, 0)
    for row in copies.tolist():
        counts[tuple(row)] += 1
    assert len(counts) == 4
    assert all(abs(count - 1000) < 170 for count in counts.values())
    assert (batch == architecture.tokens).all()  # the batch is left alone


def test_own_operations_follow_the_released_vocabulary():
    space = ConvCellSpace('own', ('identity', 'blur', 'conv 9x9'))
    released = get_space('nao_cnn').vocabulary
    assert space.vocabulary == (*released, 'blur', '9x9')
    architecture = space.sample(np.random.default_rng(0))
    assert space.parse(space.to_text(architecture)) == architecture
    assert {branch.operation for node in space.cells(architecture).normal.nodes for branch in node.branches} <= {
        'identity',
        'blur',
        'conv 9x9',
    }


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        ({'operations': ()}, 'at least one and all different'),
        ({'operations': ('identity', 'identity 1x1')}, 'at least one and all different'),
        ({'operations': ('blur', 'blur 1x1')}, 'written alike'),
        ({'operations': ('identity', 'node_1')}, 'is a word of the vocabulary'),
        ({'operations': ('conv 3 x 3',)}, "written 'kind' or 'kind size'"),
        ({'operations': ('identity',), 'nodes': 0}, 'at least 1 node'),
        ({'operations': ('identity',), 'tokens_per_operation': 3}, '1 or 2 tokens, not 3'),
    ],
)
def test_a_space_that_cannot_be(arguments, message):
    with pytest.raises(InputError, match=message):
        ConvCellSpace('wrong', **arguments)


def test_spaces_can_be_pickled():
    space = pickle.loads(pickle.dumps(get_space('nao_cnn')))
    architecture = space.sample(np.random.default_rng(0))
    assert space.canonical(architecture) == get_space('nao_cnn').canonical(architecture)


def test_drawing():
    architecture = SMALL.parse(
        'node_1 identity node_2 conv 3x3 node_3 max_pool 2x2 node_1 identity '
        'node_1 identity node_1 identity node_1 identity node_1 conv 3x3'
    )
    assert SMALL.describe(architecture) == (
        'normal cell\n'
        '  node_3 = identity(k-2) + conv 3x3(k-1)\n'
        '  node_4 = max_pool 2x2(node_3) + identity(k-2)\n'
        '  output = concat(node_4)\n'
        'reduction cell\n'
        '  node_3 = identity(k-2) + identity(k-2)\n'
        '  node_4 = identity(k-2) + conv 3x3(k-2)\n'
        '  output = concat(k-1, node_3, node_4)'
    )
