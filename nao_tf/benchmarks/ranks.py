"""Mean ranks of settings over the development spaces."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np
import scipy.stats

from nao_tf.benchmarks.development import Scale
from nao_tf.benchmarks.record import Record

BUDGETS = (50, 100, 200)  # queries after which the best cell's value counts


@dataclasses.dataclass(frozen=True)
class Standing:
    """Where one setting stands among the others.

    Args:
        rank: mean rank, 1 is best: over the figures of a run, then over the runs and instances of a space, then over
            the spaces.
        error: its standard error.
        lead: mean rank of the first setting less that of this one, over the runs of both; above 0 is better.
        lead_error: standard error of `lead`, run by run.
        spaces: mean rank in each space, by its name.
        values: the best cell's value after each budget on the problems' common scale, mean over the spaces.
        area: mean of that value over all queries.
        seconds: of a query.
        candidates: cells scored for a query.
    """

    rank: float
    error: float
    lead: float
    lead_error: float
    spaces: Mapping[str, float]
    values: tuple[float, ...]
    area: float
    seconds: float
    candidates: float


def figures(record: Record, scale: Scale, *, budget: int) -> np.ndarray:
    """Returns what a run is ranked by: the area under best-so-far, then the value after each of `BUDGETS`.

    Args:
        record: of the run.
        scale: of its problem.
        budget: queries of the run; where it ended earlier, its last value stands.

    Returns:
        float64 [1 + budgets up to `budget`]: the reported value of the best-signal cell, larger is better.
    """
    best = scale(record.test[record.best_so_far()])
    best = np.concatenate([best, np.full(max(budget - len(best), 0), best[-1])])[:budget]
    return np.array([best.mean(), *best[[at - 1 for at in BUDGETS if at <= budget]]])


def rank_settings(
    records: Mapping[str, Mapping[str, Sequence[Record]]], scales: Mapping[str, Scale], *, budget: int
) -> dict[str, Standing]:
    """Ranks settings against each other in every run, and averages the ranks.

    Runs of one number of all settings on one instance are ranked against each other, separately by every figure.

    Args:
        records: by instance (such as `enas_cnn:0`) and setting, the runs in order; a setting may be missing from an
            instance.
        scales: by instance.
        budget: queries of a run.

    Returns:
        The standing of each setting, in the order in which the settings first occur.
    """
    names = list(dict.fromkeys(name for runs in records.values() for name in runs))
    ranks: dict[str, dict[str, list[float]]] = {name: {} for name in names}  # by setting and space
    leads: dict[str, dict[str, list[float]]] = {name: {} for name in names}
    values: dict[str, dict[str, list[np.ndarray]]] = {name: {} for name in names}
    for instance, runs in records.items():
        space = instance.partition(':')[0]
        found = np.array([[figures(run, scales[instance], budget=budget) for run in runs[name]] for name in runs])
        places = scipy.stats.rankdata(-found, axis=0).mean(axis=2)  # [settings, runs]
        for name, place, value in zip(runs, places, found, strict=True):
            ranks[name].setdefault(space, []).extend(place)
            values[name].setdefault(space, []).extend(value)
            if names[0] in runs:
                leads[name].setdefault(space, []).extend(places[list(runs).index(names[0])] - place)
    result = {}
    for name in names:
        mean = np.mean([np.mean(value, axis=0) for value in values[name].values()], axis=0)
        own = [run for runs in records.values() for run in runs.get(name, ())]
        queries = max(sum(run.queries for run in own), 1)
        result[name] = Standing(
            *mean_and_error(ranks[name]),
            *mean_and_error(leads[name]),
            spaces={space: float(np.mean(place)) for space, place in ranks[name].items()},
            values=tuple(mean[1:].tolist()),
            area=float(mean[0]),
            seconds=sum(run.seconds for run in own) / queries,
            candidates=sum(run.candidates for run in own) / queries,
        )
    return result


def mean_and_error(groups: Mapping[str, Sequence[float]]) -> tuple[float, float]:
    """Returns the mean of the groups' means, and its standard error (NaN where a group has one value).

    Args:
        groups: values by group, at least one each; none at all gives NaN.
    """
    if not groups:
        return float('nan'), float('nan')
    means = [float(np.mean(values)) for values in groups.values()]
    errors = [float(np.var(values, ddof=1)) / len(values) if len(values) > 1 else np.nan for values in groups.values()]
    return sum(means) / len(means), float(np.sqrt(sum(errors))) / len(means)
