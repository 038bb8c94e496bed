"""The convolutional supernet: both executions against a network written directly, traces, updates, errors."""

import dataclasses
import functools

import numpy as np
import pytest
import tensorflow as tf

from nao_tf.errors import InputError
from nao_tf.networks.blocks import Block
from nao_tf.networks.operations import register_operation
from nao_tf.spaces.conv_cell import ConvCellSpace
from nao_tf.spaces.operations import ENAS_OPERATIONS, NAO_OPERATIONS
from nao_tf.spaces.registry import get_space
from nao_tf.supernets.config import SupernetConfig
from nao_tf.supernets.conv_supernet import ConvSupernet
from nao_tf.supernets.momentum import SharedMomentum
from nao_tf.supernets.trainer import SupernetTrainer
from nao_tf.training.rewrites import graph_rewrites
from tests.supernets import standalone

BATCH = 4
SPACES = {
    'five': ConvCellSpace('five', ENAS_OPERATIONS, nodes=1, tokens_per_operation=1),
    'eleven': ConvCellSpace('eleven', NAO_OPERATIONS, nodes=1),
    'deeper': ConvCellSpace('deeper', ('conv 1x1', 'max_pool 3x3'), nodes=3),
}
COVERING = {
    'five': (2, 0),
    'eleven': (5, 20),
    'deeper': (3, 0),
}  # how many architectures of which seed have every operation
PLAIN = {'momentum': 0.0, 'nesterov': False, 'weight_decay': 0.0, 'clip_norm': 0.0}


def supernet(space, execution='selected', **fields):
    sizes = {'cells_per_stage': 1, 'filters': 4, 'image_shape': (8, 8, 3), 'classes': 10, 'dense_keep': 1.0}
    net = ConvSupernet(space, SupernetConfig(**{**sizes, **fields}), execution=execution)
    rng = np.random.default_rng(0)
    for variable in net.weights.variables:  # scales and offsets that are not the trivial ones
        variable.assign_add(rng.normal(0, 0.1, variable.shape).astype(np.float32))
    return net


def trainer(net, size=BATCH, **settings):
    return SupernetTrainer(net, SharedMomentum(net, **{**PLAIN, **settings}), batch_size=size, eval_batch_size=size)


def batch(net, seed=0, size=BATCH):
    rng = np.random.default_rng(seed)
    images = rng.normal(size=(size, *net.config.image_shape)).astype(np.float32)
    return images, rng.integers(0, 10, size).astype(np.int32), np.ones(size, np.float32)


def architectures(space, count, seed=0):
    rng = np.random.default_rng(seed)
    return [space.sample(rng) for _ in range(count)]


def _operations(space, architecture):
    pair = space.cells(architecture)
    return [branch.operation for c in (pair.normal, pair.reduction) for node in c.nodes for branch in node.branches]


def values(net):
    return [variable.numpy() for variable in net.weights.variables]


@functools.cache
def trained(name, execution):
    """A trainer whose update is the gradient: the change of a step is -gradient."""
    return trainer(supernet(SPACES[name], execution))


@pytest.fixture(autouse=True, scope='module')
def _graphs_as_traced():
    with graph_rewrites(1):
        yield


@pytest.mark.parametrize('name', SPACES)
@pytest.mark.parametrize('execution', ['selected', 'masked'])
def test_computes_what_a_stand_alone_network_computes(name, execution):
    train = trained(name, execution)
    net = train.supernet
    images, labels, weights = batch(net)
    count, seed = COVERING[net.space.name]
    cells = architectures(net.space, count, seed)
    assert {word for cell in cells for word in _operations(net.space, cell)} == set(net.space.operations)
    for number, architecture in enumerate(cells):
        codes = tf.constant(net.codes(architecture))
        expected = standalone.logits(net, architecture, images)
        np.testing.assert_allclose(train.logits(images, codes), expected, rtol=1e-4, atol=1e-5)
        loss, gradients = standalone.gradients(net, architecture, images, labels)
        before = values(net)
        found = train.step(images, labels, weights, codes, 1.0, number, 0.0)
        np.testing.assert_allclose(found, loss, rtol=1e-5)
        for old, new, gradient in zip(before, values(net), gradients, strict=True):
            np.testing.assert_allclose(old - new, gradient, rtol=1e-3, atol=1e-4 * max(1.0, np.abs(gradient).max()))
        for variable, value in zip(net.weights.variables, before, strict=True):
            variable.assign(value)


@dataclasses.dataclass(frozen=True)
class Counted(Block):
    """Counts how often Python computes it, which is how often it is traced."""

    traces = 0

    def apply(self, x, weights, call):
        Counted.traces += 1
        return x * 2


def test_no_trace_after_the_first_step():
    register_operation('counted', lambda place: [Counted(place.inputs, place.filters)])
    space = ConvCellSpace('counting', ('counted', 'conv 1x1', 'identity'), nodes=2, tokens_per_operation=1)
    train = trainer(supernet(space))
    cells = architectures(space, 12)
    images, labels, weights = batch(train.supernet)
    traces = []
    for number, architecture in enumerate(cells):
        train.step(images, labels, weights, train.supernet.codes(architecture), 0.1, number, 0.0)
        train.predict(architecture, [images])
        traces.append(Counted.traces)
    assert len(set(traces)) == 1
    assert 0 < traces[0] < 20  # a few a shape, however many places there are
    assert train.step.experimental_get_tracing_count() == 1
    assert train.logits.experimental_get_tracing_count() == 1


@pytest.mark.parametrize('execution', ['selected', 'masked'])
def test_momentum_decay_and_clipping_touch_what_is_used_only(execution):
    space = ConvCellSpace('small', ('conv 1x1', 'conv 3x3', 'max_pool 3x3'), nodes=1, tokens_per_operation=1)
    net = supernet(space, execution)
    train = trainer(net, momentum=0.9, nesterov=True, weight_decay=0.1, clip_norm=0.5)
    data = batch(net)
    weights, momenta = values(net), [np.zeros_like(value) for value in values(net)]
    for number, architecture in enumerate(architectures(space, 5, seed=1)):
        _, gradients = standalone.gradients(net, architecture, *data[:2])
        used = _used(net, architecture)
        gradients = [(g + 0.1 * w) * u for g, w, u in zip(gradients, weights, used, strict=True)]
        rate = 0.2 * min(1, 0.5 / np.sqrt(sum((g**2).sum() for g in gradients)))
        assert rate < 0.2
        train.step(*data, net.codes(architecture), 0.2, number, 0.0)
        for index, (gradient, use) in enumerate(zip(gradients, used, strict=True)):
            momentum = 0.9 * momenta[index] - rate * gradient
            weights[index] = weights[index] + use * (0.9 * momentum - rate * gradient)
            momenta[index] = np.where(use, momentum, momenta[index])
        for expected, value in zip(weights, values(net), strict=True):
            np.testing.assert_allclose(value, expected, rtol=1e-3, atol=2e-5)


def _used(net, architecture):
    """1 where an architecture uses a weight: a used row or block has a gradient that is not zero."""
    images, labels, _ = batch(net, seed=5)
    _, gradients = standalone.gradients(net, architecture, images, labels)
    used = []
    for variable, gradient in zip(net.weights.variables, gradients, strict=True):
        axes = tuple(range(1, gradient.ndim))
        fixed = any(variable is other for other in net.weights.fixed.values())
        rows = np.ones(len(gradient)) if fixed else (np.abs(gradient).max(axes) > 0)
        used.append(np.broadcast_to(rows.reshape(-1, *[1] * len(axes)), gradient.shape).astype(np.float32))
    return used


def test_both_executions_drop_alike():
    fields = {'drop_path_keep': 0.5, 'auxiliary': True, 'image_shape': (32, 32, 1)}
    space = ConvCellSpace('small', ('conv 1x1', 'max_pool 3x3', 'identity'), nodes=1, tokens_per_operation=1)
    # The auxiliary head normalises one pixel: of a few images that is ill-conditioned, and rounding is not small.
    trainers = [trainer(supernet(space, execution, **fields), 32) for execution in ('selected', 'masked')]
    data = batch(trainers[0].supernet, size=32)
    for number, architecture in enumerate(architectures(space, 2)):
        losses = [t.step(*data, t.supernet.codes(architecture), 1e-3, number, 1.0) for t in trainers]
        np.testing.assert_allclose(*losses, rtol=1e-4)
    codes = trainers[0].supernet.codes(architecture)
    late, early = (
        [float(trainers[0].step(*data, codes, 0.0, number, progress)) for number in (3, 4)] for progress in (1.0, 0.0)
    )
    assert late[0] != late[1]
    assert early[0] == early[1]  # nothing is dropped at the beginning
    for one, other in zip(*(values(t.supernet) for t in trainers), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-4)


def test_predicts_batch_by_batch_in_any_order():
    train = trained('five', 'selected')
    net = train.supernet
    cells = architectures(net.space, 3)
    batches = [batch(net, seed)[0] for seed in range(3)]
    logits = [train.predict(architecture, batches) for architecture in cells]
    again = [train.predict(architecture, batches) for architecture in cells[::-1]]
    np.testing.assert_array_equal(again[::-1], logits)
    for architecture, found in zip(cells, logits, strict=True):
        expected = np.concatenate([standalone.logits(net, architecture, images) for images in batches])
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_the_masked_step_lowers_for_a_compiler_of_static_shapes():
    space = ConvCellSpace('small', ('conv 1x1', 'sep_conv 3x3', 'max_pool 3x3'), nodes=1, tokens_per_operation=1)
    net = supernet(space, 'masked', drop_path_keep=0.9, dense_keep=0.9)
    train = trainer(net, momentum=0.9)
    step = tf.function(train.update, autograph=False, jit_compile=True, input_signature=train.step.input_signature)
    lowered = step.experimental_get_compiler_ir(*train.step.input_signature)(stage='hlo', platform_name='CPU')
    assert lowered.startswith('HloModule')
    assert 'conditional' not in lowered


def test_outside_of_a_compiled_function():
    space = ConvCellSpace('small', ('conv 1x1', 'identity'), nodes=1, tokens_per_operation=1)
    net = supernet(space)
    images, _, _ = batch(net)
    for architecture in architectures(space, 2):
        found = net.logits(tf.constant(images), tf.constant(net.codes(architecture)))
        np.testing.assert_allclose(found, standalone.logits(net, architecture, images), rtol=1e-4, atol=1e-5)


def test_seed_decides_the_weights():
    config = SupernetConfig(cells_per_stage=1, filters=2, image_shape=(8, 8, 1), classes=2)
    first, second, third = (values(ConvSupernet(SPACES['five'], config, seed=seed)) for seed in (3, 3, 4))
    assert all(np.array_equal(one, other) for one, other in zip(first, second, strict=True))
    assert not all(np.array_equal(one, other) for one, other in zip(first, third, strict=True))


def test_bad_input():
    net = supernet(SPACES['five'])
    other = get_space('enas_cnn')
    with pytest.raises(InputError, match="is of space 'enas_cnn', not 'five'"):
        net.codes(other.sample(np.random.default_rng(0)))
    outside = dataclasses.replace(architectures(SPACES['five'], 1)[0], tokens=(4,) * 8)
    with pytest.raises(InputError, match='position 0 is not valid there'):
        trainer(net).predict(outside, [batch(net)[0]])
    with pytest.raises(InputError, match='space nao_rnn: this supernet shares the weights of pairs of cells'):
        supernet(get_space('nao_rnn'))
    with pytest.raises(InputError, match="execution is one of selected, masked, not 'fast'"):
        supernet(SPACES['five'], 'fast')
    with pytest.raises(InputError, match='filters'):
        SupernetConfig(cells_per_stage=1, filters=3, image_shape=(8, 8, 1), classes=2)
