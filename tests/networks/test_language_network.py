"""The recurrent language network: against NumPy, finite differences, and what must hold of state, masks and weights."""

import numpy as np
import pytest
import tensorflow as tf

from nao_tf.errors import InputError
from nao_tf.networks.dropping import variational_mask
from nao_tf.networks.language_network import LanguageNetwork
from nao_tf.networks.recurrent_config import DROPOUTS, RULES, RecurrentConfig
from nao_tf.spaces.cells import RecurrentCell
from nao_tf.spaces.named import named_cell
from nao_tf.spaces.registry import get_space

SPACE = get_space('nao_rnn')
FUNCTIONS = {
    'tanh': np.tanh,
    'relu': lambda x: np.maximum(x, 0),
    'sigmoid': lambda x: 1 / (1 + np.exp(-x)),
    'identity': lambda x: x,
}
# All four activations, siblings, a chain, and nodes whose order is not that of their depth.
CELL = RecurrentCell(((0, 'relu'), (1, 'tanh'), (0, 'sigmoid'), (2, 'identity'), (0, 'tanh'), (3, 'relu')))
NONE = dict.fromkeys(DROPOUTS, 0.0)
SOME = {**dict.fromkeys(DROPOUTS, 0.3), 'hidden_dropout': 0.5}
SEED = tf.constant([3, 5])


def network_of(rules='released', cell=CELL, vocabulary=11, hidden=6, scale=10, **dropouts):
    config = RecurrentConfig(vocabulary=vocabulary, hidden=hidden, rules=rules, **{**NONE, **dropouts})
    network = LanguageNetwork(cell, config, seed=1)
    for variable in network.trained:  # larger than the initial weights, so that activations bend
        variable.assign(variable.numpy() * scale)
    return network


def tokens(steps, batch, vocabulary=11, seed=0):
    return tf.constant(np.random.default_rng(seed).integers(vocabulary, size=(steps, batch)), tf.int32)


def step_by_hand(network, word, last, mask):
    """One step of the cell as section 3.1 and A3 write it, node by node."""
    hidden = network.config.hidden
    first = np.concatenate([word, last * mask], 1) @ network.first.numpy()
    gated = network.config.rules == 'released'
    values = [np.tanh(first)]
    if gated:
        values = [last + FUNCTIONS['sigmoid'](first[:, :hidden]) * (np.tanh(first[:, hidden:]) - last)]
    for index, (source, name) in enumerate(network.cell.nodes, start=1):
        product = (values[source] * mask) @ network.nodes.numpy()[network.core.plan.rows[index] - 1]
        if gated:
            gate, candidate = FUNCTIONS['sigmoid'](product[:, :hidden]), FUNCTIONS[name](product[:, hidden:])
            values.append(values[source] + gate * (candidate - values[source]))
        else:
            values.append(FUNCTIONS[name](product))
    return np.mean(values[1:] if gated else values, axis=0)


@pytest.mark.parametrize('rules', RULES)
def test_one_step_by_hand(rules):
    network = network_of(rules)
    words = tokens(1, 4)
    last = np.random.default_rng(1).normal(size=(4, 6)).astype(np.float32)
    logits, state = network(words, tf.constant(last))
    expected = step_by_hand(network, network.embedding.numpy()[words[0]], last, np.ones((4, 6)))
    np.testing.assert_allclose(state, expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(
        logits[0], expected @ network.embedding.numpy().T + network.bias.numpy(), rtol=1e-4, atol=1e-5
    )


@pytest.mark.parametrize('rules', RULES)
def test_masks_are_constant_over_a_sequence(rules):
    network = network_of(rules, hidden_dropout=0.5, input_dropout=0.4, embedding_dropout=0.2)
    words = tokens(7, 3)
    mask, features, read = (
        variational_mask(rate, (3, 6), SEED, number).numpy() for rate, number in ((0.5, 0), (0.2, 3), (0.4, 4))
    )
    assert set(np.unique(mask)) == {0.0, 2.0}
    state = np.zeros((3, 6))
    for word in words.numpy():
        state = step_by_hand(network, network.embedding.numpy()[word] * features * read, state, mask)
    found = network.computation.gradients(words, words, tf.ones((7, 3)), network.initial_state(3), SEED)
    np.testing.assert_allclose(found.state, state, rtol=1e-4, atol=1e-5)


def test_masks_differ_from_step_to_step_and_repeat_with_the_seed():
    network = network_of(**SOME)
    words = tokens(5, 3)

    def loss(seed):
        return float(network.computation.gradients(words, words, tf.ones((5, 3)), network.initial_state(3), seed).loss)

    assert loss(SEED) == loss(SEED)
    assert loss(SEED) != loss(SEED + 1)


@pytest.mark.parametrize('dropouts', [NONE, SOME], ids=['plain', 'dropped'])
@pytest.mark.parametrize('rules', RULES)
def test_gradient_against_finite_differences(rules, dropouts):
    network = network_of(rules, scale=6, **dropouts)
    words, targets = tokens(5, 4), tokens(5, 4, seed=1)
    weights = tf.constant(np.random.default_rng(2).integers(2, size=(5, 4)), tf.float32)
    state = tf.constant(np.random.default_rng(3).normal(size=(4, 6)), tf.float32)

    @tf.function
    def compute():
        return network.computation.gradients(
            words, targets, weights, state, SEED, activation_penalty=2.0, slowness_penalty=1.0
        )

    found = compute()
    assert float(found.total) > float(found.loss)
    rng = np.random.default_rng(4)
    for variable, gradient in zip(network.trained, found.gradients, strict=True):
        start = variable.numpy()
        slopes = []
        # Along directions near the gradient's: elsewhere single precision leaves nothing of the difference.
        direction = gradient.numpy() + rng.normal(size=start.shape) * np.abs(gradient).mean()
        direction /= np.linalg.norm(direction)
        for sign in (1, -1):
            variable.assign(start + sign * 2e-3 * direction)
            slopes.append(float(compute().total))
        variable.assign(start)
        numeric = (slopes[0] - slopes[1]) / 4e-3
        assert numeric == pytest.approx(float(np.sum(gradient.numpy() * direction)), rel=1e-2)


@pytest.mark.parametrize('rules', RULES)
@pytest.mark.parametrize('seed', range(4))
def test_time_loop_gradient_against_tensorflows_own(rules, seed):
    """Of random cells of the paper's size, element by element."""
    rng = np.random.default_rng(seed)
    network = network_of(rules, SPACE.cell(SPACE.sample(rng)))
    words, state, by_output = (
        tf.constant(rng.normal(size=shape), tf.float32) for shape in ((6, 3, network.config.width), (3, 6), (6, 3, 6))
    )
    mask = tf.constant(rng.integers(2, size=(3, 6)) * 2.0, tf.float32) if seed else None
    matrices = network.computation.inputs(tokens(6, 3), None).matrices

    @tf.function
    def compute():
        with tf.GradientTape() as tape:
            tape.watch([words, state, *matrices])
            outputs, trace = network.core.forward(words, state, matrices, mask)
            total = tf.reduce_sum(outputs * by_output)
        by_words, by_state, by_matrices = network.core.backward(by_output, trace, outputs, state, matrices, mask)
        return tape.gradient(total, [words, state, *matrices]), [by_words, by_state, *by_matrices]

    for theirs, ours in zip(*compute(), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-5)


def test_weights_are_tied():
    network = network_of()
    assert [variable.name for variable in network.trained] == ['embedding', 'first', 'nodes', 'bias']
    assert len(network.trainable_variables) == 4
    words = tokens(1, 1)
    word = int(words[0, 0])
    before, state = network(words)
    changed = network.embedding.numpy()
    changed[(word + 1) % 11] += 1.0  # a word that is not read: only its own logit moves
    network.embedding.assign(changed)
    after, same = network(words)
    np.testing.assert_array_equal(state, same)
    moved = np.flatnonzero(np.abs(after[0, 0] - before[0, 0]) > 1e-6)
    assert moved.tolist() == [(word + 1) % 11]
    changed[word] += 1.0  # the word that is read: the state moves
    network.embedding.assign(changed)
    assert np.abs(network(words)[1] - state).max() > 1e-3


def test_state_is_carried_over_the_border():
    network = network_of()
    words = tokens(8, 3)
    whole, last = network(words)
    first, state = network(words[:5])
    second, end = network(words[5:], state)
    np.testing.assert_allclose(tf.concat([first, second], 0), whole, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(end, last, rtol=1e-5, atol=1e-6)
    assert np.abs(network(words[5:])[0] - second).max() > 1e-3


@pytest.mark.parametrize('name', ['NAO-RNN', 'NAO-WS-RNN'])
def test_published_size(name):
    """A5's golden count: 850/850/850 on the 10,000 types of Penn Treebank."""
    cell = named_cell(name).cells
    config = RecurrentConfig(vocabulary=10_000, hidden=850)
    assert config.parameters(len(cell.nodes)) == 27_295_000
    assert sum(np.prod(variable.shape) for variable in LanguageNetwork(cell, config).trained) == 27_295_000


def test_cells_that_list_their_outputs():
    cell = named_cell('ENAS-RNN').cells
    network = network_of(cell=cell)
    assert np.flatnonzero(network.core.plan.average).tolist() == sorted(
        network.core.plan.rows[node] for node in cell.averaged
    )
    assert network.core.plan.average.sum() == pytest.approx(1)


def test_time_is_not_unrolled():
    network = network_of()

    def operations(steps):
        spec = tf.TensorSpec((steps, 2), tf.int32)
        graph = tf.function(network.call, autograph=False).get_concrete_function(spec).graph
        return len(graph.get_operations())

    assert operations(3) == operations(50)


def test_order_of_equal_nodes_does_not_matter_for_the_count():
    random = SPACE.sample(np.random.default_rng(0))
    rows = network_of(cell=SPACE.cell(random)).core.plan.rows
    assert sorted(rows) == list(range(12))
    assert rows[0] == 0


@pytest.mark.parametrize(
    ('fields', 'message'),
    [
        ({'hidden': 0}, 'child.hidden is 0; it is a whole number of at least 1'),
        ({'vocabulary': 1}, 'child.vocabulary is 1'),
        ({'rules': 'darts'}, "child.rules is 'darts'; it is one of released, paper"),
        ({'output_dropout': 1.0}, 'child.output_dropout is 1.0; it is a share of at least 0 and below 1'),
    ],
)
def test_wrong_configs(fields, message):
    with pytest.raises(InputError, match=message):
        RecurrentConfig(**{'vocabulary': 10, 'hidden': 4, **fields})


def test_an_activation_that_does_not_exist():
    with pytest.raises(InputError, match=r"node_2 of the recurrent cell: activation 'swish' does not exist; there are"):
        network_of(cell=RecurrentCell(((0, 'tanh'), (1, 'swish'))))
