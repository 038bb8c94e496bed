"""Course: how far the training of a language model is."""

from __future__ import annotations

import dataclasses

import numpy as np

from nao_tf.training.averaged import NonMonotone


@dataclasses.dataclass(frozen=True, eq=False)
class Scored:
    """The weights at the end of an epoch, and what they came to.

    Args:
        loss: of the validation split, nats a token.
        epoch: counted from 1.
        metrics: validation perplexity, and `loss` of the training.
        values: of the network's variables.
    """

    loss: float
    epoch: int
    metrics: dict[str, float]
    values: list[np.ndarray]


@dataclasses.dataclass
class Course:
    """How far a training is; with the weights and the optimizer's, all that it takes to continue it.

    Args:
        rule: when to average, with the validation losses that it knows.
        epoch: epochs that have ended.
        steps: steps that were made.
        rollbacks: epochs that were rolled back.
        best: the best evaluation, None before the first.
        last: the last one.
    """

    rule: NonMonotone
    epoch: int = 0
    steps: int = 0
    rollbacks: int = 0
    best: Scored | None = None
    last: Scored | None = None
