"""The encoders: unit length, the structure that the graph encoder reads, the predictor's mean."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from nao_tf.controller.graph_encoder import GraphEncoder, _longest_chain
from nao_tf.controller.models import build_models, initial_weights, joint_words
from nao_tf.controller.presets import DEFAULT
from nao_tf.spaces.registry import get_space
from tests.controller.conftest import SPACES


def sampled(space, count, rng):
    return [space.sample(rng) for _ in range(count)]


def made(space, config, seed=0):
    models = build_models(space, config)
    models.assign(initial_weights(models, config, np.random.default_rng(seed)))
    return models


def array(architectures):
    return tf.constant([architecture.tokens for architecture in architectures], tf.int32)


@pytest.mark.parametrize('name', SPACES)
@pytest.mark.parametrize('kind', ['default', 'paper', 'released'])
def test_states_are_of_unit_length(name, kind, configs, rng):
    space = get_space(name)
    embeddings = made(space, configs[kind]).encoder(array(sampled(space, 5, rng)))
    steps = space.length if kind == 'paper' else space.length // space.branch_length
    assert embeddings.shape == (5, steps, configs[kind].hidden)
    np.testing.assert_allclose(np.linalg.norm(embeddings, axis=-1), 1.0, atol=1e-5)


@pytest.mark.parametrize('name', ['nao_cnn', 'enas_cnn'])
def test_the_graph_encoder_knows_the_levels_of_nodes(name, configs, rng):
    space = get_space(name)
    encoder = made(space, configs['default']).encoder
    assert isinstance(encoder, GraphEncoder)
    architectures = sampled(space, 20, rng)
    words = encoder.words(array(architectures))
    owner = np.eye(encoder.nodes, dtype=np.float32)[encoder.step_nodes]
    readable = np.array(encoder.read_nodes)[..., None] == np.arange(encoder.nodes)
    reads = tf.transpose(tf.matmul(tf.reduce_sum(words, 2), tf.constant(readable.astype(np.float32))), (1, 0, 2))
    levels = encoder._levels(reads, owner).numpy().T
    for architecture, row in zip(architectures, levels, strict=True):
        expected = []
        pair = space.cells(architecture)
        for cell in (pair.normal, pair.reduction):
            known = [0, 0]
            for node in cell.nodes:
                known.append(1 + max(known[branch.input] for branch in node.branches))
            expected += [level for level in known[2:] for _ in range(2)]
        assert row.tolist() == expected


def test_longest_chain():
    for name, levels in (('nao_cnn', 5), ('enas_cnn', 5), ('nao_rnn', 11)):
        space = get_space(name)
        assert _longest_chain(list(space.step_nodes), list(space.read_nodes)) == levels


def test_joint_words_are_the_operations():
    space = get_space('nao_cnn')
    words = {' '.join(space.vocabulary[token] for token in word) for word in joint_words(space)}
    assert words == {name if ' ' in name else f'{name} 1x1' for name in space.operations}
    assert joint_words(get_space('enas_cnn')) == []


def test_the_graph_encoder_starts_out_knowing_what_node_is_read(configs):
    """Two cells that differ in the operation of a node that nobody reads, and in one that is read."""
    space = get_space('enas_cnn')
    config = dataclasses.replace(configs['default'], recurrent_scale=0.0, forget_bias=-50.0)
    encoder = made(space, config).encoder  # without memory a state sees only its own step's input
    base = [1, 8, 1, 8] * 5 + [1, 8, 1, 8] * 5
    base[8], base[10] = 3, 4  # node_5 reads node_3 and node_4
    read, unread = list(base), list(base)
    read[1] = 9  # an operation of node_3
    unread[17] = 9  # an operation of node_7
    states = encoder(tf.constant([base, read, unread], tf.int32)).numpy()

    def changed(row):
        return set(np.flatnonzero(np.abs(states[row] - states[0]).max(axis=-1) > 1e-6).tolist())

    assert changed(1) == {0, 4}
    assert changed(2) == {8}


def test_dropout_is_seeded_and_off_without_a_seed(configs, rng):
    space = get_space('enas_cnn')
    config = dataclasses.replace(configs['default'], encoder_dropout=0.5)
    encoder = made(space, config).encoder
    tokens = array(sampled(space, 2, rng))
    first, again, other = (encoder(tokens, tf.constant([seed, 1])) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 1e-3
    np.testing.assert_array_equal(encoder(tokens), encoder(tokens))


def test_the_predictor_sees_the_mean_state_only(configs, rng):
    predictor = made(get_space('enas_cnn'), configs['default']).predictor
    embeddings = tf.constant(rng.normal(size=(2, 20, configs['default'].hidden)).astype(np.float32))
    shuffled = tf.gather(embeddings, rng.permutation(20), axis=1)
    np.testing.assert_allclose(predictor(embeddings), predictor(shuffled), atol=1e-5)


def test_dtype_does_not_follow_a_global_policy(rng):
    import keras

    keras.mixed_precision.set_global_policy('mixed_bfloat16')
    try:
        space = get_space('enas_cnn')
        models = build_models(space, DEFAULT)
        embeddings = models.encoder(array(sampled(space, 2, rng)))
    finally:
        keras.mixed_precision.set_global_policy('float32')
    assert embeddings.dtype == tf.float32
