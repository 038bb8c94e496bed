"""`nao benchmark`: searchers on a table under one protocol."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import ml_collections
from rich.console import Console

from nao_tf.benchmarks.comparison import compare, print_comparison
from nao_tf.benchmarks.output import open_output
from nao_tf.benchmarks.plan import Plan, make_plan
from nao_tf.benchmarks.plots import draw_hitting_times, draw_regret
from nao_tf.benchmarks.record import Record, read_record, record_path
from nao_tf.benchmarks.runner import make_runs
from nao_tf.benchmarks.statistics import summarise_runs
from nao_tf.benchmarks.worker import Job
from nao_tf.files import as_path, write_text
from nao_tf.search.terminal import Terminal, as_terminal
from nao_tf.search.workdir import SUMMARY, cannot_write

COMPARISON, REGRET, HITTING = 'comparison.json', 'regret.png', 'hitting_times.png'


def run_benchmark(
    config: ml_collections.ConfigDict, output: str | Path, *, console: Console | None = None
) -> dict[str, dict[str, Any]]:
    """Runs or continues a benchmark; one that is complete is summarised again.

    Args:
        config: of `nao_tf.benchmarks.config.default_benchmark_config`.
        output: folder of the records, made if it does not exist.
        console: where progress and tables go; the standard output by default.

    Returns:
        The summary of each searcher, by name (docs/benchmarks.md has the schema).

    Raises:
        InputError: for a value that is wrong, before any run; or if the disk fails.
    """
    console = as_terminal(console)
    plan = make_plan(config, str(output))
    try:
        with open_output(as_path(output), plan.identity, plan.searcher_settings, plan.defaults) as folder:
            missing = [
                Job(settings, name, run)
                for run in range(plan.runs)
                for name, settings in plan.settings.items()
                if read_record(record_path(folder, name, run), name, run) is None
            ]
            total = plan.runs * len(plan.settings)
            if missing:
                if len(missing) < total:
                    console.print(
                        f'continuing {folder}: {total - len(missing)} of {total} runs are there', markup=False
                    )
                try:
                    make_runs(missing, done=total - len(missing), workers=plan.workers, console=console)
                except KeyboardInterrupt:
                    console.notice(f'interrupted; the same command continues the benchmark in {folder}')
                    raise
            return report(plan, folder, console)
    except OSError as error:
        raise cannot_write(error, output) from error


def report(plan: Plan, folder: Path, console: Terminal) -> dict[str, dict[str, Any]]:
    """Reads all records, writes the summaries, the comparison and the plots, and prints the tables.

    Args:
        plan: whose runs all have records.
        folder: of the records.
        console: where to print.

    Returns:
        The summary of each searcher, by name.
    """
    settings, cells = next(iter(plan.settings.values())), plan.cells
    records: dict[str, list[Record]] = {}
    for name in plan.settings:
        read = [read_record(record_path(folder, name, run), name, run) for run in range(plan.runs)]
        records[name] = [record for record in read if record is not None]
    summaries = {
        name: {
            'space': cells.space.name,
            'valid': settings.source.valid,
            'test': settings.source.test,
            **summarise_runs(runs, optimum=cells.optimum, budget=settings.budget, budgets=plan.report_at),
        }
        for name, runs in records.items()
    }
    comparisons = compare(summaries, plan.reference, seed=settings.seed)
    for name, summary in summaries.items():
        write_text(folder / name / SUMMARY, json.dumps(summary, indent=1, allow_nan=False))
    comparison = {'protocol': plan.describe(), 'pairs': comparisons}
    write_text(folder / COMPARISON, json.dumps(comparison, indent=1, allow_nan=False))
    columns = f'signal {settings.source.valid}, report {settings.source.test}'
    title = f'{cells.space.name}, {columns}, {plan.runs} runs a searcher'
    draw_regret(records, cells, folder / REGRET, title=title)
    draw_hitting_times(records, cells, folder / HITTING, budget=settings.budget, title=title)
    console.results(searchers=summaries, pairs=comparisons)
    print_comparison(
        summaries,
        comparisons,
        protocol=plan.describe(),
        digits=2 if cells.best_test > 1 else 4,  # percentages or fractions
        console=console,
    )
    console.print(f'summaries: {folder}/*/{SUMMARY}  plots: {folder / REGRET}, {folder / HITTING}', markup=False)
    return summaries
