"""The controller's compiled programs: pure functions of a flat vector of weights, with static shapes.

Weights come in and go out as arguments, so every controller of one space and config in a process shares one
compile, whatever its weights and however many architectures it has seen.
"""

from __future__ import annotations

import dataclasses
import threading
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from nao_tf.controller.adam import Weights, adam, compiled
from nao_tf.controller.config import HOST_FIELDS, STEPS, ControllerConfig
from nao_tf.controller.masks import Masks, masked_log_softmax
from nao_tf.controller.models import Models, build_models, decay_factors
from nao_tf.quiet import quiet_xla
from nao_tf.spaces.base import SearchSpace

ROWS = 100  # architectures of one call of everything else
KEPT = 16  # programs of one process


class Batches(NamedTuple):
    """What one call of `Program.train` consumes: K = STEPS batches, drawn on the host.

    Args:
        tokens: int32 [K, B, T].
        states: int32 [K, B, T], states of the masks before each position.
        targets: float32 [K, B], normalised scores.
        weights: float32 [K, B], of the rows in L_pp: 0 for architectures without a score.
        interval: int32 [], L_rec joins the loss at every such step.
        rates: float32 [K], Adam's step sizes with its bias corrections; 0 leaves the weights as they are.
        seeds: int32 [K, 2], for dropout.
    """

    tokens: np.ndarray
    states: np.ndarray
    targets: np.ndarray
    weights: np.ndarray
    interval: np.ndarray
    rates: np.ndarray
    seeds: np.ndarray


class Program:
    """Training (Eq. 1), prediction, encoding, decoding and ascent (Eq. 2) of one space and config.

    Args:
        space: the space; its masks become constants.
        config: sizes and choices.
    """

    def __init__(self, space: SearchSpace, config: ControllerConfig):
        quiet_xla()
        self.config = config
        self.masks = Masks(space.next_state, space.valid)
        self.models: Models = build_models(space, config)
        self.decay = decay_factors(self.models, config)
        size = sum(int(np.prod(variable.shape)) for variable in self.models.variables)
        steps = space.length // self.models.encoder.step_length
        length = space.length

        def floats(*shape):
            return tf.TensorSpec(shape, tf.float32)

        def ints(*shape):
            return tf.TensorSpec(shape, tf.int32)

        batch = config.batch
        each = floats(STEPS, batch)
        tokens = ints(STEPS, batch, length)
        batches = Batches(tokens, tokens, each, each, ints(), floats(STEPS), ints(STEPS, 2))
        weights = Weights(*[floats(size)] * 3)
        embeddings = floats(ROWS, steps, config.hidden)
        flat = floats(size)
        rows = ints(ROWS, length)
        self.train = compiled(self._train, weights, batches)
        self.predict = compiled(self._predict, flat, rows)
        self.encode = compiled(self._encode, flat, rows)
        self.decode = compiled(self._decode, flat, embeddings)
        self.review = compiled(self._review, flat, rows)
        self.slope = compiled(self._slope, flat, rows, xla=True)
        self.climb = compiled(self._climb, flat, embeddings, embeddings, floats(ROWS), floats(ROWS, steps), xla=True)

    def prediction_loss(
        self, tokens: tf.Tensor, targets: tf.Tensor, seed: tf.Tensor | None, weights: tf.Tensor | None = None
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns L_pp of Eq. (1) averaged over the batch, and the embeddings.

        Args:
            tokens: int32 [B, T].
            targets: float32 [B].
            seed: int32 [2] for dropout, or None.
            weights: float32 [B], of the rows in the average; None for all alike.
        """
        embeddings = self.models.encoder(tokens, seed)
        predicted = self.models.predictor(embeddings, None if seed is None else seed + 1)
        errors = tf.square(targets - predicted)
        if weights is None:
            return tf.reduce_mean(errors), embeddings
        return tf.reduce_sum(weights * errors) / tf.maximum(tf.reduce_sum(weights), 1.0), embeddings

    def reconstruction_loss(self, embeddings: tf.Tensor, tokens: tf.Tensor, states: tf.Tensor) -> tf.Tensor:
        """Returns L_rec of Eq. (1) averaged over the batch, summed or averaged over the tokens by the config.

        Args:
            embeddings: e_x, float32 [B, S, D].
            tokens: int32 [B, T].
            states: int32 [B, T].
        """
        log_probabilities = masked_log_softmax(
            self.models.decoder(embeddings, tokens), self.masks.valid(tf.range(self.masks.length), states)
        )
        chosen = tf.reduce_sum(log_probabilities * tf.one_hot(tokens, self.masks.vocabulary), -1)
        reduce = tf.reduce_sum if self.config.reconstruction == 'sum' else tf.reduce_mean
        return -tf.reduce_mean(reduce(chosen, -1))

    def _train(self, weights: Weights, batches: Batches):
        """Runs STEPS steps of Adam on Eq. (1); returns the new weights and the mean losses [2]."""
        trade_off, interval = self.config.trade_off, batches.interval

        def step(index, weights, losses, reconstruct: bool):
            parts = self.models.split(weights.current)
            tokens = batches.tokens[index]
            with tf.GradientTape() as tape, self.models.scope(parts):
                tape.watch(parts)
                prediction, embeddings = self.prediction_loss(
                    tokens, batches.targets[index], batches.seeds[index], batches.weights[index]
                )
                loss, reconstruction = trade_off * prediction, tf.constant(0.0)
                if reconstruct:
                    reconstruction = self.reconstruction_loss(embeddings, tokens, batches.states[index])
                    reconstruction *= tf.cast(interval, tf.float32)
                    loss += (1 - trade_off) * reconstruction
            gradient = tape.gradient(loss, parts, unconnected_gradients=tf.UnconnectedGradients.ZERO)
            flat = tf.concat([tf.reshape(part, [-1]) for part in gradient], 0) + self.decay * weights.current
            flat *= tf.minimum(1.0, self.config.clip_norm / (tf.norm(flat) + 1e-12))
            weights = adam(weights, flat, batches.rates[index])
            return index + 1, weights, losses + tf.stack([prediction, reconstruction]) / STEPS

        def body(index, weights, losses):
            state = step(index, weights, losses, True)
            if self.config.decoder_interval == 1:
                return state
            return tf.while_loop(
                lambda inner, *_: inner < index + interval,
                lambda index, weights, losses: step(index, weights, losses, False),
                state,
                maximum_iterations=self.config.decoder_interval - 1,
            )

        _, weights, losses = tf.while_loop(
            lambda index, *_: index < STEPS, body, (0, weights, tf.zeros(2)), maximum_iterations=STEPS
        )
        return weights, losses

    def _predict(self, weights: tf.Tensor, tokens: tf.Tensor) -> tf.Tensor:
        """Returns f(E(x)), [R], in normalised units."""
        with self.models.scope(self.models.split(weights)):
            return self.models.predictor(self.models.encoder(tokens))

    def _review(self, weights: tf.Tensor, tokens: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns f(E(x)), [R], and D(E(x)), int32 [R, T]."""
        with self.models.scope(self.models.split(weights)):
            embeddings = self.models.encoder(tokens)
            return self.models.predictor(embeddings), self.models.decoder.generate(embeddings, self.masks)

    def _encode(self, weights: tf.Tensor, tokens: tf.Tensor) -> tf.Tensor:
        """Returns E(x), [R, S, D]."""
        with self.models.scope(self.models.split(weights)):
            return self.models.encoder(tokens)

    def _decode(self, weights: tf.Tensor, embeddings: tf.Tensor) -> tf.Tensor:
        """Returns D(e), int32 [R, T]."""
        with self.models.scope(self.models.split(weights)):
            return self.models.decoder.generate(embeddings, self.masks)

    def _slope(self, weights: tf.Tensor, tokens: tf.Tensor):
        """Returns e_x [R, S, D], the gradient of f there [R, S, D], and f(e_x) [R]."""
        with self.models.scope(self.models.split(weights)):
            embeddings = self.models.encoder(tokens)
            return embeddings, *self.gradient(embeddings)

    def gradient(self, embeddings: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns df/dh_t of Eq. (2) for all states, [R, S, D], and f(e_x), [R]."""
        with tf.GradientTape() as tape:
            tape.watch(embeddings)
            before = self.models.predictor(embeddings)
        return tape.gradient(before, embeddings), before

    def move(self, embeddings: tf.Tensor, gradient: tf.Tensor, sizes: tf.Tensor, moved: tf.Tensor) -> tf.Tensor:
        """Eq. (2): h'_t = h_t + eta * df/dh_t.

        Args:
            embeddings: e_x, [R, S, D].
            gradient: df/dh_t, [R, S, D].
            sizes: eta, [R].
            moved: [R, S], 1 for the states that move, 0 for those that stay.

        Returns:
            e_x' [R, S, D], of unit length where the config renormalises.
        """
        result = embeddings + (sizes[:, None] * moved)[..., None] * gradient
        return tf.math.l2_normalize(result, -1) if self.config.renormalise_step else result

    def _climb(
        self, weights: tf.Tensor, embeddings: tf.Tensor, gradient: tf.Tensor, sizes: tf.Tensor, moved: tf.Tensor
    ):
        """A step of Eq. (2), decoded; returns tokens x' [R, T], e_x' and E(x') [R, S, D], f(e_x') and f(E(x')) [R]."""
        with self.models.scope(self.models.split(weights)):
            target = self.move(embeddings, gradient, sizes, moved)
            decoded = self.models.decoder.generate(target, self.masks)
            encoded = self.models.encoder(decoded)
            return decoded, target, encoded, self.models.predictor(target), self.models.predictor(encoded)

    def traces(self) -> int:
        """Returns how often anything was traced so far; stays the same over the rounds of a search."""
        functions = (
            self.train, self.predict, self.encode, self.decode, self.review, self.slope, self.climb,
        )  # fmt: skip
        return sum(function.experimental_get_tracing_count() for function in functions)


_LOCK = threading.Lock()
_MADE: dict[tuple, Program] = {}


def program(space: SearchSpace, config: ControllerConfig) -> Program:
    """Returns the compiled program of a space and config, shared by all controllers of this process."""
    fields = (field.name for field in dataclasses.fields(config))
    key = (
        space.length,
        space.branch_length,
        *(table.tobytes() for table in (space.next_state, space.valid, space.step_nodes, space.read_nodes)),
        *(getattr(config, field) for field in fields if field not in HOST_FIELDS),
    )
    with _LOCK:
        made = _MADE.pop(key, None) or Program(space, config)
        _MADE[key] = made  # the one that was asked for last stands last
        for oldest in list(_MADE)[:-KEPT]:
            del _MADE[oldest]
    return made
