"""Settings of searchers side by side on the development spaces: the runs, and the table of mean ranks."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import ml_collections
from rich.console import Console
from rich.table import Table

from nao_tf.benchmarks.comparison import table_of
from nao_tf.benchmarks.development import Scale, development_source
from nao_tf.benchmarks.grid import Arm, make_arms
from nao_tf.benchmarks.plan import searcher_part
from nao_tf.benchmarks.ranks import BUDGETS, Standing, rank_settings
from nao_tf.benchmarks.record import Record, read_record, record_path
from nao_tf.benchmarks.runner import make_runs
from nao_tf.benchmarks.worker import Desk, Job, Settings
from nao_tf.errors import InputError


@dataclasses.dataclass(frozen=True)
class Sweep:
    """What is compared on what.

    Args:
        config: of `default_benchmark_config`; its `searcher` and `seed` are what the settings start from.
        searchers: names.
        settings: JSON (`nao_tf.benchmarks.grid.make_arms`).
        instances: of development spaces.
        seeds: runs of each setting on each instance.
        budget: queries of a run.
        output: folder of the records.
    """

    config: ml_collections.ConfigDict
    searchers: Sequence[str]
    settings: str
    instances: Sequence[str]
    seeds: int
    budget: int
    output: Path

    def jobs(self, arm: Arm, instance: str) -> list[Job]:
        """Returns the runs of a setting on an instance; what they depend on is in the name of their folder."""
        config = arm.config.copy_and_resolve_references()
        config.budget = self.budget
        config.searcher.name = arm.searcher
        folder = self.output / instance.replace(':', '-') / arm.folder(budget=self.budget, seed=config.seed)
        source = development_source(instance)
        settings = Settings(str(folder), source, self.budget, config.outside, config.seed, searcher_part(config))
        return [Job(settings, arm.searcher, run) for run in range(self.seeds)]


def run_sweep(sweep: Sweep, *, workers: int, console: Console) -> dict[str, Standing]:
    """Makes the runs that have no record, ranks the settings, and prints the table.

    Args:
        sweep: what is compared on what.
        workers: processes; 0 for as many as there are cores.
        console: where progress and the table go.

    Returns:
        The standing of each setting by `Arm.name`; a searcher that cannot search an instance is left out of it.

    Raises:
        InputError: for a value that is wrong, before any run.
    """
    jobs, scales = plan_sweep(sweep, console)
    every = [runs[number] for arms in jobs.values() for number in range(sweep.seeds) for runs in arms.values()]
    missing = [job for job in every if record_of(job) is None]
    if missing:
        make_runs(missing, done=len(every) - len(missing), workers=workers, console=console)
    records = {
        instance: {name: [record for job in runs if (record := record_of(job))] for name, runs in arms.items()}
        for instance, arms in jobs.items()
    }
    standings = rank_settings(records, scales, budget=sweep.budget)
    console.print(ranks_table(standings, sweep))
    return standings


def record_of(job: Job) -> Record | None:
    """Returns the record of a run, None if there is none."""
    return read_record(record_path(Path(job.settings.output), job.searcher, job.run), job.searcher, job.run)


def plan_sweep(sweep: Sweep, console: Console) -> tuple[dict[str, dict[str, list[Job]]], dict[str, Scale]]:
    """Returns the runs by instance and setting, and the scale of each instance; every setting has been tried.

    Args:
        sweep: what is compared on what.
        console: where to say which searcher cannot search which instance.

    Raises:
        InputError: for a value that is wrong.
    """
    arms = make_arms(sweep.searchers, sweep.settings, sweep.config)
    jobs: dict[str, dict[str, list[Job]]] = {}
    scales = {}
    for instance in sweep.instances:
        problem = development_source(instance).open()
        if problem.listed and sweep.budget > len(problem.listed):
            raise InputError(f'budget is {sweep.budget}; development space {instance} has {len(problem.listed)} cells')
        scales[instance] = Scale.of(problem)
        desk = Desk.of(problem)
        jobs[instance] = {}
        left_out = set()
        for arm in arms:
            if arm.searcher in left_out:
                continue
            runs = sweep.jobs(arm, instance)
            try:
                desk.searcher(runs[0])
            except InputError as error:
                if not arm.default:
                    raise
                left_out.add(arm.searcher)
                console.print(f'{arm.searcher} is left out of {instance}: {error}', markup=False)
                continue
            jobs[instance][arm.name] = runs
    return {instance: runs for instance, runs in jobs.items() if runs}, scales


def ranks_table(standings: dict[str, Standing], sweep: Sweep) -> Table:
    """Returns the table of ranks, the best first."""
    spaces = list(dict.fromkeys(space for standing in standings.values() for space in standing.spaces))
    first = next(iter(standings), '')
    titles = ['setting', 'rank', 'lead', *spaces, 'area']
    titles += [f'at {budget}' for budget in BUDGETS if budget <= sweep.budget] + ['scored', 'ms']
    rows = [
        [
            name,
            f'{standing.rank:.2f}±{standing.error:.2f}',
            '-' if name == first else f'{standing.lead:+.2f}±{standing.lead_error:.2f}',
            *(f'{standing.spaces[space]:.2f}' if space in standing.spaces else '-' for space in spaces),
            f'{standing.area:.3f}',
            *(f'{value:.3f}' for value in standing.values),
            f'{standing.candidates:.1f}',
            f'{1000 * standing.seconds:.3g}',
        ]
        for name, standing in sorted(standings.items(), key=lambda item: item[1].rank)
    ]
    runs = f'{sweep.seeds} runs of {sweep.budget} queries on {", ".join(sweep.instances)}'
    return table_of(f'Mean rank of {len(rows)} settings, {runs}; lead over "{first}"', titles, rows)
