"""How well the scores of shared weights rank what a training of its own gives: Kendall's tau, and the best of each."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import scipy.stats

from nao_tf.search.history import History
from nao_tf.search.sharing.candidates import Scored
from nao_tf.searchers.evaluation import Proposal

FINALIST, RANKING = 'finalist', 'ranking'  # origins of the trials that are trained from scratch
TOP = 3  # the best third of the ranking is compared as a set


def select(scored: Sequence[Scored], *, finalists: int, ranked: int) -> list[Proposal]:
    """Returns the architectures that are trained on their own.

    Args:
        scored: the candidates with their last shared scores.
        finalists: how many of the best.
        ranked: how many at equal distances of rank from the best to the worst, on which the ranking is measured. They
            may be finalists too.

    Returns:
        Finalists, the best first, then the others; `predicted` is the shared score.
    """
    usable = [cell for cell in scored if not math.isnan(cell.score)]
    order = sorted(usable, key=lambda cell: -cell.score)
    chosen = [(FINALIST, cell) for cell in order[:finalists]]
    chosen += [(RANKING, order[index]) for index in spread(len(order), ranked) if index >= finalists]
    return [Proposal(cell.proposal.architecture, origin, 1, predicted=cell.score) for origin, cell in chosen]


def spread(count: int, wanted: int) -> list[int]:
    """Returns at most `wanted` places among `count` at equal distances, the first and the last among them."""
    return sorted({int(index) for index in np.linspace(0, count - 1, min(wanted, count)).round()}) if count else []


def measure(scored: Sequence[Scored], history: History, *, ranked: int) -> dict[str, Any] | None:
    """Returns how well shared scores rank stand-alone ones.

    Args:
        scored: as in `select`.
        history: of the trainings.
        ranked: as in `select`.

    Returns:
        JSON types, by the schema of summary.json; None where fewer than two of the architectures have a score.
    """
    order = sorted((cell for cell in scored if not math.isnan(cell.score)), key=lambda cell: -cell.score)
    trained = {trial.proposal.architecture: trial for trial in history.trials.values() if trial.finished}
    pairs = [
        (trained[architecture], order[index].score)
        for index in spread(len(order), ranked)
        if (architecture := order[index].proposal.architecture) in trained
    ]
    if len(pairs) < 2:
        return None
    shared, alone = np.array([score for _, score in pairs]), np.array([trial.score for trial, _ in pairs])
    tau = scipy.stats.kendalltau(shared, alone)
    top = max(1, len(pairs) // TOP)
    places = np.arange(len(pairs))  # in the order of the shared scores; ties of the others are broken against it
    best = [set(np.lexsort((ties, -values))[:top].tolist()) for values, ties in ((shared, places), (alone, -places))]
    known = math.isfinite(tau.statistic)  # not where all scores of a kind are the same
    return {
        'architectures': len(pairs),
        'kendall_tau': float(tau.statistic) if known else None,
        'p_value': float(tau.pvalue) if known else None,
        'top': top,
        'top_overlap': len(best[0] & best[1]),
        'pairs': [{'trial': trial.id, 'shared': float(score), 'alone': trial.score} for trial, score in pairs],
    }
