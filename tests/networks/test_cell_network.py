"""The Keras model: shapes of any size, seeds, names, policies, the auxiliary head, configs, lowering for XLA."""

import re

import keras
import numpy as np
import pytest
import tensorflow as tf

from nao_tf.errors import InputError
from nao_tf.networks.cell_network import CellNetwork
from nao_tf.networks.config import NetworkConfig
from nao_tf.spaces.named import named_cell
from tests.networks.random_cells import images, random_cells, random_network, small_config, weights_by_name


@pytest.mark.parametrize(
    'fields',
    [
        {'image_shape': (8, 8, 1)},
        {'image_shape': (32, 32, 3), 'cells_per_stage': 2, 'classes': 100},
        {'image_shape': (28, 28, 1), 'classes': 2},
        {'image_shape': (15, 15, 3), 'filters': 6},
        {'image_shape': (24, 9, 4), 'filters': 2},
        {'image_shape': (3, 3, 1)},
        {'image_shape': (65, 40, 3), 'stem': 'imagenet'},
        {'image_shape': (17, 17, 3), 'stem': 'imagenet', 'rules': 'pytorch'},
    ],
)
def test_any_size(fields):
    config = small_config(**fields)
    network = CellNetwork(random_cells(11), config)
    batch = images(config, batch=2)
    for training in (False, True):
        logits = network(batch, training=training)
        assert logits.shape == (2, config.classes)
        assert np.isfinite(logits).all()


def test_wrong_images():
    network = CellNetwork(random_cells(0), small_config())
    with pytest.raises(InputError, match=r'takes images \[batch, 8, 8, 3\], not \[2, 8, 8, 1\]'):
        network(np.zeros((2, 8, 8, 1), np.float32))


def test_seed_decides_the_weights():
    cells, config = random_cells(1), small_config()
    weights = [weights_by_name(CellNetwork(cells, config, seed=seed)) for seed in (5, 5, 6)]
    for name, variable in weights[0].items():
        assert np.array_equal(variable, weights[1][name])
        drawn = name.endswith('kernel')
        assert np.array_equal(variable, weights[2][name]) != drawn
    stem = weights[0]['stem/kernel'].numpy()
    assert stem.shape == (3, 3, 3, 12)
    assert abs(stem.std() - np.sqrt(1 / (9 * 12))) < 0.02


def test_names_come_from_a_finite_set():
    """TensorFlow keeps memory for every distinct name: two networks of one size share theirs."""
    first, second = (CellNetwork(random_cells(seed), small_config()) for seed in (0, 0))
    assert [v.path for v in first.variables] == [v.path for v in second.variables]
    assert [v.value.name for v in first.variables] == [v.value.name for v in second.variables]
    assert len({v.path for v in first.variables}) == len(first.variables)
    pattern = re.compile(
        r'network/(stem|cell_[0-4]_(older|newer|output_[1-7]|node_[3-7]_(left|right)(_1)?)|classifier)/'
        r'(kernel|shifted_kernel|gamma|beta|moving_mean|moving_variance|bias):0'
    )
    for seed in range(4):
        for variable in CellNetwork(random_cells(seed), small_config()).variables:
            assert pattern.fullmatch(variable.value.name), variable.value.name


@pytest.mark.parametrize('policy', ['float32', 'mixed_bfloat16', 'mixed_float16'])
def test_policies(policy):
    cells = random_cells(4)
    config = small_config(image_shape=(32, 32, 3), auxiliary=True, drop_path_keep=0.8, dense_keep=0.9)
    network = random_network(cells, config, dtype=policy)
    reference = random_network(cells, config, dtype='float32')
    assert {variable.dtype for variable in network.variables} == {'float32'}
    assert network.compute_dtype == policy.removeprefix('mixed_')
    batch = images(config)
    logits = network(batch)
    assert logits.dtype == tf.float32
    expected = reference(batch).numpy()
    tolerance = {'float32': 1e-5, 'mixed_bfloat16': 0.1, 'mixed_float16': 0.02}[policy]
    np.testing.assert_allclose(logits, expected, atol=tolerance * abs(expected).max())
    with tf.GradientTape() as tape:
        pair = network(batch, training=True, progress=0.5, seed=tf.constant([1, 2]))
        loss = tf.add_n([tf.reduce_sum(logits**2) for logits in pair])
    gradients = tape.gradient(loss, [variable.value for variable in network.trainable_variables])
    assert all(logits.dtype == tf.float32 for logits in pair)
    assert all(gradient.dtype == tf.float32 for gradient in gradients)


@pytest.mark.parametrize('rules', ['tf1', 'pytorch'])
def test_auxiliary_head(rules):
    cells = random_cells(6)
    config = small_config(image_shape=(36, 32, 3), auxiliary=True, rules=rules)
    network = CellNetwork(cells, config)
    batch = images(config)
    plain = CellNetwork(cells, small_config(image_shape=(36, 32, 3), rules=rules))
    np.testing.assert_allclose(plain(batch), network(batch), atol=1e-5)
    with tf.GradientTape() as tape:
        logits, auxiliary = network(batch, training=True)
        loss = tf.reduce_sum(auxiliary**2)
    assert logits.shape == auxiliary.shape == (3, 10)
    reached = {
        variable.path.split('/')[1]
        for variable, gradient in zip(
            network.trainable_variables,
            tape.gradient(loss, [variable.value for variable in network.trainable_variables]),
            strict=True,
        )
        if gradient is not None
    }
    assert 'classifier' not in reached
    read = 4 if rules == 'tf1' else 3  # the cell whose output it reads
    assert any(name.startswith(f'cell_{read}') for name in reached)
    assert not any(name.startswith(f'cell_{read + 1}') for name in reached)


def test_every_weight_is_trained():
    network = CellNetwork(named_cell('NAONet').cells, small_config())
    variables = [variable.value for variable in network.trainable_variables]
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(network(images(network.config), training=True) ** 2)
    assert all(gradient is not None for gradient in tape.gradient(loss, variables))


def test_config_round_trip():
    cells = named_cell('NASNet-A').cells  # lists its outputs
    config = small_config(rules='pytorch', drop_path_keep=0.7)
    network = CellNetwork(cells, config, seed=9, name='other', dtype='mixed_bfloat16')
    copy = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(network))
    assert (copy.cells, copy.config, copy.seed, copy.name) == (cells, config, 9, 'other')
    assert copy.dtype_policy.name == 'mixed_bfloat16'
    for ours, theirs in zip(copy.variables, network.variables, strict=True):
        assert np.array_equal(ours, theirs)


def test_in_a_functional_model():
    config = small_config()
    inputs = keras.Input(config.image_shape)
    network = CellNetwork(random_cells(2), config)
    model = keras.Model(inputs, keras.layers.Softmax()(network(inputs)))
    np.testing.assert_allclose(model.predict(images(config), verbose=0).sum(1), 1, rtol=1e-5)


@pytest.mark.slow
def test_lowers_without_host_operations():
    """XLA accepts the whole training step, dropping and auxiliary head included, under bfloat16."""
    config = small_config(image_shape=(32, 32, 3), auxiliary=True, drop_path_keep=0.7, dense_keep=0.8)
    network = CellNetwork(random_cells(3), config, dtype='mixed_bfloat16')
    variables = [variable.value for variable in network.trainable_variables]

    @tf.function(jit_compile=True, autograph=False)
    def step(batch, seed, progress):
        with tf.GradientTape() as tape:
            loss = tf.add_n([tf.reduce_sum(x**2) for x in network(batch, training=True, seed=seed, progress=progress)])
        for variable, gradient in zip(variables, tape.gradient(loss, variables), strict=True):
            variable.assign_sub(0.1 * gradient)
        return loss

    lowered = step.experimental_get_compiler_ir(
        tf.TensorSpec((4, *config.image_shape)), tf.TensorSpec((2,), tf.int32), tf.TensorSpec(())
    )(stage='hlo', platform_name='CPU')
    assert 'convolution' in lowered
    assert 'custom-call' not in lowered
    assert 'outfeed' not in lowered


@pytest.mark.parametrize('rules', ['tf1', 'pytorch'])
def test_no_strided_1x1_convolution(rules):
    """Its gradient corrupts memory in oneDNN (uxlfoundation/oneDNN issue 6035)."""
    config = small_config(rules=rules)
    network = CellNetwork(random_cells(1, ('conv 1x1', 'identity', 'sep_conv 3x3', 'avg_pool 2x2')), config)
    graph = tf.function(network).get_concrete_function(tf.TensorSpec((3, *config.image_shape)), training=True).graph
    convolutions = [operation for operation in graph.get_operations() if operation.type == 'Conv2D']
    assert convolutions
    for operation in convolutions:
        if operation.inputs[1].shape[:2] == (1, 1):
            assert list(operation.get_attr('strides')) == [1, 1, 1, 1]


def test_defaults_are_the_tf1_rules():
    assert NetworkConfig(cells_per_stage=1, filters=4, image_shape=(8, 8, 1), classes=2).rules == 'tf1'
