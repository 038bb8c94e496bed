"""Published cells by their names."""

from __future__ import annotations

import functools

from nao_tf.errors import InputError
from nao_tf.spaces.published import NAMED, NamedCell


def named_cell(name: str) -> NamedCell:
    """Returns a published cell by its name; case, `-` and `_` do not matter.

    Raises:
        InputError: if there is no such cell; the error lists those that there are.
    """
    cells = _by_key()
    if _key(name) not in cells:
        raise InputError(f'there is no named cell {name!r}; there are {", ".join(names())}')
    return cells[_key(name)]


def is_named(name: str) -> bool:
    """Returns whether `named_cell` knows the name."""
    return _key(name) in _by_key()


def names() -> tuple[str, ...]:
    """Returns the names of all named cells, convolutional ones first."""
    return tuple(cell.name for cell in NAMED)


def _key(name: str) -> str:
    return name.strip().casefold().replace('_', '-')


@functools.cache
def _by_key() -> dict[str, NamedCell]:
    return {_key(cell.name): cell for cell in NAMED}
