"""The compiled step of an image classifier and its evaluation, on the replicas of a strategy."""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np
import tensorflow as tf

from nao_tf.networks.cell_network import CellNetwork
from nao_tf.networks.share import FILLER
from nao_tf.tasks.image import ImageTask
from nao_tf.training.config import TrainConfig
from nao_tf.training.distribution import OFF, Distribution
from nao_tf.training.loss_scale import LossScale
from nao_tf.training.momentum import MomentumSGD
from nao_tf.training.replicas import Loop, Replicas
from nao_tf.training.schedule import schedule_of


class ClassifierSteps:
    """The compiled step of one network on one task by one recipe, and its evaluation.

    Args:
        network: the network to train, made in the scope of the distribution's strategy; its weights are updated in
            place.
        task: data, metric and class weights.
        config: the recipe.
        seed: decides the order of the images, their augmentation, drop path and dropout.
        distribution: the devices that train it together.

    Raises:
        InputError: if the batch is too small for the devices.
    """

    def __init__(
        self, network: CellNetwork, task: ImageTask, *, config: TrainConfig, seed: int, distribution: Distribution = OFF
    ):
        self.network = network
        self.task = task
        self.config = config
        self.seed = seed
        self.replicas = Replicas(distribution, config.batch_size, synchronized=config.batch_norm == 'synchronized')
        self.steps_per_epoch = task.steps_per_epoch(config.batch_size)
        self.total_steps = config.epochs * self.steps_per_epoch
        self.schedule = schedule_of(config, self.steps_per_epoch)
        with self.replicas.strategy.scope():
            self.optimizer = MomentumSGD(
                network.trainable_variables,
                momentum=config.momentum,
                nesterov=config.nesterov,
                weight_decay=config.weight_decay,
                clip_norm=config.clip_norm,
            )
            self.loss_scale = LossScale() if network.compute_dtype == 'float16' else None

    def batches(self, *, seed: int, steps: int, start_step: int = 0) -> tf.data.Dataset:
        """Returns what this process reads of the training batches (`ImageTask.train_batches`)."""
        return self.task.train_batches(
            self.config.batch_size, seed=seed, steps=steps, start_step=start_step, rows=self.replicas.rows
        )

    @functools.cached_property
    def loop(self) -> Loop:
        """The compiled training loop: (iterator of `batches`, number of the first step, steps) -> losses [steps]."""
        return self.replicas.loop(self.update, iter(self.batches(seed=0, steps=0)))

    @functools.cached_property
    def probabilities(self) -> Callable[[tf.Tensor], tf.Tensor]:
        """The compiled map from normalised images, as an element of the batches has them, to class probabilities."""
        rows = self.replicas.rows
        shape = (self.config.batch_size,) if rows is None else rows.shape
        return tf.function(
            lambda images: self.replicas.gather(self.replicas.run(self.classify, [images])), autograph=False
        ).get_concrete_function(tf.TensorSpec((*shape, *self.task.image_shape), tf.float32))

    @functools.cached_property
    def _average_statistics(self) -> Callable[[], None]:
        return self.replicas.averaging(self.network.non_trainable_variables)

    def _loss(self, logits: tf.Tensor, labels: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
        """Returns the weighted mean cross entropy: logits [B, classes], labels int [B], weights [B] -> scalar.

        On one of several replicas it is this one's share: the sum over them is the mean over the global batch.
        """
        classes = self.task.classes
        smoothing = self.config.label_smoothing
        if smoothing:
            targets = tf.one_hot(labels, classes, 1.0 - smoothing + smoothing / classes, smoothing / classes)
            losses = tf.nn.softmax_cross_entropy_with_logits(targets, logits)
        else:
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
        if self.task.class_weights is not None:
            weights = weights * tf.gather(tf.constant(self.task.class_weights, tf.float32), labels)
        (weight,) = self.replicas.sum([tf.reduce_sum(weights)])
        return tf.math.divide_no_nan(tf.reduce_sum(losses * weights), weight)

    def update(self, images: tf.Tensor, labels: tf.Tensor, weights: tf.Tensor, step: tf.Tensor) -> tf.Tensor:
        """Updates the weights once and returns the loss without weight decay (scalar); on each replica its share of it.

        Args:
            images: float32 [B, H, W, C], normalised.
            labels: int [B].
            weights: float32 [B], 0 for filler.
            step: number of the step, int32 scalar.
        """
        seed = tf.stack([tf.constant(self.seed & 0x7FFFFFFF, tf.int32), tf.cast(step, tf.int32)])
        progress = tf.cast(step, tf.float32) / float(self.total_steps)
        variables = self.optimizer.variables
        share = self.replicas.share()
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(variables)
            outputs = self.network(images, training=True, progress=progress, seed=seed, share=share)
            if isinstance(outputs, tuple | list):
                logits, auxiliary = outputs
                loss = self._loss(logits, labels, weights)
                total = loss + self.config.auxiliary_weight * self._loss(auxiliary, labels, weights)
            else:
                loss = total = self._loss(outputs, labels, weights)
            if self.loss_scale is not None:
                total = self.loss_scale.scaled(total)
        gradients = self._sum(tape.gradient(total, variables))
        if self.loss_scale is not None:
            self.loss_scale.apply(gradients, lambda found: self.optimizer.apply(found, self.schedule(step)))
        else:
            self.optimizer.apply(gradients, self.schedule(step))
        return loss

    def _sum(self, gradients: list[tf.Tensor | None]) -> list[tf.Tensor | None]:
        """Returns the sums over replicas of the gradients that there are."""
        sums = iter(self.replicas.sum([gradient for gradient in gradients if gradient is not None]))
        return [None if gradient is None else next(sums) for gradient in gradients]

    def classify(self, images: tf.Tensor) -> tf.Tensor:
        """Returns class probabilities [B, classes] of normalised images [B, H, W, C]."""
        return tf.nn.softmax(self.network(images, training=False))

    def evaluate(self, split: str) -> dict[str, float]:
        """Returns every metric of the task on one split.

        Args:
            split: `valid`, or `test` for the one last evaluation.
        """
        if self.replicas.count > 1 and not self.replicas.synchronized:
            self._average_statistics()
        table, size = self.replicas.table, self.task.splits[split]
        batch = self.config.batch_size
        rows = np.arange(batch) if table is None else np.ravel(table)
        probabilities = np.empty((size, self.task.classes), np.float32)
        for number, (images, *_) in enumerate(self.task.eval_batches(split, batch, self.replicas.rows)):
            place = np.where(rows == FILLER, size, number * batch + rows)
            found = self.probabilities(images).numpy()
            probabilities[place[place < size]] = found[place < size]
        return self.task.score(self.task.labels(split), probabilities)
