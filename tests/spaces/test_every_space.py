"""Properties that every space has: the masks, the three ways of writing, symmetry, canonical form, mutation."""

import functools
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nao_tf.spaces.architecture import Architecture
from nao_tf.spaces.cell_pair import CellPairSpace
from nao_tf.spaces.conv_cell import ConvCellSpace
from nao_tf.spaces.isomorphism import canonical_nodes
from nao_tf.spaces.recurrent_cell import RecurrentCellSpace
from nao_tf.spaces.registry import BUILT_IN, get_space
from tests.support import brute_force_cells as brute

SPACES = (
    *(get_space(name) for name in BUILT_IN),
    ConvCellSpace('three_nodes', ('identity', 'blur', 'conv 3x3', 'conv 5x5'), nodes=3),
    ConvCellSpace('one_node', ('identity', 'conv 3x3'), nodes=1, tokens_per_operation=1),
    ConvCellSpace('seven_nodes', ('identity', 'max_pool 3x3'), nodes=7, tokens_per_operation=1),
    RecurrentCellSpace('small_rnn', nodes=4, activations=('tanh', 'swish')),
)
every_space = pytest.mark.parametrize('space', SPACES, ids=lambda space: space.name)
seeds = st.integers(0, 2**32 - 1)
with_seeds = functools.partial(settings, deadline=None, database=None)


def decoded(space, rng):
    """Walks the state machine with random logits, as a greedy decoder does."""
    tokens, state = [], 0
    for position in range(space.length):
        logits = np.where(space.valid[position, state], rng.normal(size=len(space.vocabulary)), -np.inf)
        token = int(np.argmax(logits))
        tokens.append(token)
        state = int(space.next_state[state, token])
    return Architecture(space.name, tuple(tokens))


@every_space
def test_every_reachable_prefix_can_be_completed(space):
    states = {0}
    for position in range(space.length):
        following = set()
        for state in states:
            valid = np.flatnonzero(space.valid[position, state])
            assert len(valid)
            assert 0 not in valid  # the start token
            assert all(space.completions[position][state] > 0 for state in states)
            following |= {int(space.next_state[state, token]) for token in valid}
        states = following
    assert space.completions[0][0] == space.size


@every_space
def test_shapes_of_the_masks(space):
    states = space.next_state.shape[0]
    assert space.next_state.shape == (states, len(space.vocabulary))
    assert space.next_state.dtype == np.int32
    assert space.next_state.min() >= 0
    assert space.next_state.max() < states
    assert space.valid.shape == (space.length, states, len(space.vocabulary))
    assert space.valid.dtype == bool
    assert space.length % space.branch_length == 0
    assert space.vocabulary[0] == '<sos>'
    assert len(set(space.vocabulary)) == len(space.vocabulary)


@every_space
@with_seeds(max_examples=25)
@given(seed=seeds)
def test_what_is_drawn_is_valid(space, seed):
    rng = np.random.default_rng(seed)
    sample = space.sample(rng)
    space.validate(sample)
    space.validate(decoded(space, rng))
    mutation = space.mutate(sample, rng)
    space.validate(mutation)
    assert mutation != sample
    symmetric = space.random_symmetry(np.array([sample.tokens]), rng)[0]
    space.validate(Architecture(space.name, tuple(symmetric)))
    space.validate(space.canonical(sample))


@every_space
@with_seeds(max_examples=25)
@given(seed=seeds)
def test_written_and_read_back(space, seed):
    architecture = space.sample(np.random.default_rng(seed))
    assert space.parse(str(architecture)) == architecture
    assert space.parse(space.to_text(architecture)) == architecture
    assert space.parse(json.dumps(architecture.to_json())) == architecture
    assert space.parse(json.dumps(space.to_json(architecture), indent=2)) == architecture
    if isinstance(space, CellPairSpace):
        assert space.from_cells(space.cells(architecture)) == architecture
    else:
        assert space.from_nodes(space.nodes(architecture)) == architecture


@every_space
@with_seeds(max_examples=25)
@given(seed=seeds)
def test_canonical_form_is_idempotent_and_blind_to_symmetry(space, seed):
    rng = np.random.default_rng(seed)
    architecture = decoded(space, rng)
    form = space.canonical(architecture)
    assert space.canonical(form) == form
    batch = space.random_symmetry(np.array([architecture.tokens] * 3), rng)
    assert {space.canonical(Architecture(space.name, tuple(row))) for row in batch} == {form}


@with_seeds(max_examples=60)
@given(seed=seeds, nodes=st.integers(1, 6), operations=st.integers(1, 3))
def test_canonical_form_is_blind_to_renumbering(seed, nodes, operations):
    rng = np.random.default_rng(seed)
    inputs = rng.integers(np.repeat(np.arange(2, 2 + nodes), 2)).tolist()
    names = rng.integers(operations, size=2 * nodes).tolist()
    cell = tuple((inputs[i], names[i], inputs[i + 1], names[i + 1]) for i in range(0, 2 * nodes, 2))
    copies = (brute.renumbered(cell, tuple(rng.permutation(nodes).tolist())) for _ in range(100))
    for copy in [copy for copy in copies if copy is not None][:5]:
        flipped = brute.exchanged(copy, tuple(rng.random(nodes) < 0.5))
        assert canonical_nodes(flipped).nodes == canonical_nodes(cell).nodes


@every_space
def test_mutations_are_different_valid_and_mutual(space):
    rng = np.random.default_rng(0)
    architecture = space.sample(rng)
    mutations = list(space.mutations(architecture))
    assert len(set(mutations)) == len(mutations)
    assert all(space.is_valid(mutation) for mutation in mutations)
    assert architecture not in mutations
    for index in rng.integers(len(mutations), size=5):
        back = {space.canonical(other) for other in space.mutations(mutations[index])}
        assert space.canonical(architecture) in back


@every_space
def test_describe_names_every_node(space):
    architecture = space.sample(np.random.default_rng(0))
    text = space.describe(architecture)
    if isinstance(space, CellPairSpace):
        pair = space.cells(architecture)
        assert text.count(' = ') == len(pair.normal.nodes) + len(pair.reduction.nodes) + 2
    else:
        assert text.count(' = ') == space.node_count + 2


@every_space
def test_seeded(space):
    first, second = (space.sample(np.random.default_rng(11)) for _ in range(2))
    assert first == second
    assert first != space.sample(np.random.default_rng(12))
