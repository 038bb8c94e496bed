"""What the flags of several commands have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

from absl import flags
from ml_collections import ConfigDict, config_flags

from nao_tf.errors import InputError
from nao_tf.training.distribution import STRATEGIES, Distribution

if TYPE_CHECKING:
    from nao_tf.search.terminal import Terminal


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


def define_distribution(values: flags.FlagValues) -> None:
    """Defines the flags that say which devices train one network together (docs/scaling.md)."""
    flags.DEFINE_enum(
        'distribution_strategy',
        'off',
        list(STRATEGIES),
        'the devices that train one network together',
        flag_values=values,
    )
    flags.DEFINE_string('tpu', '', 'local, grpc://HOST:PORT, or the name of a Cloud TPU', flag_values=values)
    flags.DEFINE_integer(
        'num_gpus', None, 'GPUs of this machine to use; 0 takes the processors, none given all', flag_values=values
    )
    flags.DEFINE_integer('steps_per_loop', 0, 'training steps of one call from Python; 0 chooses', flag_values=values)


def distribution_of(values: flags.FlagValues) -> Distribution:
    """Returns what the flags say.

    Raises:
        InputError: if they do not fit each other.
    """
    return Distribution(values.distribution_strategy, values.tpu, values.num_gpus, values.steps_per_loop)


def define_output(values: flags.FlagValues) -> None:
    """Defines the flags that say what a command prints."""
    flags.DEFINE_bool(
        'json', False, 'print one JSON object a line and nothing else (docs/summary.md)', flag_values=values
    )
    flags.DEFINE_bool('quiet', False, 'print warnings and the results alone', flag_values=values)


def terminal_of(values: flags.FlagValues) -> Terminal:
    """Returns what the flags of `define_output` say.

    Raises:
        InputError: if they contradict each other.
    """
    from nao_tf.search.terminal import JSON, PLAIN, QUIET, Terminal

    if values['json'].value and values.quiet:
        raise InputError('--json and --quiet: give one of them')
    return Terminal(JSON if values['json'].value else QUIET if values.quiet else PLAIN)


def no_more(rest: list[str]) -> None:
    """Raises an InputError if there are arguments that no flag takes."""
    if rest:
        raise InputError(f'unexpected argument {rest[0]!r}; flags are written --name=value')
