"""RecurrentTrainer: the compiled steps of shared recurrent weights, and the perplexities of many cells on one text."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from nao_tf.errors import InputError
from nao_tf.spaces.architecture import Architecture
from nao_tf.supernets.recurrent_supernet import RecurrentSupernet
from nao_tf.tasks.streams import Segment
from nao_tf.training.distribution import OFF, Distribution
from nao_tf.training.language_passes import perplexity
from nao_tf.training.language_steps import LanguageSteps
from nao_tf.training.replicas import Replicas


class RecurrentTrainer:
    """Trains shared weights by one cell a segment, and scores cells with them (A3).

    Args:
        supernet: whose weights are trained.
        batch_size: B of a training segment (256 in the released search).
        eval_batch_size: B of a validation segment.
        weight_decay: times half the sum of squares of the weights that are used.
        clip_norm: bound of the global norm of the gradient; 0 means none.
        activation_penalty: alpha of AR.
        slowness_penalty: beta of TAR.
        seed: decides the dropout masks.
        distribution: the devices that train it together, each with some of the streams; the supernet's variables were
            made in the scope of its strategy.

    Raises:
        InputError: if a batch is too small for the devices.
    """

    def __init__(
        self,
        supernet: RecurrentSupernet,
        *,
        batch_size: int,
        eval_batch_size: int,
        weight_decay: float = 5e-7,
        clip_norm: float = 10.0,
        activation_penalty: float = 0.0,
        slowness_penalty: float = 1e-3,
        seed: int = 0,
        distribution: Distribution = OFF,
    ):
        self.supernet = supernet
        self.batch_size = batch_size
        self.eval_batch_size = eval_batch_size
        self.weight_decay = weight_decay
        self.clip_norm = clip_norm
        self.activation_penalty = activation_penalty
        self.slowness_penalty = slowness_penalty
        self.seed = seed
        self.replicas, self.eval_replicas = (Replicas(distribution, batch) for batch in (batch_size, eval_batch_size))
        self.replicas.steps_per_loop = self.eval_replicas.steps_per_loop = 1  # every step has a cell of its own

    @functools.cached_property
    def steps(self) -> LanguageSteps:
        """The compiled steps: (segment, state, number, codes, learning rate) -> mean cross entropy in nats, state."""
        others = (self.supernet.codes_spec, tf.TensorSpec((), tf.float32))
        return LanguageSteps(self.update, self.replicas, self.initial_state(self.replicas), others)

    @functools.cached_property
    def losses(self) -> LanguageSteps:
        """The compiled evaluation: (segment, state, number, codes) -> sum of the losses, state."""
        replicas = self.eval_replicas
        return LanguageSteps(self._sum, replicas, self.initial_state(replicas), (self.supernet.codes_spec,))

    def update(
        self,
        inputs: tf.Tensor,
        targets: tf.Tensor,
        weights: tf.Tensor,
        state: tf.Tensor,
        number: tf.Tensor,
        codes: tf.Tensor,
        learning_rate: tf.Tensor,
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Updates what one cell uses once; returns the mean cross entropy (scalar) and the state to carry on [B, H].

        Args:
            inputs: int32 [T, B].
            targets: int32 [T, B].
            weights: float32 [T, B], 0 for filler.
            state: float32 [B, H].
            number: of the step, int32 scalar.
            codes: of the cell, `RecurrentSupernet.codes`.
            learning_rate: float32 scalar.
        """
        found = self.supernet.computation(codes).gradients(
            inputs,
            targets,
            weights,
            state,
            tf.stack([tf.constant(self.seed & 0x7FFFFFFF), number]),
            activation_penalty=self.activation_penalty,
            slowness_penalty=self.slowness_penalty,
            share=self.replicas.share(),
        )
        gradients = self.replicas.sum(found.gradients)
        self.supernet.update(codes, gradients, learning_rate, weight_decay=self.weight_decay, clip_norm=self.clip_norm)
        return found.loss, found.state

    def initial_state(self, replicas: Replicas) -> Any:
        """Returns the state at the beginning of a text, zeros [B, H] in all."""
        return replicas.spread(np.zeros((replicas.batch_size, self.supernet.config.hidden), np.float32))

    def perplexities(self, architectures: Sequence[Architecture], segments: Iterable[Segment]) -> list[float]:
        """Returns the perplexity of each cell, all of them on the same segments from their beginning.

        Args:
            architectures: of the supernet's space.
            segments: consecutive ones of a text; the state is carried from each to the next.

        Raises:
            InputError: if an architecture is not of the space, or there is no segment.
        """
        codes = [tf.constant(self.supernet.codes(architecture)) for architecture in architectures]
        held = list(segments)
        if not held:
            raise InputError('supernet: a perplexity needs at least one segment of text, and there is none')
        return [self._perplexity(code, held) for code in codes]

    def _perplexity(self, codes: tf.Tensor, segments: Sequence[Segment]) -> float:
        state = self.initial_state(self.eval_replicas)
        sums, tokens = [], 0.0
        for segment in segments:
            (loss,), state = self.losses([segment], state, 0, codes)
            sums.append(float(loss))
            tokens += float(segment.weights.sum())
        return perplexity(math.fsum(sums) / tokens)

    def _sum(
        self,
        inputs: tf.Tensor,
        targets: tf.Tensor,
        weights: tf.Tensor,
        state: tf.Tensor,
        number: tf.Tensor,
        codes: tf.Tensor,
    ) -> tuple[tf.Tensor, tf.Tensor]:
        del number
        logits, state = self.supernet.computation(codes).logits(inputs, state)
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(targets, logits)
        return tf.reduce_sum(losses * weights), state
