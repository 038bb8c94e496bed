"""summary.json: what a search found, in one documented schema (docs/summary.md)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import scipy.stats

from nao_tf.search.history import BASELINE, SEARCH, History, Trial
from nao_tf.spaces.base import SearchSpace

SCHEMA = 1
LEVEL = 0.95
RESAMPLES = 10_000


def summarise(
    history: History, space: SearchSpace, *, metric: str, searcher: str, seed: int, score: str = ''
) -> dict[str, Any]:
    """Returns the summary of a history.

    Args:
        history: with the test metrics of the winners.
        space: of its architectures.
        metric: name of what the score stands for.
        searcher: name of the searcher of the search arm.
        seed: of the bootstrap.
        score: the score as a formula of the metric; '' where it is the metric.

    Returns:
        JSON types, by the schema in docs/summary.md.
    """
    best = history.best()
    trials = list(history.trials.values())
    return {
        'schema': SCHEMA,
        'space': space.name,
        'metric': metric,
        'score': score or metric,
        'searcher': searcher,
        'trials': {
            'total': len(trials),
            'finished': sum(trial.finished for trial in trials),
            'failed': sum(trial.evaluation is not None and trial.evaluation.failed for trial in trials),
        },
        'best': None if best is None else describe_trial(best, history, space),
        'rounds': summarise_rounds(history),
        'arms': {
            arm: summarise_arm(history, arm) for arm in (SEARCH, BASELINE) if arm == SEARCH or history.of_arm(arm)
        },
        'comparison': compare_arms(history, seed=seed),
        'seconds': split_seconds(history),
    }


def describe_trial(trial: Trial, history: History, space: SearchSpace) -> dict[str, Any]:
    """Returns one trial with its architecture in every form a person or a program may want."""
    architecture = trial.proposal.architecture
    evaluation = trial.evaluation
    assert evaluation is not None
    return {
        'trial': trial.id,
        'arm': trial.arm,
        'round': trial.proposal.round,
        'origin': trial.proposal.origin,
        'tokens': list(architecture.tokens),
        'text': space.to_text(architecture),
        'description': space.describe(architecture),
        'score': evaluation.score,
        'validation': dict(evaluation.metrics),
        'test': history.tested.get(trial.id),
        'parameters': evaluation.parameters,
    }


def summarise_rounds(history: History) -> list[dict[str, Any]]:
    """Returns one row per round of the search arm: mean real and predicted score (Fig. 2b) and the controller's."""
    reports = {
        int(batch.report['round'] or 0): batch.report for batch in history.batches.values() if 'round' in batch.report
    }
    own = history.of_arm(SEARCH)
    rows = []
    for number in sorted({trial.proposal.round for trial in own}):
        trials = [trial for trial in own if trial.proposal.round == number]
        scores = [trial.score for trial in trials if trial.finished]
        predicted = [t.proposal.predicted for t in trials if t.finished and t.proposal.predicted is not None]
        origins: dict[str, int] = {}
        for trial in trials:
            origins[trial.proposal.origin] = origins.get(trial.proposal.origin, 0) + 1
        rows.append(
            {
                'round': number,
                'trials': len(trials),
                'failed': sum(trial.evaluation is not None and trial.evaluation.failed for trial in trials),
                'mean_score': float(np.mean(scores)) if scores else None,
                'best_score': float(np.max(scores)) if scores else None,
                'mean_predicted': float(np.mean(predicted)) if predicted else None,
                'origins': origins,
                'controller': {name: value for name, value in reports.get(number, {}).items() if name != 'round'}
                or None,
            }
        )
    return rows


def summarise_arm(history: History, arm: str) -> dict[str, Any]:
    """Returns how many cells an arm added to the shared start, their mean, and the best in the arm's view."""
    added = [trial.score for trial in history.of_arm(arm) if trial.finished and not trial.shared]
    best = history.best(arm)
    return {
        'added': len(added),
        'mean_added': float(np.mean(added)) if added else None,
        'best_trial': None if best is None else best.id,
        'best_score': None if best is None else best.score,
        'best_test': None if best is None else history.tested.get(best.id),
    }


def compare_arms(history: History, *, seed: int) -> dict[str, Any] | None:
    """Returns search minus baseline in the mean score of the added cells, with its bootstrap interval.

    Failed cells are left out of both. None where an arm added fewer than two cells.

    Args:
        history: of both arms.
        seed: of the resampling.
    """
    search, baseline = (
        [trial.score for trial in history.of_arm(arm) if trial.finished and not trial.shared]
        for arm in (SEARCH, BASELINE)
    )
    if min(len(search), len(baseline)) < 2:
        return None
    difference, low, high = bootstrap_difference(search, baseline, seed=seed)
    return {
        'of': 'mean validation score of the cells added to the shared random start',
        'difference': difference,
        'interval': [low, high],
        'level': LEVEL,
        'significant': bool(low > 0 or high < 0),
    }


def bootstrap_difference(first: Sequence[float], second: Sequence[float], *, seed: int) -> tuple[float, float, float]:
    """Returns mean(first) - mean(second) and the ends of its percentile bootstrap interval at `LEVEL`.

    Args:
        first: at least two values.
        second: at least two values, independent of the first.
        seed: of the resampling.
    """
    result = scipy.stats.bootstrap(
        (np.asarray(first), np.asarray(second)),
        lambda a, b, axis: np.mean(a, axis=axis) - np.mean(b, axis=axis),
        n_resamples=RESAMPLES,
        confidence_level=LEVEL,
        method='percentile',
        vectorized=True,
        rng=np.random.default_rng(seed),
    )
    interval = result.confidence_interval
    return float(np.mean(first) - np.mean(second)), float(interval.low), float(interval.high)


def split_seconds(history: History) -> dict[str, float]:
    """Returns where the wall time went: children, controller (all of `propose`), and everything else."""
    children = history.training_seconds
    controller = sum(batch.seconds for batch in history.batches.values())
    return {
        'total': round(history.seconds, 3),
        'children': round(children, 3),
        'controller': round(controller, 3),
        'other': round(max(history.seconds - children - controller, 0.0), 3),
    }
