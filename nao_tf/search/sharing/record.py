"""What is said of a round of a weight-sharing search."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from nao_tf.search.events import finite
from nao_tf.search.sharing.candidates import Candidates


def round_record(candidates: Candidates, number: int, *, epochs: int, loss: float) -> dict[str, Any]:
    """Returns what `summary.json` says of a round (docs/summary.md).

    Args:
        candidates: as they are after it.
        number: of the round, from 1.
        epochs: that the shared weights were trained.
        loss: mean of the last one.
    """
    scored = candidates.scored
    newest = max((cell.proposal.round for cell in scored), default=0)
    new = [cell for cell in scored if cell.proposal.round == newest]
    origins: dict[str, int] = {}
    for cell in new:
        origins[cell.proposal.origin] = origins.get(cell.proposal.origin, 0) + 1
    predicted = [cell.proposal.predicted for cell in new if cell.proposal.predicted is not None]
    scores = [cell.score for cell in scored]
    return {
        'round': number,
        'epochs': epochs,
        'loss': loss,
        'scored': len(scored),
        'failed': sum(map(math.isnan, scores)),
        'mean_score': _mean(scores),
        'best_score': max((value for value in scores if not math.isnan(value)), default=None),
        'mean_new': _mean([cell.score for cell in new]),
        'mean_predicted': _mean(predicted),
        'origins': origins,
        'controller': {name: finite(value) for name, value in candidates.report.items()} or None,
    }


def _mean(values: list[float]) -> float | None:
    """Returns the mean of the values that are numbers."""
    numbers = [value for value in values if not math.isnan(value)]
    return float(np.mean(numbers)) if numbers else None
