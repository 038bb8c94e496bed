"""`nao benchmark`: searchers on a table."""

from __future__ import annotations

from absl import flags

from nao_tf.commands.flags import config_of, define_config, define_output, no_more, terminal_of
from nao_tf.errors import InputError


def define(values: flags.FlagValues, arguments: list[str]) -> None:
    """Defines the flags of `nao benchmark`."""
    define_config(values, arguments, 'benchmark file, such as configs/nasbench201.py')
    flags.DEFINE_string('table', None, 'file of the table (sets config.table.path)', flag_values=values)
    flags.DEFINE_list('searchers', None, 'names, separated by commas (sets config.searchers)', flag_values=values)
    flags.DEFINE_integer('seeds', None, 'runs of each searcher (sets config.seeds)', flag_values=values)
    flags.DEFINE_integer('budget', None, 'queries of a run (sets config.budget)', flag_values=values)
    flags.DEFINE_string('output', None, 'folder of the records; the same one continues them', flag_values=values)
    define_output(values)


def run(values: flags.FlagValues, rest: list[str]) -> None:
    """Compare searchers on a table under one protocol, or continue to."""
    no_more(rest)
    config = config_of(values, 'benchmark', 'benchmark', example='configs/nasbench201.py', fields=('report_at',))
    if values.output is None:
        raise InputError('nao benchmark needs --output=DIR, such as --output=runs/nasbench201')
    if values.table is not None:
        config.table.path = values.table
    if values.searchers is not None:
        config.searchers = tuple(values.searchers)
    for name in ('seeds', 'budget'):
        if values[name].value is not None:
            config[name] = values[name].value
    from nao_tf.benchmarks.benchmark import run_benchmark

    run_benchmark(config, values.output, console=terminal_of(values))
