"""What one training of the controller came to, on the architectures that it did not see."""

from __future__ import annotations

import dataclasses

import numpy as np

from nao_tf.controller import metrics
from nao_tf.controller.training import Trained


@dataclasses.dataclass(frozen=True)
class FitReport:
    """What one `fit` came to. The held-out figures are None where too few architectures were given to hold any out.

    Args:
        epochs: passes over the training set that were made.
        best_epoch: the pass whose weights were kept.
        held_out: number of held-out architectures.
        pairwise_accuracy: of the kept weights, on the held-out architectures.
        kendall_tau: likewise, tau-b; None also where it is not defined (equal scores).
        hamming_distance: likewise, mean tokens of T that the decoder gets wrong.
        prediction_loss: L_pp over the last training steps, in normalised units.
        reconstruction_loss: L_rec over the last training steps.
        seconds: wall time, a first compile included.
    """

    epochs: float
    best_epoch: float
    held_out: int
    pairwise_accuracy: float | None
    kendall_tau: float | None
    hamming_distance: float | None
    prediction_loss: float
    reconstruction_loss: float
    seconds: float

    @classmethod
    def of(
        cls,
        trained: Trained,
        predicted: np.ndarray,
        scores: np.ndarray,
        decoded: np.ndarray,
        tokens: np.ndarray,
        *,
        seconds: float,
    ) -> FitReport:
        """Returns the report of a training.

        Args:
            trained: what it came to.
            predicted: of the m held-out architectures, in any unit that ranks them, float [m].
            scores: their scores, float [m].
            decoded: D(E(x)) of them, int [m, T].
            tokens: their tokens, int [m, T].
            seconds: wall time.
        """
        held = len(scores)
        tau = metrics.kendall_tau(predicted, scores)
        return cls(
            epochs=trained.epochs,
            best_epoch=trained.best_epoch,
            held_out=held,
            pairwise_accuracy=metrics.pairwise_accuracy(predicted, scores) if held else None,
            kendall_tau=tau if np.isfinite(tau) else None,
            hamming_distance=metrics.hamming_distance(decoded, tokens) if held else None,
            prediction_loss=float(trained.losses[0]),
            reconstruction_loss=float(trained.losses[1]),
            seconds=seconds,
        )
