"""Scores as the predictor is fitted to them, and back."""

from __future__ import annotations

import dataclasses

import numpy as np
import scipy.stats


@dataclasses.dataclass(frozen=True)
class ScoreScale:
    """Increasing map between real scores and what f is fitted to.

    Linear, target = (score - shift) / scale; or, for `rank`, piecewise linear between knots: the distinct scores and
    the normal quantiles of their mean ranks. A pool with a few very bad cells has most of its variance in them; by
    rank they count no more than others.

    Args:
        shift: the score that becomes 0.
        scale: the difference that becomes 1; never 0.
        knots: increasing (score, target) pairs, () for the linear map; beyond them the end segments go on.
    """

    shift: float = 0.0
    scale: float = 1.0
    knots: tuple[tuple[float, float], ...] = ()

    @classmethod
    def fit(cls, kind: str, scores: np.ndarray) -> ScoreScale:
        """Returns the scale of a kind for some scores; equal scores get scale 1.

        Args:
            kind: `raw`, `min_max`, `z_score` or `rank`.
            scores: float [n], n >= 1.
        """
        if kind == 'raw':
            return cls()
        if kind == 'rank':
            values = np.unique(scores)
            ranks = (scipy.stats.rankdata(scores) - 0.5) / len(scores)
            quantiles = scipy.stats.norm.ppf([ranks[scores == value][0] for value in values])
            if len(values) > 1:
                return cls(knots=tuple(zip(values.tolist(), quantiles.tolist(), strict=True)))
        shift = float(np.min(scores)) if kind == 'min_max' else float(np.mean(scores))
        scale = float(np.max(scores)) - shift if kind == 'min_max' else float(np.std(scores))
        # Equal scores can differ by a rounding error of their mean.
        return cls(shift, scale if scale > 1e-9 * max(1.0, abs(shift)) else 1.0)

    def forward(self, scores: np.ndarray) -> np.ndarray:
        """Returns targets, float32 [n]."""
        scores = np.asarray(scores, np.float64)
        if self.knots:
            return _piecewise(scores, *np.array(self.knots).T).astype(np.float32)
        return ((scores - self.shift) / self.scale).astype(np.float32)

    def back(self, targets: np.ndarray) -> np.ndarray:
        """Returns scores, float64 [n]."""
        targets = np.asarray(targets, np.float64)
        if self.knots:
            values, quantiles = np.array(self.knots).T
            return _piecewise(targets, quantiles, values)
        return targets * self.scale + self.shift


def _piecewise(x: np.ndarray, at: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Interpolates linearly, and goes on beyond both ends."""
    segment = np.clip(np.searchsorted(at, x) - 1, 0, len(at) - 2)
    slope = np.diff(values)[segment] / np.diff(at)[segment]
    return values[segment] + slope * (x - at[segment])
