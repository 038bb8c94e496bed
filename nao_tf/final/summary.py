"""What a final training ends with: a table of what was trained, and where it lies."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.markup import escape
from rich.table import Table

from nao_tf.search.progress import figure
from nao_tf.search.terminal import Terminal
from nao_tf.search.workdir import MODEL, SUMMARY


def print_training(summary: Mapping[str, Any], origin: str, folder: Path, console: Terminal) -> None:
    """Prints the end of a training: each candidate with its figures, the winner with those of the test.

    Args:
        summary: as `summary.json` holds it (docs/train.md).
        origin: where the architecture comes from, unless the candidates say it.
        folder: the work directory.
        console: where to print.
    """
    metric, digits = summary['metric'], 2 if summary['metric'] == 'perplexity' else 4
    console.results(**summary)
    winner = {
        'origin': summary.get('origin', origin),
        'metrics': summary['validation'],
        **{name: summary[name] for name in ('epoch', 'parameters', 'multiply_adds', 'diverged') if name in summary},
    }
    rows = summary.get('candidates', [winner])
    counted = any('multiply_adds' in row for row in rows)
    table = Table(title='Final training', title_justify='left')
    names = ['architecture', 'epoch', f'validation {metric}', f'test {metric}', 'parameters', 'multiply-adds']
    for name in names if counted else names[:-1]:
        table.add_column(name, justify='left' if name == 'architecture' else 'right')
    for row in rows:
        test = summary['test'] if row['origin'] == winner['origin'] else None
        cells = [
            escape(row['origin']),
            '-' if row.get('failure') else str(row['epoch']),
            figure(row['metrics'].get(metric), digits),
            figure(None if test is None else test[metric], digits),
            *(f'{row[name]:,}' if name in row else '-' for name in ('parameters', 'multiply_adds')),
        ]
        table.add_row(*cells[: len(table.columns)])
    console.print(table)
    for row in rows:
        if row.get('failure'):
            console.print(f'{row["origin"]} failed: {row["failure"]}', markup=False)
        if row.get('diverged'):
            console.print(f'{row["origin"]}: {row["diverged"]}; its best epoch was taken', markup=False)
    if len(rows) > 1:
        console.print(f'the best is {winner["origin"]}\n{summary["description"]}', markup=False)
    console.print(f'model: {folder / MODEL}  summary: {folder / SUMMARY}', markup=False)
