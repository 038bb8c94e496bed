"""`nao train`: one architecture, trained to the end."""

from __future__ import annotations

from absl import flags

from nao_tf.commands.flags import check_hours, config_of, define_config, define_distribution, distribution_of, no_more
from nao_tf.errors import InputError


def define(values: flags.FlagValues, arguments: list[str]) -> None:
    """Defines the flags of `nao train`."""
    define_config(values, arguments, 'training file, such as configs/ptb_final.py')
    flags.DEFINE_string('workdir', None, 'directory of the training; the same one continues it', flag_values=values)
    flags.DEFINE_string('data_dir', None, 'folder of the text (sets config.task.data_dir)', flag_values=values)
    flags.DEFINE_float('max_hours', None, 'stop after this time; the same command continues', flag_values=values)
    define_distribution(values)


def run(values: flags.FlagValues, rest: list[str]) -> None:
    """Train a recurrent cell on text, or continue to."""
    no_more(rest)
    config = config_of(values, 'train', 'training', example='configs/ptb_final.py', fields=('architecture',))
    if values.workdir is None:
        raise InputError('nao train needs --workdir=DIR, such as --workdir=runs/ptb_final')
    if values.data_dir is not None:
        config.task.data_dir = values.data_dir
    check_hours(values.max_hours)
    from nao_tf.search.train import train_cell

    train_cell(config, values.workdir, max_hours=values.max_hours, distribution=distribution_of(values))
