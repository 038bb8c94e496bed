"""From a config to a benchmark, every value checked before the first run."""

from __future__ import annotations

import dataclasses
import hashlib
import math
from typing import Any

import ml_collections

import nao_tf
from nao_tf.benchmarks.config import default_benchmark_config
from nao_tf.benchmarks.problem import Cells, TableSource
from nao_tf.benchmarks.protocol import VERSION
from nao_tf.benchmarks.table import Table
from nao_tf.benchmarks.variants import searcher_config
from nao_tf.benchmarks.worker import Desk, Job, Settings
from nao_tf.errors import InputError
from nao_tf.quiet import quiet_import
from nao_tf.search.config import flatten
from nao_tf.searchers.registry import SEARCHERS, searcher_class
from nao_tf.spaces.registry import get_space

# Fields of `searcher` that a benchmark does not read: it names its searchers and ends their runs itself.
NOT_READ = ('name', 'rounds')


@dataclasses.dataclass(frozen=True)
class Plan:
    """What is to be run.

    Args:
        settings: what the runs of each searcher depend on, by name.
        cells: of the table.
        runs: of each searcher.
        report_at: queries after which the test value is reported.
        reference: the searcher whose lead is computed, '' if it is not among them.
        workers: processes; 0 for as many as there are cores.
        identity: what makes the protocol this one; an output folder has one only.
        searcher_settings: what each searcher's runs depend on beside it, by name.
        defaults: what may be missing in an older folder, and its value there.
    """

    settings: dict[str, Settings]
    cells: Cells
    runs: int
    report_at: tuple[int, ...]
    reference: str
    workers: int
    identity: dict[str, Any]
    searcher_settings: dict[str, dict[str, Any]]
    defaults: dict[str, Any]

    def describe(self) -> str:
        """Returns the protocol in one line, to be printed beside every figure."""
        settings, cells = next(iter(self.settings.values())), self.cells
        sample = ', a sample of its space' if cells.sample else ''
        return (
            f'{cells.space.name}: {len(cells.rows):,} classes{sample}; signal {settings.source.valid} '
            f'(best {cells.optimum:.6g}), report {settings.source.test} (best {cells.best_test:.6g}); '
            f'a query is one look-up of one class; {settings.budget} queries a run, a miss counts as '
            f'{settings.budget + 1}'
        )


def make_plan(config: ml_collections.ConfigDict, output: str) -> Plan:
    """Returns the benchmark that a config describes.

    Args:
        config: of `default_benchmark_config`.
        output: folder of the records.

    Raises:
        InputError: for a value that is wrong, or a searcher that cannot search the space, before any run.
    """
    check_numbers(config)
    names = tuple(config.searchers)
    configs = {name: searcher_config(name, config) for name in names}
    for name in names:
        with quiet_import():
            searcher_class(configs[name].searcher.name)
        if names.count(name) > 1:
            raise InputError(f'searchers names {name!r} twice')
    if not names:
        raise InputError('searchers is empty; name at least one, such as --searchers=nao,random')
    cells = read_cells(config)
    if config.budget > len(cells.rows):
        raise InputError(
            f'budget is {config.budget:,}; {config.table.path} has {len(cells.rows):,} classes of space '
            f'{cells.space.name}, and a class is queried once: give --budget={len(cells.rows)} at the most'
        )
    source = TableSource(
        valid=config.table.valid,
        test=config.table.test,
        path=config.table.path,
        space=config.space.name,
        module=config.space.module,
    )
    goal = cells.optimum if config.stop_at_optimum else math.inf
    settings = {
        name: Settings(str(output), source, config.budget, config.outside, config.seed, searcher_part(own), goal)
        for name, own in configs.items()
    }
    desk = Desk.of(cells)
    for name in names:
        desk.searcher(Job(settings[name], name, 0))
    return Plan(
        settings=settings,
        cells=cells,
        runs=config.seeds,
        report_at=tuple(config.report_at),
        reference=config.reference if config.reference in names else '',
        workers=config.workers,
        identity=identify(config, cells),
        searcher_settings={name: settings_of(name, own) for name, own in configs.items()},
        defaults={
            'stop_at_optimum': False,
            **{f'searcher.{name}': value for name, value in flatten(default_benchmark_config().searcher).items()},
        },
    )


def searcher_part(config: ml_collections.ConfigDict) -> dict[str, Any]:
    """Returns the `searcher` part of a config with as many rounds as the budget lasts for.

    Searchers that want to know how much there will be read it from the rounds of a search.
    """
    searcher = config.searcher.to_dict()
    searcher['rounds'] = max(math.ceil((config.budget - searcher['initial']) / max(searcher['per_round'], 1)), 0)
    return searcher


def check_numbers(config: ml_collections.ConfigDict) -> None:
    """Raises an InputError for a number that is out of range."""
    for field, least in (('seed', 0), ('seeds', 1), ('budget', 1), ('outside', 0), ('workers', 0)):
        if config[field] < least:
            raise InputError(f'{field} is {config[field]}; it must be at least {least}')
    wrong = [value for value in config.report_at if not isinstance(value, int) or value < 1]
    if wrong:
        raise InputError(f'report_at has {wrong[0]!r}; it is a list of numbers of queries, at least 1 each')


def read_cells(config: ml_collections.ConfigDict) -> Cells:
    """Returns the cells of the config's table, its space and columns checked."""
    path = config.table.path
    if not path:
        raise InputError('nao benchmark needs --table=FILE, a table that a program of tools/ wrote')
    space = get_space(config.space.name, module=config.space.module)
    table = Table.open(path, space=space if config.space.module else None)
    if table.space.name != space.name:
        raise InputError(
            f"{path} is a table of space {table.space.name!r}; the config's space.name is {space.name!r}: give a "
            f'table of that space, or --config.space.name={table.space.name}'
        )
    for role in ('valid', 'test'):
        name = config.table[role]
        if name not in table.columns:
            raise InputError(
                f'table.{role} is {name!r}, which {path} does not have; its columns are {", ".join(table.columns)}'
            )
    return Cells.of_table(table, valid=config.table.valid, test=config.table.test)


def identify(config: ml_collections.ConfigDict, cells: Cells) -> dict[str, Any]:
    """Returns what makes a protocol this one and no other."""
    digest = hashlib.sha256()
    for architecture in sorted(cells.rows):
        row = cells.rows[architecture]
        digest.update(str(architecture).encode() + cells.valid[row].tobytes() + cells.test[row].tobytes())
    return {
        'protocol': VERSION,
        'version': nao_tf.__version__,
        'seed': config.seed,
        'budget': config.budget,
        'outside': config.outside,
        'stop_at_optimum': config.stop_at_optimum,
        'space': cells.space.name,
        'table': digest.hexdigest()[:16],
        'table.valid': config.table.valid,
        'table.test': config.table.test,
    }


def settings_of(name: str, config: ml_collections.ConfigDict) -> dict[str, Any]:
    """Returns what the runs of a searcher or variant depend on: the fields that it may read, and those of no other."""
    searcher = config.searcher.name
    others = tuple(f'{other}.' for other in SEARCHERS if other != searcher)
    own = {} if name == searcher else {'of': searcher}
    return own | {
        f'searcher.{field}': value
        for field, value in flatten(config.searcher).items()
        if not field.startswith(others) and field not in NOT_READ
    }
