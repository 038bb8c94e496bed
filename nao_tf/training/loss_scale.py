"""Dynamic loss scaling, which keeps the gradients of float16 from vanishing (Micikevicius et al. 2018, section 3.2)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import tensorflow as tf

INITIAL = 2.0**15
GROWTH_STEPS = 2000  # finite steps after which the scale doubles


class LossScale:
    """A factor of the loss: halved, and the step left out, where a gradient is not finite; doubled after a while.

    Attributes:
        variables: the factor and the number of finite steps since it changed, float32 scalars.
    """

    def __init__(self) -> None:
        self.factor = tf.Variable(INITIAL, trainable=False, name='loss_scale')
        self.finite_steps = tf.Variable(0.0, trainable=False, name='finite_steps')
        self.variables = [self.factor, self.finite_steps]

    def scaled(self, loss: tf.Tensor) -> tf.Tensor:
        """Returns the loss that is to be differentiated."""
        return loss * self.factor

    def apply(self, gradients: Sequence[tf.Tensor | None], update: Callable[[list[tf.Tensor | None]], object]) -> None:
        """Updates the weights by gradients of the scaled loss, and the factor; to be called in the compiled step.

        Args:
            gradients: summed over replicas; None where the loss does not reach.
            update: takes the gradients of the loss itself; called only where all of them are finite.
        """
        inverse = 1.0 / self.factor
        found = [None if gradient is None else gradient * inverse for gradient in gradients]
        finite = tf.reduce_all([tf.reduce_all(tf.math.is_finite(g)) for g in found if g is not None])

        def keep() -> tf.Tensor:
            update(found)
            steps = self.finite_steps + 1.0
            grown = steps >= GROWTH_STEPS
            _set(self.finite_steps, tf.where(grown, 0.0, steps))
            _set(self.factor, tf.where(grown, 2.0, 1.0) * self.factor)
            return steps

        def leave_out() -> tf.Tensor:
            _set(self.finite_steps, tf.constant(0.0))
            _set(self.factor, tf.maximum(0.5 * self.factor, 1.0))
            return tf.constant(0.0)

        tf.cond(finite, keep, leave_out)


def _set(variable: tf.Variable, value: tf.Tensor) -> None:
    # By its handle: every replica sets its own, to the same value.
    tf.raw_ops.AssignVariableOp(resource=variable.handle, value=value)
