"""`nao search`: a search, from its config to its result."""

from __future__ import annotations

import gc

from absl import flags

from nao_tf.commands.flags import (
    config_of,
    define_config,
    define_distribution,
    define_output,
    distribution_of,
    no_more,
    terminal_of,
)
from nao_tf.errors import InputError


def define(values: flags.FlagValues, arguments: list[str]) -> None:
    """Defines the flags of `nao search`."""
    define_config(values, arguments, 'experiment file, such as configs/digits.py')
    flags.DEFINE_string('workdir', None, 'directory of the search; the same one continues it', flag_values=values)
    flags.DEFINE_string(
        'data_dir', None, 'folder of tensorflow-datasets, or of a text (sets config.task.data_dir)', flag_values=values
    )
    flags.DEFINE_float('max_hours', None, 'stop after this time; the same command continues', flag_values=values)
    flags.DEFINE_bool('dry_run', False, 'say what would run and what it would take, and stop', flag_values=values)
    flags.DEFINE_enum(
        'baseline', None, ['random', 'none'], 'a random arm from the same start (sets config.baseline)',
        flag_values=values,
    )  # fmt: skip
    flags.DEFINE_enum(
        'executor', 'in_process', ['in_process', 'ray'], 'where children are trained (docs/scaling.md)',
        flag_values=values,
    )  # fmt: skip
    flags.DEFINE_integer('workers', 1, 'children that Ray trains at a time', flag_values=values)
    flags.DEFINE_string(
        'ray_address', '', 'host:port of a Ray cluster, or auto; none starts Ray on this machine', flag_values=values
    )
    flags.DEFINE_bool(
        'tensorboard', False, 'write WORKDIR/tensorboard while it runs (docs/report.md)', flag_values=values
    )
    define_output(values)
    define_distribution(values)


def run(values: flags.FlagValues, rest: list[str]) -> None:
    """Search for an architecture, or continue a search."""
    no_more(rest)
    config = config_of(values, 'search', 'search', example='configs/digits.py', fields=('child', 'searcher'))
    if values.workdir is None and not values.dry_run:
        raise InputError('nao search needs --workdir=DIR, such as --workdir=runs/digits')
    if values.data_dir is not None:
        config.task.data_dir = values.data_dir
    if values.baseline is not None:
        config.baseline = values.baseline
    console = terminal_of(values)
    from nao_tf.search.execution import Execution
    from nao_tf.search.run import run_search

    execution = Execution(values.executor, values.workers, values.ray_address, distribution_of(values))
    watcher = None
    if values.tensorboard:
        from nao_tf.reports.tensorboard import TensorBoard

        watcher = TensorBoard(seed=config.seed)
    # What is alive now stays alive: the collections between children need not look at it again.
    gc.collect()
    gc.freeze()
    run_search(
        config,
        values.workdir or '',
        max_hours=values.max_hours,
        dry_run=values.dry_run,
        console=console,
        execution=execution,
        watcher=watcher,
    )
