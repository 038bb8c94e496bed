"""SGD whose weights are averaged from some step on, and the rule that says when (NT-ASGD, Merity et al. 2017)."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence

import keras
import numpy as np
import tensorflow as tf


class AveragedSGD:
    """Clipped SGD with weight decay; once told to, it keeps the mean of the weights of all steps since.

    Keras's optimizers are not used for children, for the reason given in `training/momentum.py`.

    Args:
        variables: the trainable Keras variables of one network.
        weight_decay: times the weights, added to the clipped gradient.
        clip_norm: bound of the global norm of the gradient; 0 means none.
    """

    def __init__(self, variables: Sequence[keras.Variable], *, weight_decay: float = 0.0, clip_norm: float = 0.0):
        self.variables = [variable.value for variable in variables]
        self.averages = [
            tf.Variable(np.zeros(variable.shape, np.float32), trainable=False, name='average') for variable in variables
        ]
        self.averaged_steps = tf.Variable(0.0, trainable=False, name='averaged_steps')
        self._on = tf.Variable(False, trainable=False, name='averaging')
        self.averaging = False
        self.weight_decay = weight_decay
        self.clip_norm = clip_norm

    def start_averaging(self) -> None:
        """Averages the weights from the next step on; what was averaged before is forgotten."""
        self.averaging = True
        self._on.assign(True)
        self.averaged_steps.assign(0.0)
        for average in self.averages:  # a value that is no number would survive every later step
            average.assign(np.zeros(average.shape, np.float32))

    def apply(self, gradients: Sequence[tf.Tensor], learning_rate: tf.Tensor | float) -> tf.Tensor:
        """Updates every variable once; to be called inside the compiled step.

        Args:
            gradients: one per variable.
            learning_rate: scalar.

        Returns:
            The global norm of the gradient before clipping, float32 scalar.
        """
        norm = tf.linalg.global_norm(gradients)
        rate = learning_rate * (tf.minimum(1.0, self.clip_norm / norm) if self.clip_norm else 1.0)
        kept = 1.0 - learning_rate * self.weight_decay
        for variable, gradient in zip(self.variables, gradients, strict=True):
            value = kept * variable - rate * gradient if self.weight_decay else variable - rate * gradient
            # By its handle, here and below: every replica of a distributed training sets its own, to the same value.
            tf.raw_ops.AssignVariableOp(resource=variable.handle, value=value)
        tf.cond(self._on, self._average, lambda: tf.constant(0.0))
        return norm

    def _average(self) -> tf.Tensor:
        steps = self.averaged_steps + 1.0
        tf.raw_ops.AssignVariableOp(resource=self.averaged_steps.handle, value=steps)
        for variable, average in zip(self.variables, self.averages, strict=True):
            tf.raw_ops.AssignAddVariableOp(resource=average.handle, value=(variable - average) / steps)
        return steps

    @contextlib.contextmanager
    def averaged(self) -> Iterator[None]:
        """Puts the averages in the place of the weights, and the weights back; without averages it does nothing.

        Yields:
            Nothing.
        """
        if not self.averaging or not self.averaged_steps.numpy():
            yield
            return
        values = [variable.numpy() for variable in self.variables]
        for variable, average in zip(self.variables, self.averages, strict=True):
            variable.assign(average.numpy())
        try:
            yield
        finally:
            for variable, value in zip(self.variables, values, strict=True):
                variable.assign(value)


class NonMonotone:
    """Says when the validation loss no longer falls, noise aside.

    Args:
        patience: n; the loss may be worse than the best of those before the last n. 0 never says so.
    """

    def __init__(self, patience: int):
        self.patience = patience
        self.losses: list[float] = []

    def stalled(self, loss: float) -> bool:
        """Takes in one more loss and returns whether it is worse than the best up to n evaluations earlier.

        Args:
            loss: of this evaluation.
        """
        before = self.losses[: -self.patience] if self.patience else []
        self.losses.append(loss)
        return bool(before) and loss > min(before)
