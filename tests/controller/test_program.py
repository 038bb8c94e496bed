"""Eq. (1) against NumPy, Eq. (2) against finite differences, and one step of Adam."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from nao_tf.controller.config import STEPS
from nao_tf.controller.masks import prefix_states
from nao_tf.controller.models import decay_factors, initial_weights
from nao_tf.controller.program import ROWS, Batches, Weights, program
from nao_tf.spaces.registry import get_space


def made(name, config):
    space = get_space(name)
    compiled = program(space, config)
    weights = initial_weights(compiled.models, config, np.random.default_rng(0))
    compiled.models.assign(weights)
    return space, compiled, weights


def sigmoid(values):
    return 1 / (1 + np.exp(-values))


def numpy_lstm(inputs, layer, hidden, cell):
    """One architecture through an LSTM, step by step; gates in the order input, forget, output, candidate."""
    states = []
    for row in inputs:
        gates = row + layer.bias.numpy() + hidden @ layer.recurrent.numpy()
        into, forget, out, candidate = np.split(gates, 4)
        cell = sigmoid(forget + layer.forget_bias) * cell + sigmoid(into) * np.tanh(candidate)
        hidden = sigmoid(out) * np.tanh(cell)
        states.append(hidden)
    return np.array(states)


def test_equation_1_by_hand(configs, rng):
    """The paper's preset on two architectures, computed with loops from the printed formulas."""
    config = dataclasses.replace(configs['paper'], trade_off=0.9)
    space, compiled, weights = made('nao_cnn', config)
    compiled.models.assign(5 * weights)
    encoder, predictor, decoder = compiled.models
    tokens = np.array([space.sample(rng).tokens for _ in range(2)], np.int32)
    targets = np.array([0.3, 0.8], np.float32)
    prediction_errors, log_likelihoods = [], []
    for architecture, target in zip(tokens, targets, strict=True):
        zeros = np.zeros(config.hidden)
        states = numpy_lstm(encoder.table.numpy()[architecture] @ encoder.kernel.numpy(), encoder.lstm, zeros, zeros)
        embedding = states / np.linalg.norm(states, axis=1, keepdims=True)
        predicted = embedding.mean(axis=0) @ predictor.kernels[0].numpy() + predictor.biases[0].numpy()
        prediction_errors.append((target - predicted[0]) ** 2)
        before = decoder.table.numpy()[[0, *architecture[:-1]]]
        decoded = numpy_lstm(before @ decoder.kernel.numpy(), decoder.lstm, embedding[-1], embedding[-1])
        state, log_likelihood = 0, 0.0
        for position, token in enumerate(architecture):
            queries = decoded[position] @ decoder.attend.query.numpy()
            scores = np.tanh(queries + embedding @ decoder.attend.key.numpy()) @ decoder.attend.direction.numpy()
            attention = np.exp(scores) / np.exp(scores).sum()
            context = (attention * embedding).sum(axis=0)
            output = np.concatenate([decoder.output_state.numpy(), decoder.context_kernel.numpy()])
            logits = np.concatenate([decoded[position], context]) @ output + decoder.output_bias.numpy()
            allowed = space.valid[position, state]
            log_likelihood += logits[token] - np.log(np.exp(logits[allowed]).sum())
            state = space.next_state[state, token]
        log_likelihoods.append(log_likelihood)
    prediction, embeddings = compiled.prediction_loss(tf.constant(tokens), tf.constant(targets), None)
    states = tf.constant(prefix_states(space, tokens))
    reconstruction = compiled.reconstruction_loss(embeddings, tf.constant(tokens), states)
    assert float(prediction) == pytest.approx(np.mean(prediction_errors), rel=1e-4)
    assert float(reconstruction) == pytest.approx(-np.mean(log_likelihoods), rel=1e-4)


def test_the_mean_over_tokens_is_the_sum_divided(configs, rng):
    space, compiled, _ = made('enas_cnn', configs['paper'])
    _, averaged, _ = made('enas_cnn', dataclasses.replace(configs['paper'], reconstruction='mean'))
    tokens = tf.constant([space.sample(rng).tokens], tf.int32)
    states = tf.zeros((1, space.length), tf.int32)
    losses = []
    for item in (compiled, averaged):
        losses.append(float(item.reconstruction_loss(item.models.encoder(tokens), tokens, states)))
    assert losses[0] == pytest.approx(space.length * losses[1], rel=1e-5)


@pytest.mark.parametrize('kind', ['default', 'paper', 'released'])
def test_equation_2_is_the_gradient_of_f(kind, configs, rng):
    config = dataclasses.replace(configs[kind], renormalise_step=False)
    space, compiled, weights = made('enas_cnn', config)
    compiled.models.assign(weights * 3)
    predictor = compiled.models.predictor
    embeddings = compiled.models.encoder(tf.constant([space.sample(rng).tokens for _ in range(2)], tf.int32))
    gradient, before = compiled.gradient(embeddings)
    np.testing.assert_allclose(before, predictor(embeddings), atol=1e-6)
    step = 1e-2
    for row, state, unit in [(0, 0, 0), (1, embeddings.shape[1] - 1, 3), (1, 5, config.hidden - 1)]:
        bump = np.zeros(embeddings.shape, np.float32)
        bump[row, state, unit] = step
        difference = (predictor(embeddings + bump) - predictor(embeddings - bump))[row] / (2 * step)
        assert float(gradient[row, state, unit]) == pytest.approx(float(difference), rel=2e-2, abs=1e-4)
    steps = embeddings.shape[1]
    moved = np.ones((2, steps), np.float32)
    moved[1, 0] = 0
    target = compiled.move(embeddings, gradient, tf.constant([0.5, 2.0]), tf.constant(moved))
    np.testing.assert_allclose(target[0], embeddings[0] + 0.5 * gradient[0], atol=1e-6)
    np.testing.assert_allclose(target[1, 0], embeddings[1, 0], atol=1e-6)
    np.testing.assert_allclose(target[1, 1:], embeddings[1, 1:] + 2 * gradient[1, 1:], atol=1e-6)


def test_a_small_step_raises_the_prediction_and_renormalising_keeps_unit_length(configs, rng):
    space, compiled, _ = made('enas_cnn', configs['default'])
    embeddings = compiled.models.encoder(tf.constant([space.sample(rng).tokens for _ in range(8)], tf.int32))
    gradient, before = compiled.gradient(embeddings)
    target = compiled.move(embeddings, gradient, tf.fill((8,), 0.1), tf.ones((8, 20)))
    np.testing.assert_allclose(np.linalg.norm(target, axis=-1), 1.0, atol=1e-5)
    assert np.all(compiled.models.predictor(target) > before)


def batches(space, config, rng, rates):
    tokens = np.array([space.sample(rng).tokens for _ in range(STEPS * config.batch)], np.int32)
    shape = (STEPS, config.batch)
    return Batches(
        tokens.reshape(*shape, -1),
        prefix_states(space, tokens).reshape(*shape, -1),
        rng.normal(size=shape).astype(np.float32),
        np.ones(shape, np.float32),
        np.asarray(config.decoder_interval, np.int32),
        rates.astype(np.float32),
        np.ones((STEPS, 2), np.int32),
    )


def test_training_is_adam_on_equation_1(configs, rng):
    """One step with rate 1e-3, the others with rate 0, against the formulas."""
    config = dataclasses.replace(
        configs['default'], decoder_interval=1, encoder_dropout=0.0, clip_norm=0.05, decoder_decay=1e-3
    )
    space, compiled, weights = made('enas_cnn', config)
    data = batches(space, config, rng, np.where(np.arange(STEPS) == 0, 1e-3, 0))
    zeros = np.zeros_like(weights)
    after, losses = compiled.train(Weights(weights, zeros, zeros), data)
    variables = [variable.value for variable in compiled.models.variables]
    with tf.GradientTape() as tape:
        prediction, embeddings = compiled.prediction_loss(data.tokens[0], data.targets[0], None)
        reconstruction = compiled.reconstruction_loss(embeddings, data.tokens[0], data.states[0])
        loss = config.trade_off * prediction + (1 - config.trade_off) * reconstruction
    gradient = np.concatenate([np.ravel(part) for part in tape.gradient(loss, variables)])
    gradient += decay_factors(compiled.models, config) * weights
    assert np.linalg.norm(gradient) > config.clip_norm
    gradient *= config.clip_norm / np.linalg.norm(gradient)
    expected = weights - 1e-3 * 0.1 * gradient / (np.sqrt(0.001) * np.abs(gradient) + 1e-8)
    large = np.abs(gradient) > 1e-6  # below, the smallest differences in the gradient decide
    np.testing.assert_allclose(after.current[large], expected[large], atol=2e-5)
    assert np.all(np.isfinite(losses))


def test_steps_between_the_decoders_leave_it_to_the_momentum(configs, rng):
    config = dataclasses.replace(configs['default'], decoder_interval=8, decoder_decay=0.0)
    space, compiled, weights = made('enas_cnn', config)
    data = batches(space, config, rng, np.zeros(STEPS))
    zeros = np.zeros_like(weights)
    after, _ = compiled.train(Weights(weights, zeros, zeros), data)
    np.testing.assert_array_equal(after.current, weights)  # rate 0
    sizes = [sum(int(np.prod(v.shape)) for v in model.trainable_variables) for model in compiled.models]
    decoder = after.first.numpy()[sum(sizes[:2]) :]
    assert np.abs(decoder).max() > 0


@pytest.mark.parametrize('kind', ['default', 'paper', 'released'])
def test_a_climb_of_no_size_decodes_the_embedding(kind, configs, rng):
    space, compiled, weights = made('nao_rnn', configs[kind])
    tokens = np.array([space.sample(rng).tokens for _ in range(ROWS)], np.int32)
    embeddings, gradient, before = compiled.slope(weights, tokens)
    moved = np.ones(embeddings.shape[:2], np.float32)
    decoded, target, encoded, after, again = compiled.climb(
        weights, embeddings, gradient, np.zeros(ROWS, np.float32), moved
    )
    np.testing.assert_allclose(after, before, atol=1e-5)
    predicted, reviewed = compiled.review(weights, tokens)
    np.testing.assert_allclose(before, predicted, atol=1e-5)
    np.testing.assert_array_equal(decoded, compiled.decode(weights, embeddings))
    np.testing.assert_array_equal(decoded, reviewed)
    np.testing.assert_allclose(again, compiled.predict(weights, decoded), atol=1e-5)
    if configs[kind].renormalise_step:
        np.testing.assert_allclose(target, embeddings, atol=1e-5)
    np.testing.assert_allclose(encoded, compiled.encode(weights, decoded), atol=1e-5)


def test_rows_without_a_score_leave_the_prediction_loss_alone(configs, rng):
    space, compiled, _ = made('enas_cnn', configs['default'])
    tokens = np.array([space.sample(rng).tokens for _ in range(4)], np.int32)
    targets, weights = np.array([1.0, -1.0, 9.0, 9.0], np.float32), np.array([1.0, 1.0, 0.0, 0.0], np.float32)
    some, _ = compiled.prediction_loss(tf.constant(tokens), targets, None, weights)
    two, _ = compiled.prediction_loss(tf.constant(tokens[:2]), targets[:2], None)
    assert float(some) == pytest.approx(float(two), rel=1e-5)
