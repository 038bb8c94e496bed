"""Courses: how far a training is; with the weights and the optimizer's, all that it takes to continue it."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import tensorflow as tf

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
    """How far the training of a language model is.

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


@dataclasses.dataclass(frozen=True, eq=False)
class BestEpoch:
    """The weights of the classifier that scored best.

    Args:
        score: validation value of the task's metric.
        epoch: counted from 1.
        metrics: every validation metric, and `loss` of the training.
        values: of the network's variables.
    """

    score: float
    epoch: int
    metrics: dict[str, float]
    values: list[np.ndarray]


@dataclasses.dataclass
class ClassifierCourse:
    """How far the training of a classifier is.

    Args:
        step: steps that were made.
        losses: of the steps of the epoch that is under way, in pieces of any length.
        score: of the last evaluation.
        metrics: of the last evaluation.
        best: the best evaluation where it gives the score, None before the first.
    """

    step: int = 0
    losses: list[tf.Tensor] = dataclasses.field(default_factory=list)
    score: float = math.nan
    metrics: dict[str, float] = dataclasses.field(default_factory=dict)
    best: BestEpoch | None = None
