"""The recurrent supernet: both executions against the stand-alone language model, traces, updates, errors."""

import functools

import numpy as np
import pytest
import tensorflow as tf

from nao_tf.errors import InputError
from nao_tf.networks.language_network import LanguageNetwork
from nao_tf.networks.recurrent_config import RecurrentConfig
from nao_tf.spaces.recurrent_cell import RecurrentCellSpace
from nao_tf.spaces.registry import get_space
from nao_tf.supernets.recurrent_supernet import RecurrentSupernet
from nao_tf.supernets.recurrent_trainer import RecurrentTrainer
from nao_tf.tasks.streams import Segment
from nao_tf.training.rewrites import graph_rewrites

STEPS, BATCH, WORDS, HIDDEN = 5, 3, 11, 6
SPACE = RecurrentCellSpace('small', nodes=4)
DROPOUTS = {
    'word_dropout': 0.1,
    'embedding_dropout': 0.2,
    'input_dropout': 0.3,
    'hidden_dropout': 0.2,
    'output_dropout': 0.3,
}


@pytest.fixture(autouse=True, scope='module')
def _graphs_as_traced():
    with graph_rewrites(1):
        yield


@functools.cache
def supernet(execution, rules='released', dropped=False):
    # The mask of the matrices goes by their rows, whose order in a stand-alone network is another.
    weight_dropout = 0.2 if dropped else 0.0
    config = RecurrentConfig(vocabulary=WORDS, hidden=HIDDEN, rules=rules, weight_dropout=weight_dropout, **DROPOUTS)
    net = RecurrentSupernet(SPACE, config, execution=execution)
    rng = np.random.default_rng(0)
    for variable in net.trainable_variables:  # larger than the initial weights, so that activations bend
        variable.assign(rng.normal(0, 0.5, variable.shape))
    return net


@functools.cache
def functions(execution, rules='released', dropped=False):
    """The compiled logits, and the compiled gradients."""
    net = supernet(execution, rules, dropped)
    tokens, state = tf.TensorSpec((STEPS, BATCH), tf.int32), tf.TensorSpec((BATCH, HIDDEN), tf.float32)
    weights, seed = tf.TensorSpec((STEPS, BATCH), tf.float32), tf.TensorSpec((2,), tf.int32)

    def logits(tokens, state, codes):
        return net.computation(codes).logits(tokens, state)

    def gradients(*arguments):
        *given, codes = arguments
        return net.computation(codes).gradients(*given, activation_penalty=0.1, slowness_penalty=0.2)

    return (
        tf.function(logits, autograph=False, input_signature=(tokens, state, net.codes_spec)),
        tf.function(gradients, autograph=False, input_signature=(tokens, tokens, weights, state, seed, net.codes_spec)),
    )


def data(seed=0):
    rng = np.random.default_rng(seed)
    inputs, targets = rng.integers(0, WORDS, (2, STEPS, BATCH)).astype(np.int32)
    weights = np.ones((STEPS, BATCH), np.float32)
    weights[-1, 0] = 0
    return inputs, targets, weights, rng.normal(size=(BATCH, HIDDEN)).astype(np.float32), np.array([4, seed], np.int32)


def architectures(count, seed=0):
    rng = np.random.default_rng(seed)
    return [SPACE.sample(rng) for _ in range(count)]


def stand_alone(net, architecture):
    """The language model of one cell with the supernet's weights: (network, the row of each of its nodes)."""
    network = LanguageNetwork(SPACE.cell(architecture), net.config)
    for name in ('embedding', 'first', 'bias'):
        getattr(network, name).assign(getattr(net, name))
    nodes = SPACE.nodes(architecture)
    names = list(SPACE.activations)
    blocks = [net.blocks[i].numpy()[source * 4 + names.index(name)] for i, (source, name) in enumerate(nodes)]
    rows = [network.core.plan.rows[node] - 1 for node in range(1, len(nodes) + 1)]
    values = np.zeros(network.nodes.shape, np.float32)
    values[rows] = blocks
    network.nodes.assign(values)
    return network, rows


@pytest.mark.parametrize('rules', ['released', 'paper'])
@pytest.mark.parametrize('execution', ['selected', 'masked'])
def test_computes_what_a_stand_alone_network_computes(execution, rules):
    net = supernet(execution, rules)
    logits, gradients = functions(execution, rules)
    inputs, targets, weights, state, seed = data()
    cells = architectures(4)
    assert {name for cell in cells for _, name in SPACE.nodes(cell)} == set(SPACE.activations)
    for architecture in cells:
        codes = net.codes(architecture)
        network, rows = stand_alone(net, architecture)
        for found, expected in zip(logits(inputs, state, codes), network(inputs, state), strict=True):
            np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
        expected = network.computation.gradients(
            *(tf.constant(x) for x in (inputs, targets, weights, state, seed)),
            activation_penalty=0.1,
            slowness_penalty=0.2,
        )
        found = gradients(inputs, targets, weights, state, seed, codes)
        np.testing.assert_allclose(found.loss, expected.loss, rtol=1e-5)
        np.testing.assert_allclose(found.total, expected.total, rtol=1e-5)
        np.testing.assert_allclose(found.state, expected.state, rtol=1e-4, atol=1e-5)
        ours, theirs = list(found.gradients), [gradient.numpy() for gradient in expected.gradients]
        theirs[2] = theirs[2][rows]
        for one, other in zip(ours, theirs, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-5)


def test_both_executions_drop_alike():
    cells = architectures(2, seed=1)
    inputs, targets, weights, state, seed = data()
    for architecture in cells:
        found = []
        for execution in ('selected', 'masked'):
            net = supernet(execution, dropped=True)
            _, gradients = functions(execution, dropped=True)
            found.append(gradients(inputs, targets, weights, state, seed, net.codes(architecture)))
        for one, other in zip(tf.nest.flatten(found[0]), tf.nest.flatten(found[1]), strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-5)


def test_no_trace_after_the_first_call():
    net = supernet('selected')
    logits, gradients = functions('selected')
    *_, state, _ = arguments = data()
    for architecture in architectures(10, seed=2):
        logits(arguments[0], state, net.codes(architecture))
        gradients(*arguments, net.codes(architecture))
    assert logits.experimental_get_tracing_count() == gradients.experimental_get_tracing_count() == 1


@pytest.mark.parametrize('execution', ['selected', 'masked'])
def test_update_touches_what_is_used_only(execution):
    net = RecurrentSupernet(SPACE, supernet('selected').config, execution=execution)
    (architecture,) = architectures(1, seed=3)
    codes = net.codes(architecture)
    rng = np.random.default_rng(0)
    shapes = [net.embedding.shape, net.first.shape, (4, HIDDEN, 2 * HIDDEN), net.bias.shape]
    gradients = [rng.normal(size=shape).astype(np.float32) for shape in shapes]
    before = {variable.name: variable.numpy() for variable in net.trainable_variables}
    tf.function(net.update, autograph=False)(
        tf.constant(codes), [tf.constant(g) for g in gradients], tf.constant(0.5), weight_decay=0.1, clip_norm=2.0
    )
    scale = 2 / np.sqrt(sum((gradient**2).sum() for gradient in gradients))
    for variable, gradient in ((net.embedding, gradients[0]), (net.first, gradients[1]), (net.bias, gradients[3])):
        old = before[variable.name]
        np.testing.assert_allclose(variable, old - 0.5 * (scale * gradient + 0.1 * old), rtol=1e-5, atol=1e-7)
    for block, (source, name), gradient in zip(net.blocks, SPACE.nodes(architecture), gradients[2], strict=True):
        expected = before[block.name]
        row = source * 4 + SPACE.activations.index(name)
        expected[row] -= 0.5 * (scale * gradient + 0.1 * expected[row])
        np.testing.assert_allclose(block, expected, rtol=1e-5, atol=1e-7)


def test_the_masked_step_lowers_for_a_compiler_of_static_shapes():
    net = supernet('masked')
    signature = functions('masked')[1].input_signature

    def step(*arguments):
        *given, codes = arguments
        net.update(codes, net.computation(codes).gradients(*given).gradients, tf.constant(0.1), clip_norm=1.0)

    compiled = tf.function(step, autograph=False, jit_compile=True, input_signature=signature)
    lowered = compiled.experimental_get_compiler_ir(*signature)(stage='hlo', platform_name='CPU')
    assert lowered.startswith('HloModule')
    assert 'conditional' not in lowered


def test_bad_input():
    net = supernet('selected')
    other = get_space('nao_rnn')
    with pytest.raises(InputError, match="is of space 'nao_rnn', not 'small'"):
        net.codes(other.sample(np.random.default_rng(0)))
    with pytest.raises(InputError, match='space enas_cnn: this supernet shares the weights of cells such as nao_rnn'):
        RecurrentSupernet(get_space('enas_cnn'), net.config)
    with pytest.raises(InputError, match="execution is one of selected, masked, not 'fast'"):
        RecurrentSupernet(SPACE, net.config, execution='fast')
    with pytest.raises(InputError, match="activation 'sin' does not exist"):
        RecurrentSupernet(RecurrentCellSpace('mine', nodes=2, activations=('tanh', 'sin')), net.config)


def test_trains_and_scores_on_one_text():
    """Shared weights learn a text that repeats, with one trace, and every cell is scored on all of it."""
    config = RecurrentConfig(vocabulary=WORDS, hidden=HIDDEN, embedding_dropout=0, input_dropout=0, output_dropout=0)
    net = RecurrentSupernet(SPACE, config)
    train = RecurrentTrainer(net, batch_size=BATCH, eval_batch_size=BATCH)
    text = np.tile(np.arange(STEPS + 2)[:, np.newaxis], (1, BATCH)).astype(np.int32)
    ones = np.ones((STEPS, BATCH), np.float32)
    segments = [Segment(text[i : STEPS + i], text[i + 1 : STEPS + i + 1], ones) for i in (0, 1)]
    cells = architectures(3, seed=4)
    before = train.perplexities(cells, segments)
    np.testing.assert_allclose(before, WORDS, rtol=0.05)
    for number in range(150):
        codes = net.codes(cells[number % 3])
        train.steps(segments[:1], train.initial_state(train.replicas), number, codes, 0.5)
    assert max(train.perplexities(cells, segments[:1])) < 0.7 * WORDS
    after = train.perplexities(cells, segments)
    assert train.perplexities(cells[::-1], segments) == after[::-1]
    assert set(train.steps.compiled) == {STEPS}
    for architecture, perplexity in zip(cells, after, strict=True):
        network, _ = stand_alone(net, architecture)
        state, losses = tf.zeros((BATCH, HIDDEN)), []
        for segment in segments:
            logits, state = network(segment.inputs, state)
            losses.append(tf.nn.sparse_softmax_cross_entropy_with_logits(segment.targets, logits))
        np.testing.assert_allclose(perplexity, np.exp(np.mean(losses)), rtol=1e-4)
    with pytest.raises(InputError, match='at least one segment'):
        train.perplexities(cells, [])
