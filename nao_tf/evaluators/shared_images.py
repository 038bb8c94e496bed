"""Shared weights of convolutional cells: trained on images, scored on the same validation batches for all (A2)."""

from __future__ import annotations

import dataclasses
import functools
import math
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import scipy.special
import tensorflow as tf

from nao_tf.errors import InputError
from nao_tf.evaluators.shared_weights import SharedWeights
from nao_tf.searchers.evaluation import Evaluation
from nao_tf.spaces.architecture import Architecture
from nao_tf.spaces.conv_cell import ConvCellSpace
from nao_tf.supernets.config import SupernetConfig
from nao_tf.supernets.conv_supernet import ConvSupernet
from nao_tf.supernets.momentum import SharedMomentum
from nao_tf.supernets.train_config import SharedTrainConfig
from nao_tf.supernets.trainer import SupernetTrainer
from nao_tf.tasks.image import ImageTask
from nao_tf.tasks.store import MIB
from nao_tf.training.distribution import OFF, Distribution
from nao_tf.training.rewrites import graph_rewrites
from nao_tf.training.schedule import CosineRestarts
from nao_tf.training.strategy import make_strategy

HELD_BYTES = 256 * MIB  # of normalised images that are kept from one architecture to the next
Batch = tuple[tf.Tensor, tf.Tensor, tf.Tensor]  # images, labels, weights


class SharedImages(SharedWeights[Batch]):
    """A convolutional supernet on images.

    Args:
        task: data and metric.
        space: of the architectures.
        network: depth and width of the supernet.
        training: its recipe.
        epochs: of the whole training.
        seed: of the weights, the order of the images, their augmentation, and what is dropped.
        distribution: the devices that train them together (`SupernetTrainer`).

    Raises:
        InputError: if the space is of another kind, the validation split smaller than one batch, or a batch does not
            divide by the devices.
    """

    def __init__(
        self,
        task: ImageTask,
        space: ConvCellSpace,
        *,
        network: SupernetConfig,
        training: SharedTrainConfig,
        epochs: int,
        seed: int,
        distribution: Distribution = OFF,
    ):
        super().__init__(space)
        full = task.splits['valid'] // training.eval_batch_size
        wanted = training.score_batches or full
        if not 1 <= wanted <= full:
            raise InputError(
                f'sharing: {max(wanted, 1)} full batches of sharing.eval_batch_size={training.eval_batch_size} are to '
                f'give the scores, but the validation split has {task.splits["valid"]:,} images; make '
                'sharing.eval_batch_size or sharing.score_batches smaller'
            )
        self.task = task
        self.training = training
        self.seed = seed
        self._wanted = wanted
        with make_strategy(distribution).scope():
            self.supernet = ConvSupernet(space, network, seed=seed, execution=training.execution)
            self.optimizer = SharedMomentum(
                self.supernet,
                momentum=training.momentum,
                nesterov=training.nesterov,
                weight_decay=training.weight_decay,
                clip_norm=training.clip_norm,
            )
        self.trainer = SupernetTrainer(
            self.supernet,
            self.optimizer,
            batch_size=training.batch_size,
            eval_batch_size=training.eval_batch_size,
            auxiliary_weight=training.auxiliary_weight,
            seed=seed,
            distribution=distribution,
        )
        self.steps_per_epoch = task.steps_per_epoch(training.batch_size)
        self.total_steps = epochs * self.steps_per_epoch
        period = (training.restart_epochs or epochs) * self.steps_per_epoch
        self.schedule = CosineRestarts(
            training.learning_rate, training.final_learning_rate, period, training.restart_factor
        )
        self._held: list[tf.Tensor] = []

    def epoch_steps(self, epoch: int) -> int:
        """Returns the number of steps of an epoch: always the same."""
        del epoch
        return self.steps_per_epoch

    def batches(self, epoch: int, start: int) -> Iterator[Batch]:
        """Yields the training batches of an epoch."""
        first = epoch * self.steps_per_epoch
        yield from self.task.train_batches(
            self.training.batch_size,
            seed=self.seed,
            steps=first + self.steps_per_epoch,
            start_step=first + start,
            rows=self.trainer.replicas.rows,
        )

    def train(self, batch: Batch, architecture: Architecture, step: int) -> float:
        """Updates what one architecture uses of the weights, once; returns the loss without weight decay."""
        images, labels, weights = batch
        if self.task.class_weights is not None:
            weights *= tf.gather(tf.constant(self.task.class_weights), labels)
        with graph_rewrites(0):  # half of the time of the first step, and no later one is faster for it
            loss = self.trainer.step(
                images,
                labels,
                weights,
                tf.constant(self.supernet.codes(architecture)),
                tf.constant(self.schedule(step), tf.float32),
                tf.constant(step),
                tf.constant(step / self.total_steps, tf.float32),
            )
        return float(loss)

    def evaluate(self, architecture: Architecture) -> Evaluation:
        """Returns the validation metrics of one architecture; every normalisation takes the batch's own statistics."""
        started = time.perf_counter()
        with graph_rewrites(0):
            logits = self.trainer.predict(architecture, self._batches())
        if not np.isfinite(logits).all():
            return Evaluation(architecture, float('nan'), failure='the logits are not finite')
        metrics = self.task.score(self._mixed.labels('valid')[: len(logits)], scipy.special.softmax(logits, -1))
        seconds = time.perf_counter() - started
        return Evaluation(architecture, metrics[self.task.metric], metrics=metrics, seconds=seconds)

    @functools.cached_property
    def _mixed(self) -> ImageTask:
        """The task with its validation images mixed: statistics of batches of one class would mean nothing."""
        return self.task.mixed('valid')

    def _batches(self) -> Iterable[tf.Tensor]:
        """Returns the images that give the scores, which stay in memory if they are few."""
        if self._held:
            return self._held
        # Full ones only: filler would take part in the statistics.
        batches = self._mixed.eval_batches('valid', self.training.eval_batch_size).take(self._wanted)
        images = (images for images, *_ in batches)
        if 4 * self._wanted * self.training.eval_batch_size * math.prod(self.task.image_shape) > HELD_BYTES:
            return images
        self._held = list(images)
        return self._held

    @property
    def variables(self) -> Sequence[tf.Variable]:
        """Weights, then momenta."""
        return [*self.supernet.weights.variables, *self.optimizer.momenta.variables]

    @property
    def size(self) -> int:
        """How many shared weights there are, without the momenta."""
        return sum(int(np.prod(variable.shape)) for variable in self.supernet.weights.variables)

    @property
    def sizes(self) -> Mapping[str, Any]:
        """The fields of the supernet's config."""
        return {**dataclasses.asdict(self.supernet.config), 'image_shape': list(self.supernet.config.image_shape)}
