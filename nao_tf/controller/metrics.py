"""How well the predictor ranks and the decoder recovers (section 4.1, Fig. 2a)."""

from __future__ import annotations

import numpy as np
import scipy.stats


def pairwise_accuracy(predicted: np.ndarray, scores: np.ndarray) -> float:
    """Returns the share of pairs i < j that the prediction orders as the scores do.

    A pair counts where both say `i >= j`, or both say `i < j` (the released code's figure, the one that is
    reported everywhere). With fewer than two values it is NaN. Section 4.1 prints a sum over all ordered pairs, x with
    itself included, that counts where both say `>=`: of two different cells only one order can count, and a perfect
    prediction reaches about one half, so that the 78% of the paper's text can only be this figure.

    Args:
        predicted: float [n].
        scores: float [n].
    """
    predicted, scores = np.asarray(predicted, float), np.asarray(scores, float)
    first, second = np.triu_indices(len(scores), 1)
    if not len(first):
        return float('nan')
    return float(np.mean((predicted[first] >= predicted[second]) == (scores[first] >= scores[second])))


def kendall_tau(predicted: np.ndarray, scores: np.ndarray) -> float:
    """Returns Kendall's tau-b, NaN where it is not defined (a constant side, fewer than two values)."""
    if len(scores) < 2:
        return float('nan')
    return float(scipy.stats.kendalltau(predicted, scores).statistic)


def hamming_distance(decoded: np.ndarray, tokens: np.ndarray) -> float:
    """Returns dist_D of section 4.1: the mean number of tokens that differ, of T.

    Args:
        decoded: int [n, T].
        tokens: int [n, T].
    """
    if not len(tokens):
        return float('nan')
    return float(np.mean(np.sum(np.asarray(decoded) != np.asarray(tokens), axis=1)))
