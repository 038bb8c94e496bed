"""`nao train`: one architecture, trained to the end."""

from __future__ import annotations

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
    """Defines the flags of `nao train`."""
    define_config(values, arguments, 'training file, such as configs/cifar10_final.py')
    flags.DEFINE_string('workdir', None, 'directory of the training; the same one continues it', flag_values=values)
    flags.DEFINE_string(
        'data_dir', None, 'folder of tensorflow-datasets, or of a text (sets config.task.data_dir)', flag_values=values
    )
    flags.DEFINE_integer(
        'top_k',
        None,
        "train so many of a search's best cells and take the best (sets config.top_k)",
        flag_values=values,
    )
    flags.DEFINE_float('max_hours', None, 'stop after this time; the same command continues', flag_values=values)
    define_output(values)
    define_distribution(values)


def run(values: flags.FlagValues, rest: list[str]) -> None:
    """Train an architecture to the end, or continue to."""
    no_more(rest)
    example = 'configs/cifar10_final.py'
    config = config_of(values, 'train', 'training', example=example, fields=('task', 'child'))
    if 'architecture' not in config and 'weights' not in config:
        raise InputError(f'nao train: that config is not of a training; take one such as {example}')
    if values.workdir is None:
        raise InputError('nao train needs --workdir=DIR, such as --workdir=runs/cifar10_final')
    if values.data_dir is not None:
        config.task.data_dir = values.data_dir
    if values.top_k is not None:
        if 'top_k' not in config:
            raise InputError(
                f'--top_k={values.top_k} is for the best cells of a search on images; this config has none'
            )
        config.top_k = values.top_k
    console = terminal_of(values)
    from nao_tf.final.run import train

    train(config, values.workdir, max_hours=values.max_hours, distribution=distribution_of(values), console=console)
