"""The events of a journal that record a trial's proposal and its end."""

from __future__ import annotations

import math
from typing import Any

from nao_tf.search.trial import Trial, cell_sum
from nao_tf.searchers.evaluation import Evaluation


def proposed_event(trial: Trial) -> dict[str, Any]:
    """Returns the event that records a proposal."""
    proposal = trial.proposal
    return {
        'event': 'proposed',
        'trial': trial.id,
        'arm': trial.arm,
        'batch': trial.batch,
        'round': proposal.round,
        'origin': proposal.origin,
        'tokens': list(proposal.architecture.tokens),
        'predicted': finite(proposal.predicted),
        'parent': None if proposal.parent is None else list(proposal.parent.tokens),
    }


def finite(value: float | None) -> float | None:
    """Returns a number, or None where JSON has none (a controller that diverged predicts NaN)."""
    return value if value is not None and math.isfinite(value) else None


def evaluated_event(trial: int, evaluation: Evaluation, reused: int | None = None) -> dict[str, Any]:
    """Returns the event that records the end of a trial: `finished`, or `failed` with its reason."""
    event = {
        'event': 'failed' if evaluation.failed else 'finished',
        'trial': trial,
        'cell': cell_sum(evaluation.architecture),
        'score': None if evaluation.failed else evaluation.score,
        'metrics': {name: value for name, value in evaluation.metrics.items() if math.isfinite(value)},
        'seconds': round(evaluation.seconds, 3),
        'parameters': evaluation.parameters,
    }
    if evaluation.failed:
        event['reason'] = evaluation.failure or f'the score is {evaluation.score}'
    if reused is not None:
        event['reused'] = reused
    return event
