"""The learning-rate schedule, as a function of the step that runs inside the compiled step."""

from __future__ import annotations

import dataclasses
import math

import tensorflow as tf


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
