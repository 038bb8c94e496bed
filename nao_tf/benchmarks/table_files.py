"""Files of tables: the package's own compact format, and two .npz layouts of benchmarks that are read directly.

The format: an .npz (a zip of NumPy arrays, no pickle) of `tokens`, `column/NAME`, `seeds/NAME` and `metadata`, JSON as
bytes: format, version, space, rows, canonical, columns, seeds, source and the SHA-256 of the content.
"""

from __future__ import annotations

import hashlib
import json
import pickle
import struct
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from nao_tf.errors import InputError
from nao_tf.files import local_file, written_whole
from nao_tf.spaces.module_graph import from_matrix
from nao_tf.spaces.nasbench101 import NASBench101Space
from nao_tf.spaces.nasbench201 import NASBench201Space

FORMAT, VERSION = 'nao_tf table', 1
MOST_BYTES = 4 << 30  # of the arrays of a table: a small file can hold more than any memory
# What a damaged file can raise while it is read.
DAMAGES = (
    *(OSError, EOFError, ValueError, KeyError, NotImplementedError, MemoryError),
    *(zipfile.BadZipFile, zlib.error, struct.error, pickle.PickleError),
)


class Content(NamedTuple):
    """What a file of a table holds.

    Attributes:
        space: name of the space of its cells.
        tokens: uint8 or uint16 [rows, T].
        columns: float arrays [rows] by name, NaN where a row has no value.
        seeds: float arrays [rows, seeds] by the name of the column that is their mean, NaN where there are fewer.
        canonical: whether the tokens are canonical forms already.
        source: where the figures come from, for a person.
    """

    space: str
    tokens: np.ndarray
    columns: Mapping[str, np.ndarray]
    seeds: Mapping[str, np.ndarray]
    canonical: bool = False
    source: str = ''


def checksum(content: Content) -> str:
    """Returns the SHA-256 of everything in a table that has a meaning: 64 hexadecimal digits."""
    digest = hashlib.sha256(f'{content.space}/{content.canonical}/{content.source}'.encode())
    arrays = {'tokens': content.tokens, **{f'column/{name}': array for name, array in content.columns.items()}}
    arrays |= {f'seeds/{name}': array for name, array in content.seeds.items()}
    for name, array in arrays.items():
        little = np.ascontiguousarray(array, array.dtype.newbyteorder('<'))
        digest.update(f'/{name}/{little.dtype.str}/{little.shape}/'.encode())
        digest.update(little.tobytes())  # dates, which are no figures, have no buffer
    return digest.hexdigest()


def write(path: Path, content: Content) -> None:
    """Writes a table whole or not at all; the same content gives the same bytes.

    Args:
        path: of the .npz file.
        content: what it will hold.
    """
    metadata = {
        'format': FORMAT,
        'version': VERSION,
        'space': content.space,
        'rows': len(content.tokens),
        'canonical': content.canonical,
        'columns': list(content.columns),
        'seeds': list(content.seeds),
        'source': content.source,
        'sha256': checksum(content),
    }
    arrays = {
        'metadata': np.frombuffer(json.dumps(metadata, indent=1).encode(), np.uint8),
        'tokens': content.tokens,
        **{f'column/{name}': array for name, array in content.columns.items()},
        **{f'seeds/{name}': array for name, array in content.seeds.items()},
    }
    with written_whole(path) as partial, open(partial, 'wb') as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)


def read(path: Path) -> Content:
    """Reads a table: the package's own format, or a benchmark's layout that is known.

    Args:
        path: of the file.

    Raises:
        InputError: if it is missing, damaged, incomplete, or something else.
    """
    if not path.is_file():
        raise InputError(f'there is no table {path}')
    with local_file(path) as here:
        if not zipfile.is_zipfile(here):
            raise InputError(f'{path} is no table, or was cut off: it is no whole .npz file; make it or copy it again')
        try:
            with np.load(here, allow_pickle=False) as file:
                _check_size(path, file)
                members = {name: file[name] for name in file.files}
        except DAMAGES as error:
            reason = ' '.join(str(error).split())[:200]
            raise InputError(f'{path} is damaged: {reason}; make it or copy it again') from None
    arrays = {name: array for name, array in members.items() if isinstance(array, np.ndarray)}  # others are bytes
    if 'metadata' in arrays:
        return _own(path, arrays)
    if {'adj', 'n_vertices', 'ops'} <= arrays.keys():
        return _nasbench101(path, arrays)
    if 'ops' in arrays and arrays['ops'].shape[1:] == (6,):
        return _nasbench201(path, arrays)
    raise InputError(
        f'{path} is no table: its arrays are {_names(arrays)}; a table has {FORMAT!r} metadata '
        '(docs/benchmarks.md, Tables), or is one of the two layouts that are read directly'
    )


def _check_size(path: Path, file: np.lib.npyio.NpzFile) -> None:
    """Refuses a small file that would take all memory."""
    size = sum(entry.file_size for entry in file.zip.infolist()) if file.zip is not None else 0
    if size > MOST_BYTES:
        raise InputError(f'{path} holds {size >> 20:,} MiB of arrays; a table has {MOST_BYTES >> 20:,} MiB at most')


def _own(path: Path, arrays: Mapping[str, np.ndarray]) -> Content:
    """Returns the content of the package's own format, checked."""
    try:
        metadata = json.loads(arrays['metadata'].tobytes())
    except (ValueError, RecursionError):
        metadata = None
    if not isinstance(metadata, dict) or metadata.get('format') != FORMAT:
        raise InputError(f'{path} is no table: its metadata does not say {FORMAT!r}')
    if metadata.get('version') != VERSION:
        raise InputError(f'{path} is of table version {metadata.get("version")!r}; this package reads {VERSION}')
    try:
        content = Content(
            str(metadata['space']),
            arrays['tokens'],
            {name: arrays[f'column/{name}'] for name in metadata['columns']},
            {name: arrays[f'seeds/{name}'] for name in metadata['seeds']},
            bool(metadata['canonical']),
            str(metadata['source']),
        )
        rows, stated = metadata['rows'], metadata['sha256']
    except (KeyError, TypeError) as error:
        raise InputError(f'{path} is damaged: it has no {" ".join(str(error).split())}') from None
    _same_rows(path, {'metadata': rows, **{name: _rows(array) for name, array in arrays.items() if name != 'metadata'}})
    found = checksum(content)
    if found != stated:
        raise InputError(
            f'{path} is damaged: the checksum of its content is {found[:12]}..., it states {str(stated)[:12]}...; '
            'make it or copy it again'
        )
    return content


def _nasbench201(path: Path, arrays: Mapping[str, np.ndarray]) -> Content:
    """Returns the content of `ops` [15625, 6] (0 to 4, rows in the benchmark's order) and columns."""
    space = NASBench201Space()
    _same_rows(path, {name: _rows(array) for name, array in arrays.items()})
    _integers(path, arrays, 'ops')
    tokens = arrays['ops'].astype(np.int64) + 1
    if tokens.min(initial=1) < 1 or tokens.max(initial=1) >= len(space.vocabulary):
        raise InputError(f'{path}: ops has values outside 0..{len(space.vocabulary) - 2}')
    different = len(np.unique(space.codes(tokens)))
    if len(tokens) != space.size or different != space.size:
        raise InputError(
            f'{path} holds {len(tokens):,} rows and {different:,} different cells; NAS-Bench-201 has {space.size:,}'
        )
    columns, seeds = _columns(arrays, {'ops', 'n_seeds'})
    return Content(space.name, tokens.astype(np.uint8), columns, seeds, source=path.name)


def _nasbench101(path: Path, arrays: Mapping[str, np.ndarray]) -> Content:
    """Returns the content of `adj` [N, 7, 7], `ops` [N, 5], `n_vertices` [N] (padded cells) and columns."""
    space = NASBench101Space()
    _same_rows(path, {name: _rows(array) for name, array in arrays.items()})
    _integers(path, arrays, 'adj', 'ops', 'n_vertices')
    matrices, operations, sizes = arrays['adj'], arrays['ops'], arrays['n_vertices']
    if matrices.shape[1:] != (7, 7) or operations.shape[1:] != (5,) or sizes.ndim != 1:
        raise InputError(
            f'{path}: adj, ops and n_vertices are [N, 7, 7], [N, 5] and [N], not {matrices.shape}, {operations.shape} '
            f'and {sizes.shape}'
        )
    tokens = np.zeros((len(matrices), space.length), np.uint8)
    for row, size in enumerate(sizes.tolist()):
        used = operations[row, : max(size - 2, 0)].tolist()
        graph = (
            from_matrix(matrices[row, :size, :size], tuple(used))
            if 2 <= size <= 7 and all(0 <= operation < 3 for operation in used)
            else None
        )
        if graph is None:
            raise InputError(f'{path}: row {row} is no cell of NAS-Bench-101')
        tokens[row] = space.from_graph(graph).tokens
    columns, seeds = _columns(arrays, {'adj', 'ops', 'n_vertices', 'hash', 'hash_rank'})
    return Content(space.name, tokens, columns, seeds, source=path.name)


def _columns(arrays: Mapping[str, np.ndarray], others: set[str]) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Returns the columns, and the columns by seed (`NAME_seeds`), of a known layout."""
    numbers = {name: array for name, array in arrays.items() if name not in others and array.dtype.kind in 'fiu'}
    columns = {name: array.astype(np.float64) for name, array in numbers.items() if array.ndim == 1}
    seeds = {
        name.removesuffix('_seeds'): array.astype(np.float64)
        for name, array in numbers.items()
        if array.ndim == 2 and name.removesuffix('_seeds') in columns
    }
    return columns, seeds


def _integers(path: Path, arrays: Mapping[str, np.ndarray], *names: str) -> None:
    """Checks that arrays are of integers (or truth values, as adjacency may be)."""
    for name in names:
        if arrays[name].dtype.kind not in 'iub':
            raise InputError(f'{path}: {name} is of integers, not of {arrays[name].dtype}')


def _rows(array: np.ndarray) -> int:
    """Returns the number of rows of an array, 0 for a scalar."""
    return array.shape[0] if array.ndim else 0


def _same_rows(path: Path, rows: Mapping[str, Any]) -> None:
    """Checks that all arrays have the same number of rows."""
    first = next(iter(rows.values()))
    if any(count != first for count in rows.values()):
        text = ', '.join(f'{name} {count}' for name, count in rows.items())
        raise InputError(f'{path} is damaged: its rows are not equally many: {text[:300]}')


def _names(arrays: Mapping[str, np.ndarray]) -> str:
    """Returns the first names of a file's arrays as text."""
    return ', '.join(sorted(arrays)[:8]) + (', ...' if len(arrays) > 8 else '') or 'none'
