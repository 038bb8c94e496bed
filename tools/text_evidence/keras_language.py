"""Keras's LSTM and GRU as a language model that `LanguageTrainer` trains like any recurrent cell."""

from __future__ import annotations

from typing import Self

import keras
import numpy as np
import tensorflow as tf

from nao_tf.networks.dropping import variational_mask
from nao_tf.networks.initialization import uniform, weight_generator
from nao_tf.networks.language_computation import Gradients
from nao_tf.networks.language_network import LIMIT
from nao_tf.networks.recurrent_config import RecurrentConfig

KINDS = {'LSTM': (keras.layers.LSTM, 4, 2), 'GRU': (keras.layers.GRU, 3, 1)}  # layer, gates, parts of the state


def equal_units(kind: str, parameters: int, vocabulary: int) -> int:
    """Returns the units n of the model whose number of parameters is nearest to another's."""
    _, gates, _ = KINDS[kind]
    biases = 2 if kind == 'GRU' else 1  # Keras's GRU has one for the input and one for the state
    return min(
        range(1, 5000),
        key=lambda n: abs(vocabulary * (n + 1) + gates * (2 * n * n + biases * n) - parameters),
    )


class KerasLanguage:
    """Embedding, one recurrent layer of Keras, and the softmax that shares the embedding's matrix.

    Args:
        kind: of `KINDS`.
        units: n, the width of embedding and state.
        config: vocabulary and dropout; what has no form in Keras's layers (hidden, word, weight dropout) has to be 0.
        seed: decides the initial weights; those of the layer are drawn as Keras draws them.
    """

    def __init__(self, kind: str, units: int, config: RecurrentConfig, *, seed: int):
        if config.hidden_dropout or config.word_dropout or config.weight_dropout:
            raise ValueError('hidden, word and weight dropout have no form here')
        layer, _, self._parts = KINDS[kind]
        self.units, self.config = units, config
        values = uniform(LIMIT)(weight_generator(seed, 'embedding'), (config.vocabulary, units))
        self.embedding = keras.Variable(values, name='embedding')
        self.bias = keras.Variable(np.zeros(config.vocabulary, np.float32), name='bias')
        keras.utils.set_random_seed(seed)
        self.layer = layer(units, return_sequences=True, return_state=True)
        self.layer.build((None, None, units))

    @property
    def trained(self) -> list[keras.Variable]:
        """All variables, the embedding first."""
        return [self.embedding, self.bias, *self.layer.trainable_variables]

    @property
    def parameters(self) -> int:
        """How many trainable numbers there are."""
        return sum(int(np.prod(variable.shape)) for variable in self.trained)

    def initial_state(self, batch_size: int) -> tf.Tensor:
        """Returns the state at the beginning of a text, zeros [B, parts * n]."""
        return tf.zeros((batch_size, self._parts * self.units))

    def __call__(self, tokens: tf.Tensor, state: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns logits [T, B, V] without dropout, and the state to carry on."""
        outputs, state = self._outputs(tokens, state, None)
        return self._logits(outputs), state

    def _outputs(self, tokens: tf.Tensor, state: tf.Tensor, seed: tf.Tensor | None) -> tuple[tf.Tensor, tf.Tensor]:
        words = tf.gather(self.embedding.value, tokens)
        if seed is not None:
            rates = (self.config.embedding_dropout, self.config.input_dropout)
            for number, rate in enumerate(rates, start=3):
                mask = variational_mask(rate, (tokens.shape[1], self.units), seed, number)
                words = words if mask is None else words * mask
        parts = tf.split(state, self._parts, axis=1)
        outputs, *after = self.layer(tf.transpose(words, (1, 0, 2)), initial_state=parts)
        return tf.transpose(outputs, (1, 0, 2)), tf.concat(after, 1)

    def _logits(self, outputs: tf.Tensor) -> tf.Tensor:
        flat = tf.matmul(tf.reshape(outputs, (-1, self.units)), self.embedding.value, transpose_b=True)
        return tf.reshape(flat + self.bias.value, (*outputs.shape[:2], self.config.vocabulary))

    @property
    def computation(self) -> Self:
        """What `LanguageTrainer` takes the gradients from."""
        return self

    def gradients(
        self,
        inputs: tf.Tensor,
        targets: tf.Tensor,
        weights: tf.Tensor,
        state: tf.Tensor,
        seed: tf.Tensor,
        *,
        activation_penalty: float = 0.0,
        slowness_penalty: float = 0.0,
        share: None = None,
    ) -> Gradients:
        """Computes loss and gradients of one step, as `LanguageComputation.gradients`, on one device."""
        assert share is None
        variables = [variable.value for variable in self.trained]
        with tf.GradientTape() as tape:
            outputs, state = self._outputs(inputs, state, seed)
            mask = variational_mask(self.config.output_dropout, outputs.shape[1:], seed, 1)
            dropped = outputs if mask is None else outputs * mask
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(targets, self._logits(dropped))
            loss = total = tf.math.divide_no_nan(tf.reduce_sum(losses * weights), tf.reduce_sum(weights))
            total += activation_penalty * tf.reduce_mean(tf.square(dropped))
            total += slowness_penalty * tf.reduce_mean(tf.square(outputs[1:] - outputs[:-1]))
        gradients = [tf.convert_to_tensor(gradient) for gradient in tape.gradient(total, variables)]
        return Gradients(loss, total, state, gradients)
