"""Searchers side by side: the tables on the terminal, and comparison.json."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from nao_tf.benchmarks.protocol import CANDIDATES
from nao_tf.benchmarks.statistics import probability_earlier
from nao_tf.search.progress import figure

MODES = {
    'generate': 'searchers that make their proposals themselves',
    'enumerate': 'searchers that rank every cell of the table',
}
QUOTED = 50  # runs that a figure needs to be quoted


def compare(summaries: Mapping[str, Mapping[str, Any]], reference: str, *, seed: int) -> list[dict[str, Any]]:
    """Returns for each other searcher how probable it is that the reference hits earlier.

    Args:
        summaries: of all searchers, by name.
        reference: one of them, or ''.
        seed: of the bootstrap.
    """
    if reference not in summaries:
        return []
    times = {
        name: np.array([summary['budget'] + 1 if time is None else time for time in summary['queries_to_optimum']])
        for name, summary in summaries.items()
    }
    return [
        {
            'reference': reference,
            'reference_mode': summaries[reference]['mode'],
            'rival': name,
            'rival_mode': summary['mode'],
            **probability_earlier(times[reference], times[name], seed=seed),
        }
        for name, summary in summaries.items()
        if name != reference
    ]


def print_comparison(
    summaries: Mapping[str, Mapping[str, Any]],
    comparisons: Sequence[Mapping[str, Any]],
    *,
    protocol: str,
    digits: int,
    console: Console,
) -> None:
    """Prints the tables of each mode, and what compares across the modes below them.

    Args:
        summaries: of all searchers, by name.
        comparisons: of `compare`.
        protocol: in one line.
        digits: of test values.
        console: where to print.
    """
    console.print(protocol, markup=False)
    for mode, meaning in MODES.items():
        rows = {name: summary for name, summary in summaries.items() if summary['mode'] == mode}
        if rows:
            console.print(queries_table(rows, comparisons, f'Mode {mode} ({meaning}): queries until the optimum'))
            title = f'Mode {mode}: test value of the best-validation cell after so many queries, mean ± sd'
            console.print(report_table(rows, digits, title))
            console.print(costs_table(rows, f'Mode {mode}: means of a run, and the origin of its queries'))
    for item in comparisons:
        if item['reference_mode'] != item['rival_mode']:
            console.print(
                f'across the modes: {item["reference"]} ({item["reference_mode"]}) hits earlier than {item["rival"]} '
                f'({item["rival_mode"]}) with probability {probability(item)}',
                markup=False,
            )
    few = min(summary['runs'] for summary in summaries.values())
    if few < QUOTED:
        console.print(f'{few} runs of a searcher: a figure that is quoted needs at least {QUOTED}', markup=False)
    for name, summary in summaries.items():
        if summary['mode'] == 'generate' and summary['candidates_per_query'] > CANDIDATES:
            console.print(
                f'{name} scored {summary["candidates_per_query"]:.1f} candidates for each query; the mode generate '
                f'allows {CANDIDATES}: its row does not count',
                markup=False,
            )


def queries_table(
    summaries: Mapping[str, Mapping[str, Any]], comparisons: Sequence[Mapping[str, Any]], title: str
) -> Table:
    """Returns the table of queries until the optimum, one row a searcher, all of one mode."""
    leads = {item['rival']: item for item in comparisons if item['reference_mode'] == item['rival_mode']}
    names = ['searcher', 'runs', 'mean', 'median', 'IQR', 'hit rate', 'raw strings', 'ms a query']
    names += [f'{comparisons[0]["reference"]} earlier'] if leads else []
    rows = []
    for name, summary in summaries.items():
        cells = [name, str(summary['runs']), mean(summary), f'{summary["median_queries_to_optimum"]:.0f}']
        cells += ['{:.0f}-{:.0f}'.format(*summary['iqr_queries_to_optimum']), f'{summary["hit_rate"]:.2f}']
        cells += [mean(summary['raw_strings']), f'{1000 * summary["seconds_per_query"]:.3g}']
        rows.append([*cells, *([probability(leads[name]) if name in leads else '-'] if leads else [])])
    return table_of(title, names, rows)


def costs_table(summaries: Mapping[str, Mapping[str, Any]], title: str) -> Table:
    """Returns the table of what a run costs and where its queries come from, one row a searcher."""
    names = ['searcher', 'duplicates', 'outside', 'scored a query', 'queries came from']
    rows = [
        [
            name,
            f'{summary["duplicates"]:.0f}',
            f'{summary["outside"]:.0f}',
            f'{summary["candidates_per_query"]:.1f}',
            ', '.join(f'{share:.0%} {origin}' for origin, share in summary['origins'].items()),
        ]
        for name, summary in summaries.items()
    ]
    return table_of(title, names, rows)


def report_table(summaries: Mapping[str, Mapping[str, Any]], digits: int, title: str) -> Table:
    """Returns the table of test values at several numbers of queries, one row a searcher."""
    first = next(iter(summaries.values()))
    names = ['searcher', *(str(row['budget']) for row in first['test_at_budget'])]
    rows = [
        [
            name,
            *(f'{figure(row["mean"], digits)} ± {figure(row["sd"], digits)}' for row in summary['test_at_budget']),
        ]
        for name, summary in summaries.items()
    ]
    return table_of(title, names, rows)


def table_of(title: str, names: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    """Returns a table whose first column is to the left and whose figures are to the right."""
    table = Table(title=title, title_justify='left')
    for name in names:
        table.add_column(name, justify='left' if name in (names[0], 'queries came from') else 'right')
    for row in rows:
        table.add_row(*row)
    return table


def mean(summary: Mapping[str, Any]) -> str:
    """Returns the mean number of queries, as a lower bound where runs missed."""
    bound = '>= ' if summary['mean_is_lower_bound'] else ''
    return f'{bound}{summary["mean_queries_to_optimum"]:.1f}'


def probability(item: Mapping[str, Any]) -> str:
    """Returns a probability with its interval, and a mark where it excludes one half."""
    if item['interval'] is None:
        return f'{item["probability"]:.2f} (too few runs)'
    low, high = item['interval']
    mark = ' ahead' if low > 0.5 else ' behind' if high < 0.5 else ''
    return f'{item["probability"]:.2f} ({low:.2f}-{high:.2f}){mark}'
