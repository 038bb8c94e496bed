"""The command line: `nao search | train | status | predict | describe | benchmark`, a thin shell over the package.

Exit codes: 0 done, 2 bad usage or bad input (one line, no traceback), 1 anything else.
"""

from __future__ import annotations

import difflib
import gc
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from absl import flags
from ml_collections import config_flags

from nao_tf.errors import InputError
from nao_tf.quiet import quiet_import

Command = Callable[[flags.FlagValues, list[str]], None]


def search_flags(values: flags.FlagValues, arguments: list[str]) -> None:
    """Defines the flags of `nao search`."""
    config_flags.DEFINE_config_file(
        'config', None, 'experiment file, such as configs/digits.py; --config.FIELD=VALUE sets one of its fields',
        flag_values=values, sys_argv=['nao', *arguments],
    )  # fmt: skip
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


def search_command(values: flags.FlagValues, rest: list[str]) -> None:
    """Search for an architecture, or continue a search."""
    no_more(rest)
    config = values.config
    if config is None:
        raise InputError('nao search needs --config=FILE, such as --config=configs/digits.py')
    if values.workdir is None and not values.dry_run:
        raise InputError('nao search needs --workdir=DIR, such as --workdir=runs/digits')
    if 'child' not in config or 'searcher' not in config:
        raise InputError('nao search: that config is not of a search; take one such as configs/digits.py')
    if values.data_dir is not None:
        config.task.data_dir = values.data_dir
    if values.baseline is not None:
        config.baseline = values.baseline
    if values.max_hours is not None and not values.max_hours > 0:
        raise InputError(f'--max_hours is {values.max_hours}; it must be above 0')
    from nao_tf.search.execution import Execution
    from nao_tf.search.run import run_search

    execution = Execution(values.executor, values.workers, values.ray_address)
    # What is alive now stays alive: the collections between children need not look at it again.
    gc.collect()
    gc.freeze()
    run_search(config, values.workdir or '', max_hours=values.max_hours, dry_run=values.dry_run, execution=execution)


def train_flags(values: flags.FlagValues, arguments: list[str]) -> None:
    """Defines the flags of `nao train`."""
    config_flags.DEFINE_config_file(
        'config', None, 'training file, such as configs/ptb_final.py; --config.FIELD=VALUE sets one of its fields',
        flag_values=values, sys_argv=['nao', *arguments],
    )  # fmt: skip
    flags.DEFINE_string('workdir', None, 'directory of the training; the same one continues it', flag_values=values)
    flags.DEFINE_string('data_dir', None, 'folder of the text (sets config.task.data_dir)', flag_values=values)
    flags.DEFINE_float('max_hours', None, 'stop after this time; the same command continues', flag_values=values)


def train_command(values: flags.FlagValues, rest: list[str]) -> None:
    """Train a recurrent cell on text, or continue to."""
    no_more(rest)
    config = values.config
    if config is None:
        raise InputError('nao train needs --config=FILE, such as --config=configs/ptb_final.py')
    if values.workdir is None:
        raise InputError('nao train needs --workdir=DIR, such as --workdir=runs/ptb_final')
    if 'architecture' not in config:
        raise InputError('nao train: that config is not of a training; take one such as configs/ptb_final.py')
    if values.data_dir is not None:
        config.task.data_dir = values.data_dir
    if values.max_hours is not None and not values.max_hours > 0:
        raise InputError(f'--max_hours is {values.max_hours}; it must be above 0')
    from nao_tf.search.train import train_cell

    train_cell(config, values.workdir, max_hours=values.max_hours)


def status_flags(values: flags.FlagValues, arguments: list[str]) -> None:
    """Defines the flags of `nao status`."""
    del arguments
    flags.DEFINE_string('workdir', None, 'directory of a search', flag_values=values)


def status_command(values: flags.FlagValues, rest: list[str]) -> None:
    """Say how far a search is."""
    no_more(rest)
    if values.workdir is None:
        raise InputError('nao status needs --workdir=DIR')
    from nao_tf.search.status import print_status

    print_status(Path(values.workdir))


def predict_flags(values: flags.FlagValues, arguments: list[str]) -> None:
    """Defines the flags of `nao predict`."""
    del arguments
    flags.DEFINE_string('model', None, 'a .keras file that a search or a training left', flag_values=values)
    flags.DEFINE_list('images', [], 'image files or folders, separated by commas; more may follow', flag_values=values)


def predict_command(values: flags.FlagValues, rest: list[str]) -> None:
    """Name the class of images."""
    if values.model is None or not (values.images or rest):
        raise InputError('nao predict needs --model=FILE and --images=FILE,...')
    from nao_tf.evaluators.predict import print_predictions

    print_predictions(Path(values.model), [Path(image) for image in [*values.images, *rest]])


def describe_flags(values: flags.FlagValues, arguments: list[str]) -> None:
    """Defines the flags of `nao describe`."""
    del arguments
    flags.DEFINE_string('architecture', None, 'a name (NAONet_A), tokens, or a file', flag_values=values)
    flags.DEFINE_string('space', None, 'space of the tokens, where they do not tell it', flag_values=values)
    flags.DEFINE_string('module', '', 'a Python file of yours that defines the space or operations', flag_values=values)
    flags.DEFINE_integer('cells_per_stage', 6, 'N, normal cells in a stage', flag_values=values)
    flags.DEFINE_integer('filters', 36, 'F, filters of the first stage', flag_values=values)
    flags.DEFINE_list('image_shape', ['32', '32', '3'], 'height, width, channels', flag_values=values)
    flags.DEFINE_integer('classes', 10, 'classes', flag_values=values)
    flags.DEFINE_string('stem', 'cifar', 'cifar or imagenet', flag_values=values)


def describe_command(values: flags.FlagValues, rest: list[str]) -> None:
    """Draw a cell and count its network's parameters and FLOPs."""
    no_more(rest)
    if values.architecture is None:
        raise InputError('nao describe needs --architecture=NAME | TOKENS | FILE')
    from nao_tf.networks.describe import print_description

    try:
        shape = tuple(int(side) for side in values.image_shape)
    except ValueError:
        raise InputError(f'--image_shape is {",".join(values.image_shape)}; it is three integers, as 32,32,3') from None
    print_description(
        values.architecture,
        space=values.space,
        module=values.module,
        config={
            'image_shape': shape,
            **{name: values[name].value for name in ('cells_per_stage', 'filters', 'classes', 'stem')},
        },
    )


def benchmark_flags(values: flags.FlagValues, arguments: list[str]) -> None:
    """Defines the flags of `nao benchmark`."""
    config_flags.DEFINE_config_file(
        'config', None, 'benchmark file, such as configs/nasbench201.py; --config.FIELD=VALUE sets one of its fields',
        flag_values=values, sys_argv=['nao', *arguments],
    )  # fmt: skip
    flags.DEFINE_string('table', None, 'file of the table (sets config.table.path)', flag_values=values)
    flags.DEFINE_list('searchers', None, 'names, separated by commas (sets config.searchers)', flag_values=values)
    flags.DEFINE_integer('seeds', None, 'runs of each searcher (sets config.seeds)', flag_values=values)
    flags.DEFINE_integer('budget', None, 'queries of a run (sets config.budget)', flag_values=values)
    flags.DEFINE_string('output', None, 'folder of the records; the same one continues them', flag_values=values)


def benchmark_command(values: flags.FlagValues, rest: list[str]) -> None:
    """Compare searchers on a table under one protocol, or continue to."""
    no_more(rest)
    config = values.config
    if config is None:
        raise InputError('nao benchmark needs --config=FILE, such as --config=configs/nasbench201.py')
    if values.output is None:
        raise InputError('nao benchmark needs --output=DIR, such as --output=runs/nasbench201')
    if 'report_at' not in config:
        raise InputError('nao benchmark: that config is not of a benchmark; take one such as configs/nasbench201.py')
    if values.table is not None:
        config.table.path = values.table
    if values.searchers is not None:
        config.searchers = tuple(values.searchers)
    for name in ('seeds', 'budget'):
        if values[name].value is not None:
            config[name] = values[name].value
    from nao_tf.benchmarks.benchmark import run_benchmark

    run_benchmark(config, values.output)


COMMANDS: dict[str, tuple[Callable[[flags.FlagValues, list[str]], None], Command]] = {
    'search': (search_flags, search_command),
    'train': (train_flags, train_command),
    'status': (status_flags, status_command),
    'predict': (predict_flags, predict_command),
    'describe': (describe_flags, describe_command),
    'benchmark': (benchmark_flags, benchmark_command),
}


def no_more(rest: list[str]) -> None:
    """Raises an InputError if there are arguments that no flag takes."""
    if rest:
        raise InputError(f'unexpected argument {rest[0]!r}; flags are written --name=value')


def load_tensorflow() -> None:
    """Imports TensorFlow without the banners that its libraries write; they are shown if the import fails."""
    with quiet_import():
        import tensorflow  # noqa: F401


def usage() -> str:
    """Returns the list of commands."""
    lines = [f'  nao {name:<9} {(command.__doc__ or "").strip()}' for name, (_, command) in COMMANDS.items()]
    return '\n'.join(['usage: nao COMMAND --flag=value ...', *lines, 'nao COMMAND --help lists the flags of one.'])


def parse(name: str, arguments: list[str]) -> tuple[flags.FlagValues, list[str]]:
    """Returns the flags of a command and the arguments that are not flags.

    Args:
        name: of the command.
        arguments: after it.

    Raises:
        InputError: for a flag or a config field that does not exist or has a wrong value.
    """
    file = next((argument.split('=', 1)[1] for argument in arguments if argument.startswith('--config=')), None)
    if file is not None and not Path(file).is_file():
        raise InputError(f'there is no config file {file}')
    values = flags.FlagValues()
    COMMANDS[name][0](values, arguments)
    flags.DEFINE_bool('help', False, 'list the flags', flag_values=values, short_name='h')
    try:
        rest = values([name, *arguments])[1:]
        loaded = values.config if 'config' in values else None
        if loaded is not None:
            loaded.is_locked  # noqa: B018 - a file that failed to load raises its own error at the first use
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
    text = ' '.join(str(error).split())
    if isinstance(error, AttributeError | KeyError) and not own:
        from nao_tf.benchmarks.config import default_benchmark_config
        from nao_tf.search.config import default_config, default_text_config, default_train_config, flatten

        names = list(flatten(default_benchmark_config() if command == 'benchmark' else default_config()))
        if command != 'benchmark':
            names += [*flatten(default_text_config()), *flatten(default_train_config())]
        given = [argument[9:].split('=')[0] for argument in arguments if argument.startswith('--config.')]
        wrong = next((name for name in given if name not in names), None)
        if wrong is not None:
            near = difflib.get_close_matches(wrong, names, 1)
            return f'there is no config field {wrong!r}' + (f'; did you mean {near[0]}?' if near else '')
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
        if name != 'status' and '--help' not in argv:
            load_tensorflow()
        values, rest = parse(name, argv[2:])
        if values.help:
            print(f'nao {name}: {(COMMANDS[name][1].__doc__ or "").strip()}\n{values.get_help()}')
            return 0
        COMMANDS[name][1](values, rest)
    except InputError as error:
        print(f'nao {name}: {error}', file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 1
    except Exception:
        traceback.print_exc()
        return 1
    return 0


def run() -> Any:
    """Entry point of the `nao` program."""
    sys.exit(main(sys.argv))


if __name__ == '__main__':
    run()
