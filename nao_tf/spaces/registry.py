"""Search spaces by name, and a person's own space from a file of theirs.

How to add a space
------------------
For yourself, without touching the package: write a file that makes a space and calls it `SPACE` (or a function
`space()` that returns it), and name the file wherever a space is asked for (`--config.space.module=my_space.py`)::

    from nao_tf.spaces.conv_cell import ConvCellSpace

    SPACE = ConvCellSpace('my_cells', operations=('identity', 'conv 3x3', 'sep_conv 3x3'), nodes=4)

An operation that the package does not know is registered in the same file, before the space is used; the space then
writes it like any other (`kind` or `kind size`)::

    from nao_tf.networks.operations import register_operation

    register_operation('blur', make_blur)  # a function of its place that returns blocks

A space that is no pair of cells subclasses `nao_tf.spaces.base.SearchSpace`.

For the package: one file in `nao_tf/spaces/` with the class, one line in `BUILT_IN` below, tests in `tests/spaces/`;
the property tests of `tests/spaces/test_every_space.py` run over every name of `BUILT_IN` by themselves.
"""

from __future__ import annotations

import functools
import importlib.util
import sys
import traceback
import zlib
from collections.abc import Callable
from pathlib import Path

from nao_tf.errors import InputError
from nao_tf.spaces.base import SearchSpace
from nao_tf.spaces.conv_cell import ConvCellSpace
from nao_tf.spaces.growing_cell import GrowingCellSpace
from nao_tf.spaces.nasbench101 import NASBench101Space
from nao_tf.spaces.nasbench201 import NASBench201Space
from nao_tf.spaces.operations import ENAS_OPERATIONS, NAO_OPERATIONS, PNAS_OPERATIONS, WIDE_OPERATIONS
from nao_tf.spaces.recurrent_cell import RecurrentCellSpace
from nao_tf.trust import trust

BUILT_IN: dict[str, Callable[[str], SearchSpace]] = {
    'nao_cnn': lambda name: ConvCellSpace(name, NAO_OPERATIONS),
    'nao_cnn_op': lambda name: ConvCellSpace(name, NAO_OPERATIONS, tokens_per_operation=1),
    'enas_cnn': lambda name: ConvCellSpace(name, ENAS_OPERATIONS, tokens_per_operation=1),
    'nao_cnn_wide': lambda name: ConvCellSpace(name, WIDE_OPERATIONS),
    'pnas_cnn': lambda name: GrowingCellSpace(name, PNAS_OPERATIONS),
    'nao_rnn': lambda name: RecurrentCellSpace(name),
    'nasbench201': lambda name: NASBench201Space(name),
    'nasbench101': lambda name: NASBench101Space(name),
}


def get_space(name: str, module: str = '') -> SearchSpace:
    """Returns a space by its name; a person's file is run, and trusted from then on (`nao_tf.trust`).

    Args:
        name: a name of `BUILT_IN`, or the name of the space in `module` (may be empty then).
        module: path of a Python file of the person's own with a `SPACE` or a function `space()`; empty for none.

    Returns:
        The space; the same object for the same arguments.

    Raises:
        InputError: if there is no such space, or the file is missing, fails, or holds no space of that name.
    """
    if module:
        space = _load(Path(module).expanduser().resolve())
        if name and name != space.name:
            raise InputError(f'{module} holds the space {space.name!r}, not {name!r}')
        return space
    if name not in BUILT_IN:
        raise InputError(
            f'there is no space {name!r}; there are {", ".join(BUILT_IN)}, and your own by --config.space.module=FILE'
        )
    return _built_in(name)


@functools.cache
def _built_in(name: str) -> SearchSpace:
    """Returns the one object of a built-in space."""
    return BUILT_IN[name](name)


@functools.cache
def _load(path: Path) -> SearchSpace:
    """Runs a person's file once and returns its space."""
    if not path.is_file():
        raise InputError(f'the space file {path} does not exist')
    module_name = f'nao_tf_space_{path.stem}_{zlib.crc32(str(path).encode()):08x}'
    spec = importlib.util.spec_from_file_location(module_name, path)
    if spec is None or spec.loader is None:
        raise InputError(f'the space file {path} is not a Python file (its name should end in .py)')
    trust(path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[module_name] = module
    try:
        spec.loader.exec_module(module)
        space = module.SPACE if hasattr(module, 'SPACE') else getattr(module, 'space', lambda: None)()
    except (Exception, SystemExit) as error:
        del sys.modules[module_name]
        what = ' '.join(f'{type(error).__name__}: {error}'.split())
        raise InputError(f'the space file {path}{_line(error, path)} fails: {what}') from error
    if not isinstance(space, SearchSpace):
        raise InputError(
            f'the space file {path} holds no space: it should set SPACE, or define space(), to a SearchSpace '
            f'such as ConvCellSpace(name, operations), not {space!r}'
        )
    if space.name in BUILT_IN:
        raise InputError(f'the space file {path} calls its space {space.name!r}, which is a name of the package')
    return space


def _line(error: BaseException, path: Path) -> str:
    """Returns `, line n,` of the last line of a file that an error passed through, '' if it did not."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
    return f', line {lines[-1]},' if lines else ''
