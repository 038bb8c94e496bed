"""`nao status`: how far a search is."""

from __future__ import annotations

from absl import flags

from nao_tf.commands.flags import no_more
from nao_tf.errors import InputError


def define(values: flags.FlagValues, arguments: list[str]) -> None:
    """Defines the flags of `nao status`."""
    del arguments
    flags.DEFINE_string('workdir', None, 'directory of a search', flag_values=values)


def run(values: flags.FlagValues, rest: list[str]) -> None:
    """Say how far a search is."""
    no_more(rest)
    if values.workdir is None:
        raise InputError('nao status needs --workdir=DIR')
    from nao_tf.files import as_path
    from nao_tf.search.status import print_status

    print_status(as_path(values.workdir))
