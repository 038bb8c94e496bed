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
