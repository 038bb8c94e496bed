"""Trains one language model: its epochs, their rollbacks, and which weights count."""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import numpy as np
import tensorflow as tf

from nao_tf.networks.language_network import LanguageNetwork
from nao_tf.tasks.text import TextTask
from nao_tf.training.averaged import NonMonotone
from nao_tf.training.course import Course, Scored
from nao_tf.training.distribution import OFF, Distribution
from nao_tf.training.language_checkpoint import load_checkpoint, save_checkpoint
from nao_tf.training.language_config import LanguageTrainConfig
from nao_tf.training.language_passes import LanguagePasses, perplexity
from nao_tf.training.language_steps import calls_of
from nao_tf.training.result import DivergedError, TrainResult
from nao_tf.training.rewrites import graph_rewrites


class LanguageTrainer(LanguagePasses):
    """One network, one text, one recipe; `train` runs the epochs.

    Args:
        network: the network to train, made in the scope of the distribution's strategy; its weights are updated in
            place.
        task: the text.
        config: the recipe.
        seed: decides the lengths of the segments and the dropout masks.
        distribution: the devices that train it together, each with some of the streams. A call from Python makes
            the steps of up to `steps_per_loop` segments that follow each other and are of one length.

    Raises:
        InputError: if the text is shorter than one batch, or a batch too small for the devices.
    """

    def __init__(
        self,
        network: LanguageNetwork,
        task: TextTask,
        *,
        config: LanguageTrainConfig,
        seed: int,
        distribution: Distribution = OFF,
    ):
        super().__init__(network, task, config=config, seed=seed, distribution=distribution)
        self.course = Course(NonMonotone(config.averaging_patience))
        self._initial = self._values()

    def train(
        self, on_epoch: Callable[[int, float], None] | None = None, on_loop: Callable[[], None] | None = None
    ) -> TrainResult:
        """Trains for the configured epochs and scores on the validation split.

        An epoch that ends in a loss that is not finite is rolled back: the best weights so far return (the initial
        ones before there are any), and the next epoch goes on from them with other masks.

        Args:
            on_epoch: called with (epoch counted from 1, validation perplexity) after each evaluation; what
                `language_checkpoint` writes then continues a training exactly.
            on_loop: called after every epoch but the last, one that was rolled back too; a checkpoint can be written.

        Returns:
            The result; the network holds the weights that were scored, averaged ones where weights were averaged.

        Raises:
            DivergedError: if no epoch ended in a finite loss.
        """
        with graph_rewrites(self.total_steps):
            while self.course.epoch < self.config.epochs:
                self._advance(on_epoch)
                if on_loop is not None and self.course.epoch < self.config.epochs:
                    on_loop()
        return self._result()

    def _advance(self, on_epoch: Callable[[int, float], None] | None) -> None:
        """Trains for one more epoch and evaluates it."""
        course = self.course
        losses = self._epoch()
        course.epoch += 1
        loss = float(tf.reduce_mean(losses))
        with self.optimizer.averaged():
            valid = self.loss('valid') if math.isfinite(loss) else math.nan
            values = self._values()
        if not math.isfinite(valid):
            course.rollbacks += 1
            self._assign(self._initial if course.best is None else course.best.values)
            if self.optimizer.averaging:
                self.optimizer.start_averaging()
            return
        course.last = Scored(valid, course.epoch, {'perplexity': perplexity(valid), 'loss': loss}, values)
        if course.best is None or valid < course.best.loss:
            course.best = course.last
        if not self.optimizer.averaging and course.rule.stalled(valid):
            self.optimizer.start_averaging()
        if on_epoch is not None:
            on_epoch(course.epoch, course.last.metrics['perplexity'])

    def _result(self) -> TrainResult:
        """Puts the weights that count into the network and returns their score."""
        course = self.course
        chosen = course.best if self.config.score == 'best' or course.rollbacks else course.last
        if chosen is None:
            raise DivergedError(f'the training loss was not finite in any of {self.config.epochs} epochs')
        self._assign(chosen.values)
        metrics = {**chosen.metrics, 'rollbacks': float(course.rollbacks)}
        return TrainResult(self.task.score(chosen.loss), metrics, chosen.epoch)

    def _epoch(self) -> tf.Tensor:
        """Trains for one epoch; returns the losses of its steps [steps]."""
        course, config = self.course, self.config
        segments = self.task.train_segments(
            config.batch_size,
            config.sequence_length,
            random_length=config.random_length,
            seed=self.seed,
            epoch=course.epoch,
        )
        state = self._initial_state(self.replicas)
        losses = []
        for call in calls_of(segments, self.replicas.steps_per_loop):
            loss, state = self.steps(call, state, course.steps)
            losses.append(loss)
            course.steps += len(call)
        return tf.concat(losses, 0)

    def save_checkpoint(self, path: Path) -> None:
        """See `language_checkpoint.save_checkpoint`."""
        save_checkpoint(self, path)

    def load_checkpoint(self, source: Path | BinaryIO) -> None:
        """See `language_checkpoint.load_checkpoint`."""
        load_checkpoint(self, source)

    @property
    def evaluations(self) -> int:
        """How often a training evaluates the validation split."""
        return self.config.epochs

    def probe(self, steps: int) -> list[float]:
        """Makes the first steps of a training and returns the seconds of each; traces the evaluation too.

        Args:
            steps: how many, at least 1.
        """
        state = self._initial_state(self.replicas)
        seconds = []
        # All of one length: the others are traced once a training, and take as long a token.
        segments = self.task.train_segments(
            self.config.batch_size, self.config.sequence_length, random_length=False, seed=self.seed, epoch=0
        )
        for number, segment in enumerate(itertools.islice(segments, steps)):
            started = time.perf_counter()
            loss, state = self.steps([segment], state, number)
            loss.numpy()
            seconds.append(time.perf_counter() - started)
        self.losses.step(self.config.sequence_length)  # traced now
        return seconds

    def _values(self) -> list[np.ndarray]:
        return self.replicas.read(self.network.trained)

    def _assign(self, values: list[np.ndarray]) -> None:
        self.replicas.write(self.network.trained, values)
