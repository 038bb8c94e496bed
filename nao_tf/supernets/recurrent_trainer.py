"""RecurrentTrainer: the compiled steps of shared recurrent weights, and the perplexities of many cells on one text."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence

import tensorflow as tf

from nao_tf.errors import InputError
from nao_tf.spaces.architecture import Architecture
from nao_tf.supernets.recurrent_supernet import RecurrentSupernet
from nao_tf.tasks.streams import Segment
from nao_tf.training.language import perplexity


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
    ):
        self.supernet = supernet
        self.batch_size = batch_size
        self.eval_batch_size = eval_batch_size
        self.weight_decay = weight_decay
        self.clip_norm = clip_norm
        self.activation_penalty = activation_penalty
        self.slowness_penalty = slowness_penalty
        self.seed = seed
        self._steps: dict[int, Callable[..., tuple[tf.Tensor, tf.Tensor]]] = {}
        self._losses: dict[int, Callable[..., tuple[tf.Tensor, tf.Tensor]]] = {}

    def step(self, length: int) -> Callable[..., tuple[tf.Tensor, tf.Tensor]]:
        """Returns the compiled step of one length.

        It takes (inputs, targets, weights, state, codes, learning rate, number of the step) and returns the mean cross
        entropy in nats and the state to carry on.

        Args:
            length: T; each of the few lengths of a text is traced when it is first asked for.
        """
        if length not in self._steps:
            others = (tf.TensorSpec((), tf.float32), tf.TensorSpec((), tf.int32))
            signature = (*self._specs(length, self.batch_size), *others)
            self._steps[length] = tf.function(self.update, autograph=False, input_signature=signature)
        return self._steps[length]

    def _specs(self, length: int, batch: int) -> tuple[tf.TensorSpec, ...]:
        shape = (length, batch)
        tokens, weights = tf.TensorSpec(shape, tf.int32), tf.TensorSpec(shape, tf.float32)
        state = tf.TensorSpec((batch, self.supernet.config.hidden), tf.float32)
        return tokens, tokens, weights, state, self.supernet.codes_spec

    def update(
        self,
        inputs: tf.Tensor,
        targets: tf.Tensor,
        weights: tf.Tensor,
        state: tf.Tensor,
        codes: tf.Tensor,
        learning_rate: tf.Tensor,
        number: tf.Tensor,
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Updates what one cell uses once, see `step`."""
        found = self.supernet.gradients(
            inputs,
            targets,
            weights,
            state,
            tf.stack([tf.constant(self.seed & 0x7FFFFFFF), number]),
            codes,
            activation_penalty=self.activation_penalty,
            slowness_penalty=self.slowness_penalty,
        )
        self.supernet.update(
            codes, found.gradients, learning_rate, weight_decay=self.weight_decay, clip_norm=self.clip_norm
        )
        return found.loss, found.state

    def initial_state(self, batch: int) -> tf.Tensor:
        """Returns the state at the beginning of a text, zeros [B, H]."""
        return tf.zeros((batch, self.supernet.config.hidden))

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
        state = self.initial_state(self.eval_batch_size)
        sums, tokens = [], 0.0
        for segment in segments:
            parts = [tf.constant(part) for part in (segment.inputs, segment.targets, segment.weights)]
            loss, state = self._loss(len(segment.inputs))(*parts, state, codes)
            sums.append(float(loss))
            tokens += float(segment.weights.sum())
        return perplexity(math.fsum(sums) / tokens)

    def _loss(self, length: int) -> Callable[..., tuple[tf.Tensor, tf.Tensor]]:
        """Returns the compiled (inputs, targets, weights, state, codes) -> sum of the losses, state."""
        if length not in self._losses:
            signature = self._specs(length, self.eval_batch_size)
            self._losses[length] = tf.function(self._sum, autograph=False, input_signature=signature)
        return self._losses[length]

    def _sum(
        self, inputs: tf.Tensor, targets: tf.Tensor, weights: tf.Tensor, state: tf.Tensor, codes: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        logits, state = self.supernet.logits(inputs, state, codes)
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(targets, logits)
        return tf.reduce_sum(losses * weights), state
