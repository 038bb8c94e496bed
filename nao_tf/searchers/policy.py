"""An LSTM policy over the tokens of a space: sampling, and policy-gradient updates, compiled once for each space."""

from __future__ import annotations

import dataclasses
import functools

import numpy as np
import tensorflow as tf

from nao_tf.controller.adam import BETA_1, BETA_2, Weights, adam, compiled
from nao_tf.controller.lstm import lstm_sequence, lstm_step
from nao_tf.controller.masks import Masks, masked_log_softmax, prefix_states
from nao_tf.spaces.base import SearchSpace


@dataclasses.dataclass(frozen=True)
class PolicyConfig:
    """What a compiled policy depends on beside its space.

    Args:
        layers: LSTM layers.
        hidden: units of each, and the width of the token embedding.
        batch: B, sequences of one call.
        epochs: gradient steps on one batch.
        clip: epsilon of PPO's clipped objective; 0 for the plain policy gradient.
        logit_bound: c of c tanh(logits / temperature), which keeps a policy from becoming sure too early; 0 for the
            logits as they are.
        temperature: see above; of bounded logits only.
    """

    layers: int
    hidden: int
    batch: int
    epochs: int = 1
    clip: float = 0.0
    logit_bound: float = 0.0
    temperature: float = 1.0


class Policy:
    """P(x) = prod_r P(x_r | x_<r), an LSTM that reads the token before and is masked by V_r.

    Pure functions of a flat vector of weights, so that every searcher of one space and config shares one compile.

    Args:
        space: its masks become constants.
        config: sizes and the objective.
    """

    def __init__(self, space: SearchSpace, config: PolicyConfig):
        self.config = config
        self.space = space
        self.masks = Masks(space.next_state, space.valid)
        width, words = config.hidden, len(space.vocabulary)
        self._shapes = [
            (words, width),
            *[(2 * width, 4 * width), (4 * width,)] * config.layers,
            (width, words),
            (words,),
        ]
        self._sizes = [int(np.prod(shape)) for shape in self._shapes]
        flat = tf.TensorSpec((sum(self._sizes),), tf.float32)
        rows = tf.TensorSpec((config.batch, space.length), tf.int32)
        numbers = tf.TensorSpec((config.batch, space.length), tf.float32)
        row = tf.TensorSpec((config.batch,), tf.float32)
        scalar = tf.TensorSpec((), tf.float32)
        noise = tf.TensorSpec((config.batch, space.length, words), tf.float32)
        self._sample = compiled(self._sampling, flat, noise)
        self._update = compiled(
            self._updating, flat, flat, flat, rows, rows, row, numbers, scalar, scalar, tf.TensorSpec((), tf.int32)
        )

    def initial(self, rng: np.random.Generator, scale: float) -> Weights:
        """Returns fresh weights, uniform in [-scale, scale].

        Args:
            rng: the source of randomness.
            scale: bound of every weight.
        """
        size = sum(self._sizes)
        zeros = np.zeros(size, np.float32)
        return Weights(rng.uniform(-scale, scale, size).astype(np.float32), zeros, zeros)

    def sample(self, weights: Weights, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Draws B sequences.

        Args:
            weights: of the policy.
            rng: the source of randomness (Gumbel noise: the largest of logits plus noise is a draw).

        Returns:
            Tokens int [B, T] and log P of each token, float32 [B, T].
        """
        shape = (self.config.batch, self.space.length, len(self.space.vocabulary))
        tokens, chosen = self._sample(weights.current, rng.gumbel(size=shape).astype(np.float32))
        return tokens.numpy().T, chosen.numpy().T

    def update(
        self,
        weights: Weights,
        tokens: np.ndarray,
        advantages: np.ndarray,
        before: np.ndarray,
        *,
        rate: float,
        entropy: float,
        steps: int,
    ) -> Weights:
        """Takes `epochs` steps of Adam up the objective on one batch.

        Args:
            weights: before it.
            tokens: int [B, T].
            advantages: [B], score minus baseline; 0 leaves a row out.
            before: log P of each token when it was drawn, [B, T]; read by PPO only.
            rate: Adam's step size.
            entropy: weight of the policy's entropy.
            steps: of Adam so far.
        """
        states = prefix_states(self.space, tokens)
        result = self._update(
            *weights,
            tokens.astype(np.int32),
            states,
            advantages.astype(np.float32),
            before.astype(np.float32),
            np.float32(rate),
            np.float32(entropy),
            np.int32(steps),
        )
        return Weights(*(value.numpy() for value in result))

    def _split(self, flat: tf.Tensor) -> list[tf.Tensor]:
        parts = tf.split(flat, self._sizes)
        return [tf.reshape(part, shape) for part, shape in zip(parts, self._shapes, strict=True)]

    def _bounded(self, logits: tf.Tensor) -> tf.Tensor:
        bound = self.config.logit_bound
        return bound * tf.tanh(logits / self.config.temperature) if bound else logits

    def _sampling(self, flat: tf.Tensor, noise: tf.Tensor):
        embedding, *stack, out, bias = self._split(flat)
        batch, width, length = self.config.batch, self.config.hidden, self.masks.length

        def step(position, token, state, hiddens, cells, tokens, chosen):
            inputs = tf.gather(embedding, token)
            after_hidden, after_cell = [], []
            for layer in range(self.config.layers):
                kernel, biases = stack[2 * layer], stack[2 * layer + 1]
                gates = tf.matmul(inputs, kernel[:width]) + biases
                inputs, cell, _ = lstm_step(gates, hiddens[layer], cells[layer], kernel[width:])
                after_hidden.append(inputs)
                after_cell.append(cell)
            logits = self._bounded(tf.matmul(inputs, out) + bias)
            log_p = masked_log_softmax(logits, self.masks.valid(position, state))
            token = tf.argmax(log_p + noise[:, position], -1, output_type=tf.int32)
            return (
                position + 1,
                token,
                self.masks.advance(state, token),
                tf.stack(after_hidden),
                tf.stack(after_cell),
                tokens.write(position, token),
                chosen.write(position, tf.gather(log_p, token, batch_dims=1)),
            )

        zeros = tf.zeros((self.config.layers, batch, width))
        first = tf.zeros((batch,), tf.int32)  # <sos>, and state 0
        *_, tokens, chosen = tf.while_loop(
            lambda position, *_: position < length,
            step,
            (0, first, first, zeros, zeros, tf.TensorArray(tf.int32, length), tf.TensorArray(tf.float32, length)),
            maximum_iterations=length,
        )
        return tokens.stack(), chosen.stack()  # [T, B]: oneDNN complains of a transposition of integers

    def _log_probabilities(self, flat: tf.Tensor, tokens: tf.Tensor, states: tf.Tensor) -> tf.Tensor:
        """Returns log P of every word at every position of given sequences, [B, T, V]."""
        embedding, *stack, out, bias = self._split(flat)
        width = self.config.hidden
        zeros = tf.zeros((self.config.batch, width))
        before = tf.concat([tf.zeros_like(tokens[:, :1]), tokens[:, :-1]], 1)
        inputs = tf.transpose(tf.gather(embedding, before), (1, 0, 2))
        for layer in range(self.config.layers):
            kernel, biases = stack[2 * layer], stack[2 * layer + 1]
            inputs = lstm_sequence(inputs @ kernel[:width] + biases, kernel[width:], zeros, zeros)
        logits = self._bounded(tf.transpose(inputs @ out + bias, (1, 0, 2)))
        return masked_log_softmax(logits, self.masks.valid(tf.range(self.masks.length), states))

    def _loss(self, flat, tokens, states, advantages, before, entropy):
        log_p = self._log_probabilities(flat, tokens, states)
        chosen = tf.gather(log_p, tokens, batch_dims=2)
        advantages = advantages[:, None]
        if self.config.clip:
            ratio = tf.exp(chosen - before)
            limited = tf.clip_by_value(ratio, 1 - self.config.clip, 1 + self.config.clip)
            gain = tf.minimum(ratio * advantages, limited * advantages)
        else:
            gain = chosen * advantages
        surprise = -tf.reduce_sum(tf.exp(log_p) * tf.maximum(log_p, -50.0), -1)
        return -tf.reduce_mean(tf.reduce_sum(gain + entropy * surprise, 1))

    def _updating(self, current, first, second, tokens, states, advantages, before, rate, entropy, steps):
        for epoch in range(self.config.epochs):
            with tf.GradientTape() as tape:
                tape.watch(current)
                loss = self._loss(current, tokens, states, advantages, before, entropy)
            gradient = tf.convert_to_tensor(tape.gradient(loss, current))
            count = tf.cast(steps + epoch + 1, tf.float32)
            size = rate * tf.sqrt(1 - tf.pow(BETA_2, count)) / (1 - tf.pow(BETA_1, count))
            current, first, second = adam(Weights(current, first, second), gradient, size)
        return current, first, second


@functools.lru_cache(maxsize=16)
def policy(space: SearchSpace, config: PolicyConfig) -> Policy:
    """Returns the compiled policy of a space and config, shared by all searchers of this process."""
    return Policy(space, config)
