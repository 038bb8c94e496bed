"""The hand-written gradient of the LSTM, against Keras's layer and TensorFlow's own differentiation."""

import keras
import numpy as np
import tensorflow as tf

from nao_tf.controller.lstm import LSTM, lstm_sequence, lstm_step

STEPS, BATCH, WIDTH, DEPTH = 7, 3, 5, 4


def values(rng, *shape):
    return tf.constant(rng.normal(size=shape).astype(np.float32))


def test_states_are_those_of_keras_lstm(rng):
    reference = keras.layers.LSTM(WIDTH, return_sequences=True, unit_forget_bias=True)
    inputs = values(rng, BATCH, STEPS, DEPTH)
    expected = reference(inputs)
    kernel, recurrent, bias = (np.split(weight, 4, axis=-1) for weight in reference.get_weights())

    def ours(parts):  # Keras orders the gates input, forget, candidate, output
        return np.concatenate([parts[0], parts[1], parts[3], parts[2]], axis=-1)

    layer = LSTM(WIDTH, forget_bias=0.0, name='lstm')
    layer.recurrent.assign(ours(recurrent))
    layer.bias.assign(ours(bias))
    projected = layer.project(tf.transpose(tf.einsum('btd,dg->btg', inputs, ours(kernel)), (1, 0, 2)))
    zeros = tf.zeros((BATCH, WIDTH))
    states = layer(projected, zeros, zeros)
    np.testing.assert_allclose(tf.transpose(states, (1, 0, 2)), expected, atol=1e-5)


def test_gradients_are_those_of_automatic_differentiation(rng):
    arguments = [
        values(rng, STEPS, BATCH, 4 * WIDTH), values(rng, WIDTH, 4 * WIDTH), values(rng, BATCH, WIDTH),
        values(rng, BATCH, WIDTH),
    ]  # fmt: skip
    weights = values(rng, STEPS, BATCH, WIDTH)

    def plain(inputs, recurrent, hidden, cell):
        states = []
        for step in range(STEPS):
            hidden, cell, _ = lstm_step(inputs[step], hidden, cell, recurrent)
            states.append(hidden)
        return tf.stack(states)

    results = []
    for function in (lstm_sequence, plain):
        with tf.GradientTape() as tape:
            tape.watch(arguments)
            states = function(*arguments)
            loss = tf.reduce_sum(states * weights)
        results.append([states, *tape.gradient(loss, arguments)])
    for ours, expected in zip(*results, strict=True):
        np.testing.assert_allclose(ours, expected, rtol=1e-4, atol=1e-5)
