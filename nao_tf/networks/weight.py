"""Weight: one variable of a block, described before it exists."""

from __future__ import annotations

import dataclasses
import math

from nao_tf.networks.initialization import Initial


@dataclasses.dataclass(frozen=True)
class Weight:
    """Name, shape and initial value of one variable.

    Args:
        name: unique within its block.
        shape: its shape; variables are always float32.
        initial: function of (rng, shape) that draws the initial value.
        trainable: False for moving statistics.
        full_precision: True hands the variable itself to the block; otherwise the block gets its value in the
            compute type of the network (bfloat16 under `mixed_bfloat16`).
    """

    name: str
    shape: tuple[int, ...]
    initial: Initial
    trainable: bool = True
    full_precision: bool = False

    @property
    def size(self) -> int:
        """Number of scalars."""
        return math.prod(self.shape)
