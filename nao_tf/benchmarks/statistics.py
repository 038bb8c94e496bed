"""The figures of the protocol, from the records of a searcher's runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import scipy.stats

from nao_tf.benchmarks.record import Record

SCHEMA = 1
LEVEL = 0.95
RESAMPLES = 10_000
# With three runs on a side, not even a complete separation is significant at 5% (Mann-Whitney, exact: 2 / 20).
FEWEST_RUNS = 4


def hitting_times(records: Sequence[Record], optimum: float, budget: int) -> np.ndarray:
    """Returns the queries until the optimum was found; a miss is budget + 1.

    Args:
        records: n of them.
        optimum: the best validation value of the table.
        budget: queries of a run.

    Returns:
        int [n].
    """
    times = []
    for record in records:
        found = np.flatnonzero(record.valid >= optimum)
        times.append(found[0] + 1 if len(found) else budget + 1)
    return np.array(times, np.int64)


def string_times(records: Sequence[Record], optimum: float) -> tuple[np.ndarray, np.ndarray]:
    """Returns the raw strings paid for until the optimum was found, and which runs found it.

    A miss is one more than all the strings that its queries cost: a lower bound, as in the count of classes.

    Args:
        records: n of them.
        optimum: the best validation value of the table.

    Returns:
        int [n], bool [n].
    """
    times, hits = [], []
    for record in records:
        found = np.flatnonzero(record.valid >= optimum)
        hits.append(len(found) > 0)
        last = int(record.strings[-1]) if record.queries else 0
        times.append(int(record.strings[found[0]]) if len(found) else last + 1)
    return np.array(times, np.int64), np.array(hits, bool)


def report_at(
    records: Sequence[Record], budgets: Sequence[int], *, optimum: float, strings: bool = False
) -> list[dict[str, Any]]:
    """Returns the test value of the best-validation cell after some queries.

    Args:
        records: of one searcher.
        budgets: numbers of queries.
        optimum: the best validation value of the table: a run that has it would not have changed any more.
        strings: count raw strings instead of queries.

    Returns:
        One entry for each budget: `budget`, `mean`, `sd` (of the runs, n - 1; None for one run), `runs` and `without`,
        further runs whose best-validation cell has no test value, or that have no such cell yet. A run counts where it
        was as long, or where its searcher had come to an end of the space.
    """
    rows = []
    for budget in budgets:
        values = []
        without = 0
        for record in records:
            counts = record.strings if strings else np.arange(1, record.queries + 1)
            inside = int(np.searchsorted(counts, budget, side='right'))
            # In raw strings a run may end before the budget: what it would have had then is not known.
            if inside and (counts[-1] >= budget or (record.valid >= optimum).any() or not strings):
                best = record.best_so_far()[inside - 1]
                if np.isnan(record.valid[best]) or np.isnan(record.test[best]):
                    without += 1
                else:
                    values.append(record.test[best])
        rows.append(
            {
                'budget': int(budget),
                'mean': float(np.mean(values)) if values else None,
                'sd': float(np.std(values, ddof=1)) if len(values) > 1 else None,
                'runs': len(values),
                'without': without,
            }
        )
    return rows


def describe_times(times: np.ndarray, hits: np.ndarray) -> dict[str, Any]:
    """Returns mean, median and quartiles of times in which misses are lower bounds.

    Args:
        times: [n].
        hits: bool [n]; false where the time is that of a miss.
    """
    low, median, high = np.percentile(times, [25, 50, 75])
    return {
        'mean_queries_to_optimum': float(np.mean(times)),
        'mean_is_lower_bound': bool(not hits.all()),
        'median_queries_to_optimum': float(median),
        'iqr_queries_to_optimum': [float(low), float(high)],
        'hit_rate': float(np.mean(hits)),
    }


def summarise_runs(records: Sequence[Record], *, optimum: float, budget: int, budgets: Sequence[int]) -> dict[str, Any]:
    """Returns the summary of a searcher (docs/benchmarks.md has the schema).

    Args:
        records: of its runs, at least one.
        optimum: the best validation value of the table.
        budget: queries of a run.
        budgets: at which the test value is reported.
    """
    times = hitting_times(records, optimum, budget)
    raw, hits = string_times(records, optimum)
    budgets = [value for value in budgets if value <= budget]
    queries = sum(record.queries for record in records)
    origins = sorted({origin for record in records for origin in record.origins})
    return {
        'schema': SCHEMA,
        'searcher': records[0].searcher,
        'mode': records[0].mode,
        'runs': len(records),
        'budget': budget,
        'optimum': optimum,
        **describe_times(times, hits),
        'queries_to_optimum': [int(time) if hit else None for time, hit in zip(times, hits, strict=True)],
        'test_at_budget': report_at(records, budgets, optimum=optimum),
        'raw_strings': {
            **describe_times(raw, hits),
            'queries_to_optimum': [int(time) if hit else None for time, hit in zip(raw, hits, strict=True)],
            'test_at_budget': report_at(records, budgets, optimum=optimum, strings=True),
        },
        'queries': queries,
        'duplicates': float(np.mean([record.duplicates for record in records])),
        'outside': float(np.mean([record.outside for record in records])),
        'candidates_per_query': sum(record.candidates for record in records) / max(queries, 1),
        'seconds_per_query': sum(record.seconds for record in records) / max(queries, 1),
        'origins': {
            origin: sum(record.origins.get(origin, 0) for record in records) / max(queries, 1) for origin in origins
        },
    }


def probability_earlier(first: np.ndarray, second: np.ndarray, *, seed: int = 0) -> dict[str, Any]:
    """Returns how probable it is that a run of A hits earlier than a run of B.

    P(A < B) + P(A = B) / 2 over all pairs of runs (the Mann-Whitney statistic), misses tied; the interval is the
    percentile bootstrap of both samples, resampled on their own: runs of the same number share no draws, so nothing
    is paired.

    Args:
        first: hitting times of A, misses at one value above the budget.
        second: those of B.
        seed: of the resampling.

    Returns:
        `probability`, `interval` and `ahead` (whether the interval excludes one half on A's side; None where there
        are too few runs for an interval), and `p_value` of the two-sided Mann-Whitney test.
    """
    first, second = np.asarray(first, float), np.asarray(second, float)
    result: dict[str, Any] = {
        'probability': float(_earlier(first, second)),
        'interval': None,
        'level': LEVEL,
        'ahead': None,
        'p_value': None,
    }
    if min(len(first), len(second)) < FEWEST_RUNS:
        return result
    interval = scipy.stats.bootstrap(
        (first, second),
        _earlier,
        n_resamples=RESAMPLES,
        batch=500,
        confidence_level=LEVEL,
        method='percentile',
        vectorized=True,
        rng=np.random.default_rng(seed),
    ).confidence_interval
    result['interval'] = [float(interval.low), float(interval.high)]
    result['ahead'] = bool(interval.low > 0.5)
    result['p_value'] = float(scipy.stats.mannwhitneyu(first, second).pvalue)
    return result


def _earlier(first: np.ndarray, second: np.ndarray, axis: int = -1) -> np.ndarray:
    """Returns P(first < second) + P(equal) / 2 over all pairs along the last axis, by the sum of ranks."""
    del axis
    n, m = first.shape[-1], second.shape[-1]
    ranks = scipy.stats.rankdata(np.concatenate([first, second], axis=-1), axis=-1)
    smaller_seconds = ranks[..., :n].sum(axis=-1) - n * (n + 1) / 2  # pairs in which `second` is the smaller
    return 1 - smaller_seconds / (n * m)
