"""The command line, a thin shell over the package: `nao search`, `nao report`, ... (`COMMANDS`).

Exit codes: 0 done, 2 bad usage or bad input (one line, no traceback), 143 stopped by SIGTERM, 1 anything else.
"""

from __future__ import annotations

import contextlib
import difflib
import re
import signal
import sys
import threading
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import NoReturn

from absl import flags

from nao_tf.commands import benchmark, describe, export, predict, report, search, status, train, trust
from nao_tf.errors import InputError
from nao_tf.quiet import quiet_import
from nao_tf.store import SCHEME

COMMANDS: dict[str, ModuleType] = {
    'search': search,
    'train': train,
    'status': status,
    'report': report,
    'export': export,
    'predict': predict,
    'describe': describe,
    'benchmark': benchmark,
    'trust': trust,
}


class Terminated(KeyboardInterrupt):
    """SIGTERM, the first that a machine says that is about to be taken away; everything stops as at Ctrl-C."""


@contextlib.contextmanager
def terminated_in_order() -> Iterator[None]:
    """Makes SIGTERM raise `Terminated`, as Ctrl-C raises KeyboardInterrupt; only the main thread can."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    terminated = threading.Event()

    def stop(number: int, frame: object) -> NoReturn:
        terminated.set()
        raise Terminated

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    except KeyboardInterrupt:
        if terminated.is_set():  # Ray raises one of its own in its place
            raise Terminated from None
        raise
    finally:
        signal.signal(signal.SIGTERM, before)


def load_tensorflow() -> None:
    """Imports TensorFlow without the banners that its libraries write; they are shown if the import fails."""
    with quiet_import():
        import tensorflow  # noqa: F401


def usage() -> str:
    """Returns the list of commands."""
    lines = [f'  nao {name:<9} {(command.run.__doc__ or "").strip()}' for name, command in COMMANDS.items()]
    return '\n'.join(['usage: nao COMMAND --flag=value ...', *lines, 'nao COMMAND --help lists the flags of one.'])


def parse(name: str, arguments: list[str]) -> tuple[flags.FlagValues, list[str]]:
    """Returns the flags of a command and the arguments that are not flags.

    Args:
        name: of the command.
        arguments: after it.

    Raises:
        InputError: for a flag or a config field that does not exist or has a wrong value.
    """
    if '--config' in arguments[:-1]:
        place = arguments.index('--config')
        arguments = [*arguments[:place], f'--config={arguments[place + 1]}', *arguments[place + 2 :]]
    file = next((argument.split('=', 1)[1] for argument in arguments if argument.startswith('--config=')), None)
    if file is not None and not Path(file).is_file():
        raise InputError(f'there is no config file {file}')
    values = flags.FlagValues()
    COMMANDS[name].define(values, arguments)
    flags.DEFINE_bool('help', False, 'list the flags', flag_values=values, short_name='h')
    try:
        rest = values([name, *arguments])[1:]
        loaded = values.config if 'config' in values else None
        if isinstance(loaded, dict):
            raise InputError(f'{file}: get_config returns a dict; it has to be a ConfigDict, such as default_config()')
        if loaded is not None:
            loaded.is_locked  # noqa: B018 - a file that failed to load raises its own error at the first use
    except InputError:
        raise
    except flags.Error as error:
        raise InputError(' '.join(str(error).split())) from None
    except Exception as error:
        raise InputError(config_error(error, name, arguments)) from None
    return values, rest


def config_error(error: Exception, command: str, arguments: list[str]) -> str:
    """Returns one line for an error that a config file, or a --config flag, of a command raised."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if '/configs/' in frame.filename]
    file = next((argument.split('=', 1)[1] for argument in arguments if argument.startswith('--config=')), '')
    own = [frame for frame in traceback.extract_tb(error.__traceback__) if file and frame.filename.endswith(file)]
    where = f'{own[-1].filename}:{own[-1].lineno}: ' if own else f'{frames[-1].filename}: ' if frames else ''
    if not where and isinstance(error, SyntaxError | ValueError | OSError) and file not in str(error):
        where = f'{file}: '
    text = ' '.join(str(error).split())
    if own and (unknown := re.search(r'Key \W*"(\w+)\W*" does not exist', text)):
        meant = re.search(r'Did you mean \W*(\w+)', text)
        return f'{where}there is no config field {unknown[1]!r}' + (f'; did you mean {meant[1]}?' if meant else '')
    if isinstance(error, AttributeError | KeyError) and not own:
        from nao_tf.benchmarks.config import default_benchmark_config
        from nao_tf.final import config as train_config
        from nao_tf.search.config import default_config, default_text_config, flatten
        from nao_tf.search.sharing.config import default_sharing_config, default_text_sharing_config

        starts = {
            'benchmark': (default_benchmark_config,),
            'train': (
                train_config.default_train_config,
                train_config.default_image_train_config,
                train_config.default_finetune_config,
            ),
        }.get(command, (default_config, default_text_config, default_sharing_config, default_text_sharing_config))
        names = list(dict.fromkeys(name for start in starts for name in flatten(start())))
        given = [argument[9:].split('=')[0] for argument in arguments if argument.startswith('--config.')]
        wrong = next((name for name in given if name not in names), None)
        if wrong is not None:
            near = difflib.get_close_matches(wrong, names, 1)
            return f'there is no config field {wrong!r}' + (f'; did you mean {near[0]}?' if near else '')
        other = next((name for name in given if name.split('.')[-1] in text), None)
        if other is not None:
            return f'{file} has no config field {other!r}'
    return f'{where}{text or type(error).__name__}'


def main(argv: list[str]) -> int:
    """Runs one command.

    Args:
        argv: the program's name, the command, its flags.

    Returns:
        The exit code.
    """
    if len(argv) < 2 or argv[1] in ('-h', '--help', 'help'):
        print(usage())
        return 0 if len(argv) > 1 else 2
    name = argv[1]
    if name not in COMMANDS:
        print(f'nao: there is no command {name!r}; there are {", ".join(COMMANDS)}', file=sys.stderr)
        return 2
    try:
        with terminated_in_order():
            if name != 'status' and '--help' not in argv:
                load_tensorflow()
            values, rest = parse(name, argv[2:])
            if values.help:
                print(f'nao {name}: {(COMMANDS[name].run.__doc__ or "").strip()}\n{values.get_help()}')
                return 0
            COMMANDS[name].run(values, rest)
    except InputError as error:
        print(f'nao {name}: {error}', file=sys.stderr)
        return 2
    except Terminated:
        return 128 + signal.SIGTERM
    except KeyboardInterrupt:
        return 1
    except Exception as error:
        if isinstance(error, OSError) and str(error.filename).startswith(SCHEME):
            print(f'nao {name}: {error.filename}: {error.strerror}', file=sys.stderr)
            return 2
        traceback.print_exc()
        return 1
    return 0


def run() -> NoReturn:
    """Entry point of the `nao` program."""
    sys.exit(main(sys.argv))


if __name__ == '__main__':
    run()
