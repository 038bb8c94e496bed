"""SGD with momentum on what an architecture uses of a supernet, and on nothing else."""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf

from nao_tf.supernets.conv_supernet import ConvSupernet


class SharedMomentum:
    """Clipped SGD with momentum and l2 weight decay; a weight that a step does not use keeps its value and momentum.

    The rule is that of `training.momentum.MomentumSGD`. (The released TensorFlow code appended the unclipped gradient.)

    Args:
        supernet: whose weights are updated.
        momentum: decay of the accumulated gradient.
        nesterov: whether the momentum looks ahead (it does in the released search).
        weight_decay: times half the sum of squares of the weights that are used.
        clip_norm: bound of the global norm of the gradient, weight decay included; 0 means none.
    """

    def __init__(
        self,
        supernet: ConvSupernet,
        *,
        momentum: float = 0.9,
        nesterov: bool = True,
        weight_decay: float = 2e-4,
        clip_norm: float = 5.0,
    ):
        self.supernet = supernet
        self.momenta = supernet.weights.zeros()
        self.momentum = momentum
        self.nesterov = nesterov
        self.weight_decay = weight_decay
        self.clip_norm = clip_norm

    def read(self, codes: tf.Tensor) -> tuple[list[tf.Tensor], list[tf.Tensor]]:
        """Returns the weights and the momenta that an architecture uses, see `ConvSupernet.read`."""
        weights, momenta = self.supernet.read(codes, [self.supernet.weights, self.momenta])
        return weights, momenta

    def apply(
        self,
        codes: tf.Tensor,
        weights: Sequence[tf.Tensor],
        momenta: Sequence[tf.Tensor],
        gradients: Sequence[tf.Tensor],
        learning_rate: tf.Tensor,
    ) -> None:
        """Updates what an architecture uses.

        Args:
            codes: int32 [2, 2B, 2].
            weights: from `read`; so are the momenta.
            momenta: the accumulated changes.
            gradients: of the loss without weight decay, one for each of the weights.
            learning_rate: float32 scalar.
        """
        gradients = [g + self.weight_decay * w for g, w in zip(gradients, weights, strict=True)]
        if self.clip_norm:
            learning_rate *= tf.minimum(1.0, self.clip_norm / tf.linalg.global_norm(gradients))
        steps = [learning_rate * gradient for gradient in gradients]
        after = [self.momentum * momentum - step for momentum, step in zip(momenta, steps, strict=True)]
        changes = after
        if self.nesterov:
            changes = [self.momentum * momentum - step for momentum, step in zip(after, steps, strict=True)]
        moved = [new - old for new, old in zip(after, momenta, strict=True)]
        self.supernet.add(codes, [self.supernet.weights, self.momenta], [changes, moved])
