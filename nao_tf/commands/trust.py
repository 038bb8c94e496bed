"""`nao trust`: lets commands run a Python file that a work directory names."""

from __future__ import annotations

from pathlib import Path

from absl import flags

from nao_tf.errors import InputError


def define(values: flags.FlagValues, arguments: list[str]) -> None:
    """Defines the flags of `nao trust`: none."""
    del values, arguments


def run(values: flags.FlagValues, rest: list[str]) -> None:
    """Let commands run a Python file that a work directory of others names."""
    del values
    if not rest:
        raise InputError('nao trust needs the Python file that a work directory names, a space or operations')
    from nao_tf.trust import remember

    for file in rest:
        try:
            note = remember(Path(file).expanduser())
        except OSError as error:
            raise InputError(f'nao trust: {error.filename or file}: {error.strerror}') from None
        print(f'{file} may be run as it is now; to take that back: rm {note}')
