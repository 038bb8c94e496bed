"""Tables: every architecture of a space, or a sample of them, with figures that somebody measured."""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping, Sequence

import numpy as np

from nao_tf.benchmarks import table_files
from nao_tf.benchmarks.table_files import Content
from nao_tf.errors import InputError
from nao_tf.files import as_path
from nao_tf.spaces.architecture import Architecture
from nao_tf.spaces.base import SearchSpace
from nao_tf.spaces.registry import get_space


class Table:
    """Architectures by row, and columns of figures.

    Several rows may be one architecture (isomorphic cells that were trained each for itself); what is looked up is the
    class's row of lowest index, one real training.

    Args:
        content: tokens and columns, equally long.
        space: of the cells; by default the built-in space of that name.
        path: for errors.

    Raises:
        InputError: if a row is no architecture of the space.
    """

    def __init__(self, content: Content, *, space: SearchSpace | None = None, path: str = 'the table'):
        self.path = path
        self.space = get_space(content.space) if space is None else space
        if self.space.name != content.space:
            raise InputError(f'{path} is a table of space {content.space!r}, not {self.space.name!r}')
        self._content = content
        self._check()

    @classmethod
    def open(cls, path: str | os.PathLike, *, space: SearchSpace | None = None) -> Table:
        """Reads a table from a file: the package's format, or a layout that is read directly (docs/benchmarks.md).

        Args:
            path: of the .npz file.
            space: of the table where it is none of the built-in ones.

        Raises:
            InputError: if the file is missing, damaged, no table, or of another space.
        """
        return cls(table_files.read(as_path(path)), space=space, path=str(path))

    @classmethod
    def of(
        cls,
        space: SearchSpace,
        architectures: Sequence[Architecture],
        columns: Mapping[str, np.ndarray],
        *,
        seeds: Mapping[str, np.ndarray] | None = None,
        source: str = '',
        canonical: bool | None = None,
    ) -> Table:
        """Returns a table of architectures in memory; `save` writes it.

        Args:
            space: of the architectures.
            architectures: one a row.
            columns: figures by name, [rows] each; float32 stays float32, all else becomes float64.
            seeds: figures of single trainings by the name of their column, [rows, seeds] each.
            source: where the figures come from, for a person.
            canonical: whether all architectures are canonical forms; None finds it out.

        Raises:
            InputError: if the numbers of rows differ, or an architecture is not of the space.
        """
        dtype = np.uint8 if len(space.vocabulary) <= 256 else np.uint16
        tokens = np.array([architecture.tokens for architecture in architectures], dtype).reshape(-1, space.length)
        figures = {name: _floats(array) for name, array in columns.items()}
        by_seed = {name: _floats(array) for name, array in (seeds or {}).items()}
        for name, array in (*figures.items(), *by_seed.items()):
            if len(array) != len(tokens):
                raise InputError(f'column {name} has {len(array)} rows; there are {len(tokens)} architectures')
        if canonical is None:
            canonical = all(space.canonical(architecture) == architecture for architecture in architectures)
        return cls(Content(space.name, tokens, figures, by_seed, canonical, source), space=space)

    def save(self, path: str | os.PathLike) -> None:
        """Writes the table in the package's format, whole or not at all.

        Args:
            path: of the .npz file.
        """
        table_files.write(as_path(path), self._content)

    def __len__(self) -> int:
        return len(self._content.tokens)

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns."""
        return tuple(self._content.columns)

    @property
    def source(self) -> str:
        """Where the figures come from."""
        return self._content.source

    @property
    def checksum(self) -> str:
        """SHA-256 of the content, 64 hexadecimal digits."""
        return table_files.checksum(self._content)

    def column(self, name: str) -> np.ndarray:
        """Returns a column: float64 [rows], NaN where a row has no value or an infinite one.

        Args:
            name: one of `columns`.

        Raises:
            InputError: if there is no such column.
        """
        if name not in self._content.columns:
            raise InputError(f'{self.path} has no column {name!r}; its columns are {", ".join(self.columns)}')
        values = self._content.columns[name].astype(np.float64)
        return np.where(np.isfinite(values), values, np.nan)

    def seeds(self, name: str) -> np.ndarray | None:
        """Returns the single trainings behind a column: float64 [rows, seeds], NaN where there were fewer.

        Args:
            name: one of `columns`.

        Returns:
            None if the table has the column only.

        Raises:
            InputError: if there is no such column.
        """
        self.column(name)
        return self._content.seeds[name].astype(np.float64) if name in self._content.seeds else None

    def architecture(self, row: int) -> Architecture:
        """Returns the architecture of a row as it stands there, canonical or not."""
        return Architecture(self.space.name, tuple(self._content.tokens[row].tolist()))

    @functools.cached_property
    def _lowest(self) -> dict[Architecture, int]:
        """Row of lowest index of every canonical architecture, in the order of the rows."""
        result: dict[Architecture, int] = {}
        for row, tokens in enumerate(self._content.tokens.tolist()):
            architecture = Architecture(self.space.name, tuple(tokens))
            result.setdefault(architecture if self._content.canonical else self.space.canonical(architecture), row)
        return result

    @functools.cached_property
    def classes(self) -> list[Architecture]:
        """Canonical architectures in the order of their rows, each once."""
        return list(self._lowest)

    @functools.cached_property
    def class_rows(self) -> np.ndarray:
        """Row of lowest index of each of `classes`: int [classes]."""
        return np.fromiter(self._lowest.values(), int, len(self._lowest))

    def lookup(self, architecture: Architecture) -> int | None:
        """Returns the row of an architecture's class that has the lowest index.

        Args:
            architecture: canonical or not.

        Returns:
            None if the table does not have it.
        """
        row = self._lowest.get(architecture)
        return self._lowest.get(self.space.canonical(architecture)) if row is None else row

    def best(self, column: str) -> int:
        """Returns the row with the highest value of a column among the rows that can be looked up.

        Args:
            column: one of `columns`.

        Raises:
            InputError: if there is no such column, or no row has a value.
        """
        values = self.column(column)[self.class_rows]
        if np.isnan(values).all():
            raise InputError(f'{self.path}: no row has a value in column {column!r}')
        return int(self.class_rows[np.nanargmax(values)])

    def _check(self) -> None:
        """Checks the shape of the tokens and follows the masks with all rows at once."""
        tokens, space = self._content.tokens, self.space
        if tokens.dtype.kind != 'u' or tokens.shape[1:] != (space.length,):
            raise InputError(
                f'{self.path}: tokens are [rows, {space.length}] unsigned integers in space {space.name}, '
                f'not {tokens.shape} {tokens.dtype}'
            )
        for what, shape, arrays in (
            ('column', '[rows]', self._content.columns),
            ('the seeds of column', '[rows, seeds]', self._content.seeds),
        ):
            for name, array in arrays.items():
                if array.dtype.kind != 'f' or array.ndim != shape.count(',') + 1:
                    raise InputError(
                        f'{self.path}: {what} {name} is floats {shape}, not {array.dtype} {list(array.shape)}'
                    )
        wrong = np.any(tokens >= len(space.vocabulary), 1)
        state = np.zeros(len(tokens), int)
        for position in range(space.length):
            token = np.where(wrong, 0, tokens[:, position])
            wrong |= ~space.valid[position, state, token]
            state = np.where(wrong, 0, space.next_state[state, token])
        if wrong.any():
            row = int(np.argmax(wrong))
            try:
                space.validate(self.architecture(row))
            except InputError as error:
                raise InputError(f'{self.path}, row {row}: {error}') from None


def _floats(array: np.ndarray) -> np.ndarray:
    """Returns an array of float32 as it is, any other as float64."""
    array = np.asarray(array)
    return array if array.dtype == np.float32 else array.astype(np.float64)


def mean_of_seeds(figures: np.ndarray) -> np.ndarray:
    """Returns the means of single trainings: float64 [rows, seeds] to [rows], NaN where there was none."""
    counts = np.sum(~np.isnan(figures), 1)
    return np.where(counts > 0, np.nansum(figures, 1) / np.maximum(counts, 1), np.nan)
