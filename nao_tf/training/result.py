"""What a training comes to: a result, or a loss that is no longer a number."""

from __future__ import annotations

import dataclasses


class DivergedError(RuntimeError):
    """The training loss is no longer a finite number."""


@dataclasses.dataclass(frozen=True)
class TrainResult:
    """What a training came to.

    Args:
        score: validation value of the task's metric, by the rule of `TrainConfig.score`; NaN without validation split.
        metrics: every validation metric of the epoch that gave the score, and `loss` of the last epoch.
        epoch: that epoch, counted from 1.
    """

    score: float
    metrics: dict[str, float]
    epoch: int
