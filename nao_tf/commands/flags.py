"""What the flags of several commands have in common."""

from __future__ import annotations

from absl import flags
from ml_collections import ConfigDict, config_flags

from nao_tf.errors import InputError


def define_config(values: flags.FlagValues, arguments: list[str], what: str) -> None:
    """Defines `--config` and `--config.FIELD`.

    Args:
        values: gets the flag.
        arguments: of the command line, in which fields are looked for.
        what: the file is, for `--help`.
    """
    config_flags.DEFINE_config_file(
        'config',
        None,
        f'{what}; --config.FIELD=VALUE sets one of its fields',
        flag_values=values,
        sys_argv=['nao', *arguments],
    )


def config_of(
    values: flags.FlagValues, command: str, kind: str, *, example: str, fields: tuple[str, ...]
) -> ConfigDict:
    """Returns the config that was given.

    Args:
        values: the flags.
        command: its name.
        kind: what its configs are of.
        example: path of a config of its kind.
        fields: that every config of its kind has.

    Raises:
        InputError: if there is none, or it is of another kind.
    """
    if values.config is None:
        raise InputError(f'nao {command} needs --config=FILE, such as --config={example}')
    if any(field not in values.config for field in fields):
        raise InputError(f'nao {command}: that config is not of a {kind}; take one such as {example}')
    return values.config


def no_more(rest: list[str]) -> None:
    """Raises an InputError if there are arguments that no flag takes."""
    if rest:
        raise InputError(f'unexpected argument {rest[0]!r}; flags are written --name=value')


def check_hours(hours: float | None) -> None:
    """Raises an InputError if `--max_hours` is given and not above 0."""
    if hours is not None and not hours > 0:
        raise InputError(f'--max_hours is {hours}; it must be above 0')
