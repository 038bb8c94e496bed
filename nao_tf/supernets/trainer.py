"""SupernetTrainer: the compiled step of shared weights, and what any architecture predicts with them."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable

import numpy as np
import tensorflow as tf

from nao_tf.errors import InputError
from nao_tf.spaces.architecture import Architecture
from nao_tf.supernets.conv_supernet import ConvSupernet
from nao_tf.supernets.momentum import SharedMomentum
from nao_tf.tasks.reading import chunks
from nao_tf.training.distribution import OFF, Distribution
from nao_tf.training.replicas import Replicas


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
        distribution: the devices that train it together, each with an equal part of a batch, whose own statistics its
            normalisations take; the variables were made in the scope of its strategy. A validation batch is never cut:
            each device has another one.

    Raises:
        InputError: if a batch does not divide by the devices.
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
        distribution: Distribution = OFF,
    ):
        self.replicas = Replicas(distribution, batch_size)
        if batch_size % self.replicas.count:
            # Filler would take part in the statistics of the batch.
            raise InputError(
                f'sharing.batch_size is {batch_size}; shared weights need one that divides by the '
                f'{self.replicas.count} devices'
            )
        self.supernet = supernet
        self.optimizer = optimizer
        self.batch_size = batch_size
        self.eval_batch_size = eval_batch_size
        self.auxiliary_weight = auxiliary_weight
        self.seed = seed

    def _specs(self, *shape: int) -> tuple[tf.TensorSpec, ...]:
        """Returns the specs of images, labels and weights of so many rows on each replica of this process."""
        places = () if self.replicas.rows is None else (len(self.replicas.rows),)
        shapes = ((*places, *shape, *self.supernet.config.image_shape), (*places, *shape), (*places, *shape))
        return tuple(map(tf.TensorSpec, shapes, (tf.float32, tf.int32, tf.float32)))

    @functools.cached_property
    def step(self) -> Callable[..., tf.Tensor]:
        """The compiled step: (images, labels, weights, codes, learning rate, number, progress) -> loss (scalar)."""
        scalar = tf.TensorSpec((), tf.float32)
        others = (self.supernet.codes_spec, scalar, tf.TensorSpec((), tf.int32), scalar)

        def run(images: tf.Tensor, labels: tf.Tensor, weights: tf.Tensor, *others: tf.Tensor) -> tf.Tensor:
            return self.replicas.total(self.replicas.run(self.update, [images, labels, weights], *others))

        return tf.function(run, autograph=False, input_signature=(*self._specs(self.replicas.size), *others))

    @functools.cached_property
    def logits(self) -> Callable[..., tf.Tensor]:
        """The compiled evaluation: (a batch of images for each replica, codes) -> logits [replicas * B, classes]."""
        images, _, _ = self._specs(self.eval_batch_size)

        def run(images: tf.Tensor, codes: tf.Tensor) -> tf.Tensor:
            return self.replicas.gather(self.replicas.run(self.supernet.logits, [images], codes))

        return tf.function(run, autograph=False, input_signature=(images, self.supernet.codes_spec))

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
            outputs = self.supernet.forward(
                used, images, codes, training=True, progress=progress, seed=seed, share=self.replicas.share()
            )
            logits, *auxiliary = outputs if isinstance(outputs, tuple) else (outputs,)
            loss = total = self._loss(logits, labels, weights)
            for others in auxiliary:
                total += self.auxiliary_weight * self._loss(others, labels, weights)
        gradients = tape.gradient(total, used, unconnected_gradients=tf.UnconnectedGradients.ZERO)
        self.optimizer.apply(codes, used, momenta, self.replicas.sum(gradients), learning_rate)
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
        if self.replicas.rows is None:
            return np.concatenate([self.logits(images, codes).numpy() for images in batches])
        count, size, found = self.replicas.count, 0, []
        for held in chunks(batches, count):
            size += sum(map(len, held))
            own = self.replicas.own(held + held[:1] * (count - len(held)))
            found.append(self.logits(tf.stack(own), codes).numpy())
        return np.concatenate(found)[:size]

    def _loss(self, logits: tf.Tensor, labels: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
        """Returns the weighted mean cross entropy; on one of several replicas its share of it."""
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
        (weight,) = self.replicas.sum([tf.reduce_sum(weights)])
        return tf.math.divide_no_nan(tf.reduce_sum(losses * weights), weight)
