"""Learning-rate schedules, as functions of the step that run inside the compiled step."""

from __future__ import annotations

import dataclasses
import math

import tensorflow as tf

from nao_tf.training.config import TrainConfig


@dataclasses.dataclass(frozen=True)
class CosineSchedule:
    """One period of a cosine from `initial` to `final` (A1: 0.024 to 0), constant after its end.

    Args:
        initial: rate at step 0.
        final: rate at `period` steps and after.
        period: steps of the whole descent.
    """

    initial: float
    final: float
    period: int

    def __call__(self, step: tf.Tensor) -> tf.Tensor:
        """Returns the rate of a step.

        Args:
            step: scalar integer tensor, counted from 0.

        Returns:
            float32 scalar.
        """
        share = tf.minimum(tf.cast(step, tf.float32) / float(max(self.period, 1)), 1.0)
        return self.final + 0.5 * (self.initial - self.final) * (1.0 + tf.cos(math.pi * share))


@dataclasses.dataclass(frozen=True)
class StepDecay:
    """A rate that is multiplied by a factor after every epoch (A1: 0.97 on ImageNet).

    Args:
        initial: rate in the first epoch.
        factor: of the rate of an epoch to that of the one before.
        period: steps of an epoch.
    """

    initial: float
    factor: float
    period: int

    def __call__(self, step: tf.Tensor) -> tf.Tensor:
        """Returns the rate of a step.

        Args:
            step: scalar integer tensor, counted from 0.

        Returns:
            float32 scalar.
        """
        return self.initial * tf.pow(self.factor, tf.cast(step // self.period, tf.float32))


def schedule_of(config: TrainConfig, steps_per_epoch: int) -> CosineSchedule | StepDecay:
    """Returns the learning rates of a recipe."""
    if config.epoch_decay:
        return StepDecay(config.learning_rate, config.epoch_decay, steps_per_epoch)
    period = (config.schedule_epochs or config.epochs) * steps_per_epoch
    return CosineSchedule(config.learning_rate, config.final_learning_rate, period)


@dataclasses.dataclass(frozen=True)
class CosineRestarts:
    """A cosine that starts anew at the end of every period, for a rate that is computed outside the compiled step.

    Loshchilov & Hutter 2017, Eq. (5), with T_i = `period` * `factor`^i.

    Args:
        initial: rate at the start of every period.
        final: rate at its end.
        period: steps of the first period, T_0.
        factor: every period is so many times as long as the one before, T_mul.
    """

    initial: float
    final: float
    period: int
    factor: int

    def __call__(self, step: int) -> float:
        """Returns the rate of a step, counted from 0."""
        period = self.period
        while step >= period:
            step -= period
            period *= self.factor
        return self.final + 0.5 * (self.initial - self.final) * (1 + math.cos(math.pi * step / period))
