"""Trains one image classifier: the compiled step, the epochs, and its evaluation."""

from __future__ import annotations

import dataclasses
import functools
import gc
import math
import time
from collections.abc import Callable

import numpy as np
import tensorflow as tf

from nao_tf.networks.cell_network import CellNetwork
from nao_tf.tasks.image import ImageTask
from nao_tf.training.config import TrainConfig
from nao_tf.training.momentum import MomentumSGD
from nao_tf.training.rewrites import graph_rewrites
from nao_tf.training.schedule import CosineSchedule


class DivergedError(RuntimeError):
    """The training loss is no longer a finite number."""


@dataclasses.dataclass(frozen=True)
class TrainResult:
    """What a training came to.

    Args:
        score: validation value of the task's metric, by the rule of `TrainConfig.score`.
        metrics: every validation metric of the epoch that gave the score, and `loss` of the last epoch.
        epoch: that epoch, counted from 1.
    """

    score: float
    metrics: dict[str, float]
    epoch: int


class ClassifierTrainer:
    """One network, one task, one recipe; `train` runs the epochs.

    Args:
        network: the network to train; its weights are updated in place.
        task: data, metric and class weights.
        config: the recipe.
        seed: decides the order of the images, their augmentation, drop path and dropout.
    """

    def __init__(self, network: CellNetwork, task: ImageTask, *, config: TrainConfig, seed: int):
        self.network = network
        self.task = task
        self.config = config
        self.seed = seed
        self.steps_per_epoch = task.steps_per_epoch(config.batch_size)
        self.total_steps = config.epochs * self.steps_per_epoch
        period = (config.schedule_epochs or config.epochs) * self.steps_per_epoch
        self.schedule = CosineSchedule(config.learning_rate, config.final_learning_rate, period)
        self.optimizer = MomentumSGD(
            network.trainable_variables,
            momentum=config.momentum,
            nesterov=config.nesterov,
            weight_decay=config.weight_decay,
            clip_norm=config.clip_norm,
        )
        self.images = tf.TensorSpec((config.batch_size, *task.image_shape), tf.float32)

    @functools.cached_property
    def step(self) -> Callable[..., tf.Tensor]:
        """The compiled training step: (images, labels, weights, number of the step) -> loss."""
        batch = self.config.batch_size
        return tf.function(self._step, autograph=False).get_concrete_function(
            self.images,
            tf.TensorSpec((batch,), tf.int32),
            tf.TensorSpec((batch,), tf.float32),
            tf.TensorSpec((), tf.int32),
        )

    @functools.cached_property
    def probabilities(self) -> Callable[[tf.Tensor], tf.Tensor]:
        """The compiled map from normalised images [B, H, W, C] to class probabilities [B, classes]."""
        return tf.function(self._probabilities, autograph=False).get_concrete_function(self.images)

    def _loss(self, logits: tf.Tensor, labels: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
        """Returns the weighted mean cross entropy: logits [B, classes], labels int [B], weights [B] -> scalar."""
        classes = self.task.classes
        smoothing = self.config.label_smoothing
        if smoothing:
            targets = tf.one_hot(labels, classes, 1.0 - smoothing + smoothing / classes, smoothing / classes)
            losses = tf.nn.softmax_cross_entropy_with_logits(targets, logits)
        else:
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
        if self.task.class_weights is not None:
            weights = weights * tf.gather(tf.constant(self.task.class_weights, tf.float32), labels)
        return tf.math.divide_no_nan(tf.reduce_sum(losses * weights), tf.reduce_sum(weights))

    def _step(self, images: tf.Tensor, labels: tf.Tensor, weights: tf.Tensor, step: tf.Tensor) -> tf.Tensor:
        """Updates the weights once and returns the loss without weight decay (scalar)."""
        seed = tf.stack([tf.constant(self.seed & 0x7FFFFFFF, tf.int32), tf.cast(step, tf.int32)])
        progress = tf.cast(step, tf.float32) / float(self.total_steps)
        variables = self.optimizer.variables
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(variables)
            outputs = self.network(images, training=True, progress=progress, seed=seed)
            if isinstance(outputs, tuple | list):
                logits, auxiliary = outputs
                loss = self._loss(logits, labels, weights)
                total = loss + self.config.auxiliary_weight * self._loss(auxiliary, labels, weights)
            else:
                loss = total = self._loss(outputs, labels, weights)
        gradients = tape.gradient(total, variables)
        self.optimizer.apply(gradients, self.schedule(step))
        return loss

    def _probabilities(self, images: tf.Tensor) -> tf.Tensor:
        """Returns class probabilities [B, classes] of normalised images [B, H, W, C]."""
        return tf.nn.softmax(self.network(images, training=False))

    def train(self, on_epoch: Callable[[int, float], None] | None = None) -> TrainResult:
        """Trains for the configured epochs and scores on the validation split.

        Args:
            on_epoch: called with (epoch counted from 1, validation score) after each evaluation.

        Returns:
            The result; the network holds the weights of the last epoch, or of the best where the score is its.

        Raises:
            DivergedError: as soon as an epoch's mean loss is not finite.
        """
        with graph_rewrites(self.total_steps):
            return self._train(on_epoch)

    def _train(self, on_epoch: Callable[[int, float], None] | None) -> TrainResult:
        batches = iter(self.task.train_batches(self.config.batch_size, seed=self.seed, steps=self.total_steps))
        keep_best = self.config.score == 'best'
        best: tuple[float, int, dict[str, float], list[np.ndarray]] | None = None
        metrics: dict[str, float] = {}
        score = math.nan
        for epoch in range(1, self.config.epochs + 1):
            losses = []
            for step in range((epoch - 1) * self.steps_per_epoch, epoch * self.steps_per_epoch):
                images, labels, weights = next(batches)
                losses.append(self.step(images, labels, weights, tf.constant(step, tf.int32)))
            loss = float(tf.reduce_mean(tf.stack(losses)))
            if not math.isfinite(loss):
                raise DivergedError(f'the training loss is {loss} in epoch {epoch} of {self.config.epochs}')
            if keep_best or epoch == self.config.epochs:
                metrics = {**self.evaluate('valid'), 'loss': loss}
                score = metrics[self.task.metric]
                if on_epoch is not None:
                    on_epoch(epoch, score)
                if keep_best and (best is None or score > best[0]):
                    best = (score, epoch, metrics, [variable.numpy() for variable in self.network.variables])
        epoch = self.config.epochs
        if best is not None:
            score, epoch, metrics, values = best
            for variable, value in zip(self.network.variables, values, strict=True):
                variable.assign(value)
        return TrainResult(score, metrics, epoch)

    @property
    def evaluations(self) -> int:
        """How often a training evaluates the validation split."""
        return self.config.epochs if self.config.score == 'best' else 1

    def probe(self, steps: int) -> list[float]:
        """Makes the first steps of a training and returns the seconds of each; traces the evaluation too.

        Args:
            steps: how many, at least 1.
        """
        seconds = []
        for number, batch in enumerate(self.task.train_batches(self.config.batch_size, seed=0, steps=steps)):
            started = time.perf_counter()
            self.step(*batch, tf.constant(number, tf.int32)).numpy()
            seconds.append(time.perf_counter() - started)
        self.probabilities(batch[0])
        return seconds

    def evaluate(self, split: str) -> dict[str, float]:
        """Returns every metric of the task on one split.

        Args:
            split: `valid`, or `test` for the one last evaluation.
        """
        labels, probabilities = [], []
        for images, targets, weights in self.task.eval_batches(split, self.config.batch_size):
            keep = weights.numpy() > 0
            probabilities.append(self.probabilities(images).numpy()[keep])
            labels.append(targets.numpy()[keep])
        return self.task.score(np.concatenate(labels), np.concatenate(probabilities))


def release() -> None:
    """Frees the graphs of trainers that nobody holds any more (they are reference cycles)."""
    gc.collect()
