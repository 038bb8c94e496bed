"""SupernetTrainer: the compiled step of shared weights, and what any architecture predicts with them."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable

import numpy as np
import tensorflow as tf

from nao_tf.spaces.architecture import Architecture
from nao_tf.supernets.conv_supernet import ConvSupernet
from nao_tf.supernets.momentum import SharedMomentum


class SupernetTrainer:
    """Trains shared weights by one architecture a step, and predicts by architectures with them.

    Args:
        supernet: whose weights are trained.
        optimizer: its update.
        batch_size: B of a training batch.
        eval_batch_size: B of a validation batch, whose own statistics every normalisation takes: it belongs to the
            meaning of a score (500 in the released search).
        auxiliary_weight: factor of the auxiliary head's loss, where the supernet has that head.
        seed: decides drop path and dropout.
    """

    def __init__(
        self,
        supernet: ConvSupernet,
        optimizer: SharedMomentum,
        *,
        batch_size: int,
        eval_batch_size: int,
        auxiliary_weight: float = 0.4,
        seed: int = 0,
    ):
        self.supernet = supernet
        self.optimizer = optimizer
        self.batch_size = batch_size
        self.eval_batch_size = eval_batch_size
        self.auxiliary_weight = auxiliary_weight
        self.seed = seed

    def _batch_specs(self, batch: int) -> tuple[tf.TensorSpec, ...]:
        images = tf.TensorSpec((batch, *self.supernet.config.image_shape), tf.float32)
        return images, tf.TensorSpec((batch,), tf.int32), tf.TensorSpec((batch,), tf.float32)

    @functools.cached_property
    def step(self) -> Callable[..., tf.Tensor]:
        """The compiled step: (images, labels, weights, codes, learning rate, number, progress) -> loss (scalar)."""
        scalar = tf.TensorSpec((), tf.float32)
        specs = (self.supernet.codes_spec, scalar, tf.TensorSpec((), tf.int32), scalar)
        return tf.function(self.update, autograph=False, input_signature=(*self._batch_specs(self.batch_size), *specs))

    @functools.cached_property
    def logits(self) -> Callable[..., tf.Tensor]:
        """The compiled evaluation of one batch: (images, codes) -> logits [B, classes]."""
        images, _, _ = self._batch_specs(self.eval_batch_size)
        return tf.function(self.supernet.logits, autograph=False, input_signature=(images, self.supernet.codes_spec))

    def update(
        self,
        images: tf.Tensor,
        labels: tf.Tensor,
        weights: tf.Tensor,
        codes: tf.Tensor,
        learning_rate: tf.Tensor,
        number: tf.Tensor,
        progress: tf.Tensor,
    ) -> tf.Tensor:
        """Updates what one architecture uses once, and returns the loss without weight decay.

        Args:
            images: float32 [B, H, W, C], normalised.
            labels: int32 [B].
            weights: float32 [B].
            codes: of the architecture, `ConvSupernet.codes`.
            learning_rate: float32 scalar.
            number: of the step, int32 scalar; with the trainer's seed it decides what is dropped.
            progress: step / total steps, float32 scalar.
        """
        seed = tf.stack([tf.constant(self.seed & 0x7FFFFFFF), number])
        used, momenta = self.optimizer.read(codes)
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(used)
            outputs = self.supernet.forward(used, images, codes, training=True, progress=progress, seed=seed)
            logits, *auxiliary = outputs if isinstance(outputs, tuple) else (outputs,)
            loss = total = _loss(logits, labels, weights)
            for others in auxiliary:
                total += self.auxiliary_weight * _loss(others, labels, weights)
        gradients = tape.gradient(total, used, unconnected_gradients=tf.UnconnectedGradients.ZERO)
        self.optimizer.apply(codes, used, momenta, gradients, learning_rate)
        return loss

    def predict(self, architecture: Architecture, batches: Iterable[tf.Tensor]) -> np.ndarray:
        """Returns the logits [n, classes] of an architecture.

        Args:
            architecture: of the supernet's space.
            batches: images [B, H, W, C]; full ones, since filler would take part in the statistics.

        Raises:
            InputError: if the architecture is not of the space.
        """
        codes = tf.constant(self.supernet.codes(architecture))
        return np.concatenate([self.logits(images, codes).numpy() for images in batches])


def _loss(logits: tf.Tensor, labels: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
    return tf.math.divide_no_nan(tf.reduce_sum(losses * weights), tf.reduce_sum(weights))
