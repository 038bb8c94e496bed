"""`nao status`: how far a search or a training is."""

from __future__ import annotations

from absl import flags

from nao_tf.commands.flags import define_output, no_more, terminal_of
from nao_tf.errors import InputError


def define(values: flags.FlagValues, arguments: list[str]) -> None:
    """Defines the flags of `nao status`."""
    del arguments
    flags.DEFINE_string('workdir', None, 'directory of a search or a training', flag_values=values)
    define_output(values)


def run(values: flags.FlagValues, rest: list[str]) -> None:
    """Say how far a search or a training is."""
    no_more(rest)
    if values.workdir is None:
        raise InputError('nao status needs --workdir=DIR')
    from nao_tf.files import as_path
    from nao_tf.search.status import print_status

    print_status(as_path(values.workdir), terminal_of(values))
