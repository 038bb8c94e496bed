"""Scores as the predictor is fitted to them, and back."""

from __future__ import annotations

import dataclasses

import numpy as np


@dataclasses.dataclass(frozen=True)
class ScoreScale:
    """Linear map between real scores and what f is fitted to: target = (score - shift) / scale.

    Args:
        shift: the score that becomes 0.
        scale: the difference that becomes 1; never 0.
    """

    shift: float = 0.0
    scale: float = 1.0

    @classmethod
    def fit(cls, kind: str, scores: np.ndarray) -> ScoreScale:
        """Returns the scale of a kind for some scores; equal scores get scale 1.

        Args:
            kind: `raw`, `min_max` or `z_score`.
            scores: float [n], n >= 1.
        """
        if kind == 'raw':
            return cls()
        shift = float(np.min(scores)) if kind == 'min_max' else float(np.mean(scores))
        scale = float(np.max(scores)) - shift if kind == 'min_max' else float(np.std(scores))
        # Equal scores can differ by a rounding error of their mean.
        return cls(shift, scale if scale > 1e-9 * max(1.0, abs(shift)) else 1.0)

    def forward(self, scores: np.ndarray) -> np.ndarray:
        """Returns targets, float32 [n]."""
        return ((np.asarray(scores, np.float64) - self.shift) / self.scale).astype(np.float32)

    def back(self, targets: np.ndarray) -> np.ndarray:
        """Returns scores, float64 [n]."""
        return np.asarray(targets, np.float64) * self.scale + self.shift
