"""Scores on one scale, whatever their unit: what the constants of a tree search are meant for."""

from __future__ import annotations

import numpy as np


def quantiles(scores: np.ndarray) -> np.ndarray:
    """Returns the share of the pool that each score is better than, ties at their middle: [n] in (0, 1).

    The exploration constants of UCB and UCT are for rewards between 0 and 1 whose good half is not crowded into a
    hundredth of the range, as accuracies are when some networks fail. The share keeps the order, is the same in
    percent and in fractions, and does not see by how far a failure failed.

    Args:
        scores: [n], at least one, all finite.
    """
    ordered = np.sort(scores)
    below = np.searchsorted(ordered, scores, side='left')
    upto = np.searchsorted(ordered, scores, side='right')
    return (below + upto) / (2 * len(scores))


def stretched(scores: np.ndarray) -> np.ndarray:
    """Returns scores moved to [0, 1]: the pool's lowest quarter to 0, its best to 1; [n].

    Like `quantiles` this is blind to the unit and to how bad failures are, but it keeps how far the best are apart.

    Args:
        scores: [n], at least one, all finite.
    """
    low, high = np.quantile(scores, 0.25), np.max(scores)
    if high <= low:
        return np.full(len(scores), 0.5)
    return np.clip((scores - low) / (high - low), 0, 1)
