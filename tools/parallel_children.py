"""How much sooner are the children of the quickstart trained by two workers than by one?

    python tools/parallel_children.py                                          # the whole quickstart, three times
    python tools/parallel_children.py --executors=ray:1,ray:2 --initial=8 --per_round=2   # a short form

Runs `nao search --config=configs/digits.py` with one thread per child, in turn by each executor and in a fresh work
directory, and prints the wall time in which children ran (`seconds.children` of summary.json, the start of the
workers' processes included) and its ratio to that of one Ray worker. Every run has to find the same scores.
"""

import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from absl import app, flags
from rich.console import Console
from rich.table import Table

FLAGS = flags.FLAGS
flags.DEFINE_list('executors', ['in_process:1', 'ray:1', 'ray:2'], 'executor:workers, separated by commas')
flags.DEFINE_integer('repeats', 1, 'runs of each')
flags.DEFINE_integer('initial', None, "random cells; by default the quickstart's")
flags.DEFINE_integer('per_round', None, "cells of a round; by default the quickstart's")


def run(executor: str, workdir: Path) -> dict[str, Any]:
    """Returns the summary of one search, and its scores in the order of the trials."""
    name, workers = executor.split(':')
    sizes = {'initial': FLAGS.initial, 'per_round': FLAGS.per_round, 'seeds': FLAGS.per_round}
    subprocess.run(
        [
            sys.executable, '-m', 'nao_tf.cli', 'search', '--config=configs/digits.py', '--config.threads=1',
            f'--executor={name}', f'--workers={workers}', f'--workdir={workdir}',
            *(f'--config.searcher.{field}={size}' for field, size in sizes.items() if size is not None),
        ],
        check=True, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    summary = json.loads((workdir / 'summary.json').read_text())
    events = map(json.loads, (workdir / 'trials.jsonl').read_text().splitlines())
    ends = {event['trial']: event.get('score') for event in events if event['event'] in ('finished', 'failed')}
    return {**summary, 'scores': [ends[trial] for trial in sorted(ends)]}


def main(arguments: Sequence[str]) -> None:
    """Runs the searches and prints the table."""
    if len(arguments) > 1:
        raise app.UsageError(f'unexpected argument {arguments[1]!r}')
    seconds: dict[str, list[float]] = {executor: [] for executor in FLAGS.executors}
    scores = []
    with tempfile.TemporaryDirectory() as folder:
        for repeat in range(FLAGS.repeats):
            for executor in FLAGS.executors:
                summary = run(executor, Path(folder) / f'{executor.replace(":", "_")}_{repeat}')
                seconds[executor].append(summary['seconds']['children'])
                scores.append(summary['scores'])
                print(f'{executor}: {len(summary["scores"])} children in {seconds[executor][-1]:.1f} s', flush=True)
    table = Table(title='Wall time in which children ran, one thread each')
    for name in ('executor', 'median s', 'of ray:1'):
        table.add_column(name)
    one = statistics.median(seconds['ray:1']) if 'ray:1' in seconds else float('nan')
    for executor, times in seconds.items():
        table.add_row(executor, f'{statistics.median(times):.1f}', f'{statistics.median(times) / one:.2f}')
    Console(highlight=False).print(table)
    print('all runs have the same scores' if all(row == scores[0] for row in scores) else 'THE SCORES DIFFER')


if __name__ == '__main__':
    app.run(main)
