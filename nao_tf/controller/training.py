"""The joint training of encoder, predictor and decoder (Eq. 1) until its held-out figures no longer improve."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from nao_tf.controller import metrics
from nao_tf.controller.adam import Weights
from nao_tf.controller.batches import BatchSource
from nao_tf.controller.calls import in_chunks
from nao_tf.controller.config import ControllerConfig
from nao_tf.controller.program import program
from nao_tf.spaces.base import SearchSpace

# Held-out accuracies are averaged over so many calls: of one call alone, a lucky early one would win.
SMOOTHING = 5


class Trained(NamedTuple):
    """The weights that a training kept, float32 [P]; passes made; the pass of these weights; its last losses [2]."""

    weights: np.ndarray
    epochs: float
    best_epoch: float
    losses: np.ndarray


def train(
    space: SearchSpace,
    config: ControllerConfig,
    start: np.ndarray,
    source: BatchSource,
    tokens: np.ndarray,
    scores: np.ndarray,
) -> Trained:
    """Minimises Eq. (1) by Adam until the epochs or the patience end, and keeps the best weights.

    Args:
        space: what is searched.
        config: losses, epochs, patience.
        start: weights to begin with, float32 [P].
        source: of the batches.
        tokens: int32 [m, T], held-out architectures.
        scores: float [m]; with m = 0 the training loss takes the place of the held-out accuracy.
    """
    compiled = program(space, config)
    weights = Weights(start, np.zeros_like(start), np.zeros_like(start))
    best, best_step, kept = -np.inf, 0, start
    improved = 0
    losses = np.zeros(2)
    qualities: list[float] = []
    while source.step < source.total_steps:
        weights, means = compiled.train(weights, source.draw())
        current, losses = weights.current.numpy(), means.numpy()
        if len(tokens):
            quality = _quality(space, config, current, tokens, scores)
        else:
            quality = -float(losses @ (config.trade_off, 1 - config.trade_off))
        qualities.append(quality)
        quality = float(np.mean(qualities[-SMOOTHING:]))
        if quality >= best and np.isfinite(losses).all():
            # Equal weights do not renew the patience, and yet the later ones are kept.
            improved = source.step if quality > best + 1e-9 else improved
            best, best_step, kept = quality, source.step, current
        if source.step - improved >= config.patience * source.steps_per_epoch:
            break
    made, of_best = (min(step, source.total_steps) / source.steps_per_epoch for step in (source.step, best_step))
    return Trained(kept, made, of_best, losses)


def _quality(
    space: SearchSpace, config: ControllerConfig, weights: np.ndarray, tokens: np.ndarray, scores: np.ndarray
) -> float:
    """Returns the held-out pairwise accuracy less the share of tokens that the decoder gets wrong.

    The accuracy alone peaks while the decoder has hardly begun, and weights are kept for all three models.
    """
    predicted, decoded = in_chunks(program(space, config).review, weights, tokens)
    distance = metrics.hamming_distance(decoded, tokens)
    return metrics.pairwise_accuracy(predicted, scores) - distance / space.length
