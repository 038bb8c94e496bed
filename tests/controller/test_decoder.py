"""The decoders: the masked distribution, validity of everything decoded, greedy decoding against teacher forcing."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from nao_tf.controller.controller import Controller
from nao_tf.controller.masks import Masks, masked_log_softmax, prefix_states
from nao_tf.controller.models import build_models, initial_weights
from nao_tf.spaces.registry import get_space
from tests.controller.conftest import SPACES


def made(space, config, seed=0):
    models = build_models(space, config)
    models.assign(initial_weights(models, config, np.random.default_rng(seed)))
    return models


def random_embeddings(space, models, count, rng):
    steps = space.length // models.encoder.step_length
    return rng.normal(size=(count, steps, models.encoder.hidden)).astype(np.float32)


@pytest.mark.parametrize('name', SPACES)
@pytest.mark.parametrize('kind', ['default', 'paper', 'released'])
def test_the_distribution_is_masked_and_sums_to_one(name, kind, configs, rng):
    space = get_space(name)
    models = made(space, configs[kind])
    tokens = np.array([space.sample(rng).tokens for _ in range(4)], np.int32)
    embeddings = random_embeddings(space, models, 4, rng)
    masks = Masks(space.next_state, space.valid)
    valid = masks.valid(tf.range(space.length), tf.constant(prefix_states(space, tokens)))
    probabilities = np.exp(masked_log_softmax(models.decoder(embeddings, tf.constant(tokens)), valid))
    np.testing.assert_allclose(probabilities.sum(axis=-1), 1.0, atol=1e-5)
    for row, architecture in enumerate(tokens):
        state = 0
        for position, token in enumerate(architecture):
            allowed = space.valid[position, state]
            assert allowed[token]
            assert np.all(probabilities[row, position, ~allowed] == 0)
            assert np.all(probabilities[row, position, allowed] > 0)
            state = space.next_state[state, token]


CONTROLLERS = {}


@pytest.mark.parametrize('name', SPACES)
@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**31), scale=st.sampled_from([0.0, 1.0, 100.0]))
def test_whatever_is_decoded_is_valid(name, configs, seed, scale):
    space = get_space(name)
    if name not in CONTROLLERS:
        CONTROLLERS[name] = Controller(space, configs['default'])
    controller = CONTROLLERS[name]
    rng = np.random.default_rng(seed)
    weights = initial_weights(controller.models, controller.config, rng)
    controller.models.assign((1 + scale) * weights)
    for architecture in controller.decode(scale * random_embeddings(space, controller.models, 50, rng)):
        space.validate(architecture)


@pytest.mark.parametrize('kind', ['default', 'paper', 'released'])
def test_greedy_decoding_follows_the_teacher_forced_logits(kind, configs, rng):
    space = get_space('nao_cnn')
    models = made(space, configs[kind])
    models.assign(20 * models.flat())  # far from ties
    embeddings = random_embeddings(space, models, 6, rng)
    masks = Masks(space.next_state, space.valid)
    decoded = models.decoder.generate(tf.constant(embeddings), masks).numpy()
    valid = masks.valid(tf.range(space.length), tf.constant(prefix_states(space, decoded)))
    logits = tf.where(valid, models.decoder(embeddings, tf.constant(decoded)), -np.inf)
    np.testing.assert_array_equal(np.argmax(logits, axis=-1), decoded)


def test_the_released_decoder_feeds_the_context_back(configs, rng):
    """Its first logits cannot depend on the attention, the paper's do."""
    space = get_space('enas_cnn')
    tokens = tf.constant([space.sample(rng).tokens], tf.int32)
    for kind, same in (('released', True), ('paper', False)):
        config = dataclasses.replace(configs[kind], decoder_start='zero')
        models = made(space, config)
        first, second = (models.decoder(random_embeddings(space, models, 1, rng), tokens) for _ in range(2))
        assert np.allclose(first[:, 0], second[:, 0], atol=1e-6) is same
        assert not np.allclose(first[:, 1], second[:, 1], atol=1e-6)


def test_prefix_states_are_those_of_validation(rng):
    space = get_space('nao_cnn')
    tokens = np.array([space.sample(rng).tokens for _ in range(10)])
    states = prefix_states(space, tokens)
    for row, architecture in enumerate(tokens):
        state = 0
        for position, token in enumerate(architecture):
            assert states[row, position] == state
            state = space.next_state[state, token]
