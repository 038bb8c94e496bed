"""Trains one image classifier: its epochs, how far they are, and which weights count."""

from __future__ import annotations

import gc
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import tensorflow as tf

from nao_tf.networks.cell_network import CellNetwork
from nao_tf.tasks.image import ImageTask
from nao_tf.training.classifier_checkpoint import load_checkpoint, save_checkpoint
from nao_tf.training.classifier_steps import ClassifierSteps
from nao_tf.training.config import TrainConfig
from nao_tf.training.course import BestEpoch, ClassifierCourse
from nao_tf.training.distribution import OFF, Distribution
from nao_tf.training.result import DivergedError, TrainResult
from nao_tf.training.rewrites import graph_rewrites


class ClassifierTrainer(ClassifierSteps):
    """One network, one task, one recipe; `train` runs the epochs.

    Args:
        network: the network to train, made in the scope of the distribution's strategy; its weights are updated in
            place.
        task: data, metric and class weights.
        config: the recipe.
        seed: decides the order of the images, their augmentation, drop path and dropout.
        distribution: the devices that train it together.

    Attributes:
        course: how far the training is.

    Raises:
        InputError: if the batch is too small for the devices.
    """

    def __init__(
        self, network: CellNetwork, task: ImageTask, *, config: TrainConfig, seed: int, distribution: Distribution = OFF
    ):
        super().__init__(network, task, config=config, seed=seed, distribution=distribution)
        self.course = ClassifierCourse()

    def train(
        self, on_epoch: Callable[[int, float], None] | None = None, on_loop: Callable[[], None] | None = None
    ) -> TrainResult:
        """Trains for the configured epochs, or what is left of them; scores on the validation split if there is one.

        Args:
            on_epoch: called with (epoch counted from 1, validation score) after each evaluation; given one, every
                epoch is evaluated.
            on_loop: called after every call of the training loop but the last; what `classifier_checkpoint` writes
                then continues a training exactly.

        Returns:
            The result; the network holds the weights of the last epoch, or of the best where the score is its.

        Raises:
            DivergedError: as soon as an epoch's mean loss is not finite, or at the end if the score is none.
        """
        with graph_rewrites(self.total_steps):
            return self._train(on_epoch, on_loop)

    def _train(self, on_epoch: Callable[[int, float], None] | None, on_loop: Callable[[], None] | None) -> TrainResult:
        course = self.course
        batches = iter(self.batches(seed=self.seed, steps=self.total_steps, start_step=course.step))
        while not self.ended:
            left = self.steps_per_epoch - course.step % self.steps_per_epoch
            count = min(self.replicas.steps_per_loop, left)
            losses = self.loop(batches, tf.constant(course.step, tf.int32), tf.constant(count, tf.int32))
            course.losses.append(losses)
            course.step += count
            if count == left:
                self._end_epoch(on_epoch)
            if on_loop is not None and not self.ended:
                on_loop()
        return self.result()

    def result(self) -> TrainResult:
        """Puts the weights that count into the network, the best so far where the score is theirs.

        Returns:
            Their score; `train` returns the same.

        Raises:
            DivergedError: if there is none.
        """
        course, best = self.course, self.course.best
        if best is None:
            if 'valid' in self.task.splits and math.isnan(course.score):
                raise DivergedError(f'the validation {self.task.metric} is nan after {self.config.epochs} epochs')
            return TrainResult(course.score, course.metrics, self.config.epochs)
        self.replicas.write(self.network.variables, best.values)
        return TrainResult(best.score, best.metrics, best.epoch)

    def _end_epoch(self, on_epoch: Callable[[int, float], None] | None) -> None:
        """Looks at the losses of the epoch that has ended, and evaluates it if it may give the score."""
        course, epochs = self.course, self.config.epochs
        epoch = course.step // self.steps_per_epoch
        loss = float(tf.reduce_mean(tf.concat(course.losses, 0)))
        course.losses = []
        if not math.isfinite(loss):
            raise DivergedError(f'the training loss is {loss} in epoch {epoch} of {epochs}')
        keep_best = self.config.score == 'best'
        if not keep_best and epoch < epochs and on_epoch is None:
            return
        course.metrics = {**(self.evaluate('valid') if 'valid' in self.task.splits else {}), 'loss': loss}
        course.score = course.metrics.get(self.task.metric, math.nan)
        if keep_best and course.score > (-math.inf if course.best is None else course.best.score):  # false for NaN
            values = self.replicas.read(self.network.variables)
            course.best = BestEpoch(course.score, epoch, course.metrics, values)
        if on_epoch is not None:
            on_epoch(epoch, course.score)

    @property
    def ended(self) -> bool:
        """Whether there is no epoch left: all were made, or `patience` of them brought no better score."""
        step, best, patience = self.course.step, self.course.best, self.config.patience
        if step >= self.total_steps:
            return True
        if not patience or best is None or step % self.steps_per_epoch:
            return False
        return step // self.steps_per_epoch - best.epoch >= patience

    def save_checkpoint(self, path: Path) -> None:
        """See `classifier_checkpoint.save_checkpoint`."""
        save_checkpoint(self, path)

    def load_checkpoint(self, source: Path | BinaryIO) -> None:
        """See `classifier_checkpoint.load_checkpoint`."""
        load_checkpoint(self, source)

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
        batches = iter(self.batches(seed=0, steps=steps))
        for number in range(steps):
            started = time.perf_counter()
            self.loop(batches, tf.constant(number, tf.int32), tf.constant(1, tf.int32)).numpy()
            seconds.append(time.perf_counter() - started)
        self.probabilities  # noqa: B018 - traced now
        return seconds


def release() -> None:
    """Frees the graphs of trainers that nobody holds any more (they are reference cycles)."""
    gc.collect()
