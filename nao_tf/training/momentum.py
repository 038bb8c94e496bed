"""SGD with momentum whose state leaves nothing behind when a thousand children come and go."""

from __future__ import annotations

from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf


class MomentumSGD:
    """Clipped SGD with momentum and l2 weight decay (A1, training table).

    Keras's optimizers are not used for children: their slot variables carry names that differ from child to
    child, and TensorFlow keeps native memory for every distinct variable name for ever.

    Args:
        variables: the trainable Keras variables of one network.
        momentum: decay of the accumulated gradient.
        nesterov: whether the momentum looks ahead.
        weight_decay: times half the sum of squares of every variable.
        clip_norm: bound of the global norm of the gradient, weight decay included; 0 means none.
    """

    def __init__(
        self,
        variables: Sequence[keras.Variable],
        *,
        momentum: float = 0.9,
        nesterov: bool = False,
        weight_decay: float = 0.0,
        clip_norm: float = 0.0,
    ):
        self.variables = [variable.value for variable in variables]
        self.slots = [
            tf.Variable(np.zeros(variable.shape, np.float32), trainable=False, name='momentum')
            for variable in variables
        ]
        self.momentum = momentum
        self.nesterov = nesterov
        self.weight_decay = weight_decay
        self.clip_norm = clip_norm

    def apply(self, gradients: Sequence[tf.Tensor | None], learning_rate: tf.Tensor) -> tf.Tensor:
        """Updates every variable once; to be called inside the compiled step.

        Args:
            gradients: of the loss without weight decay, one per variable, None where the loss does not reach it.
            learning_rate: float32 scalar.

        Returns:
            The global norm of the gradient before clipping, float32 scalar.
        """
        grads = [
            tf.zeros_like(variable) if gradient is None else gradient
            for gradient, variable in zip(gradients, self.variables, strict=True)
        ]
        if self.weight_decay:
            decay = tf.constant(self.weight_decay)
            grads = [gradient + decay * variable for gradient, variable in zip(grads, self.variables, strict=True)]
        norm = tf.linalg.global_norm(grads)
        if self.clip_norm:
            # A clipped gradient at a rate is the gradient at a clipped rate: one product instead of one a variable.
            learning_rate = learning_rate * tf.minimum(1.0, self.clip_norm / norm)
        momentum = tf.constant(self.momentum)
        for gradient, variable, slot in zip(grads, self.variables, self.slots, strict=True):
            tf.raw_ops.ResourceApplyKerasMomentum(
                var=variable.handle,
                accum=slot.handle,
                lr=learning_rate,
                grad=gradient,
                momentum=momentum,
                use_nesterov=self.nesterov,
            )
        return norm
