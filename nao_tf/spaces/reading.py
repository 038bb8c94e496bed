"""An architecture as a person gives it to a command: the name of a published cell, a line of tokens, or a file."""

from __future__ import annotations

from typing import Any

from nao_tf.errors import InputError
from nao_tf.files import as_path
from nao_tf.spaces import named, writing
from nao_tf.spaces.architecture import Architecture
from nao_tf.spaces.base import SearchSpace
from nao_tf.spaces.cell_pair import CellPairSpace
from nao_tf.spaces.cells import CellPair, RecurrentCell
from nao_tf.spaces.genotype import from_genotype, is_genotype
from nao_tf.spaces.notation import parse_json
from nao_tf.spaces.recurrent_cell import RecurrentCellSpace
from nao_tf.spaces.registry import BUILT_IN, get_space

MAX_FILE_BYTES = 1 << 20  # a file that is longer is no architecture


def read_architecture(text: str, space: SearchSpace | None = None) -> Architecture:
    """Reads an architecture.

    Args:
        text: the name of a published cell (`named.names()`), or a line that `SearchSpace.parse` reads (token ids,
            vocabulary words, a released string, JSON), or a genotype as DARTS writes it, or the path of a file that
            holds one of these; its lines that begin with # are comments.
        space: the space to read it in; None finds the built-in space that can read it.

    Returns:
        A valid architecture of `space`, or of the space that was found.

    Raises:
        InputError: if it cannot be read, or can be read as different cells of several spaces.
    """
    content, place = _content(text)
    return _read(content, place, space)


def read_cells(text: str, space: SearchSpace | None = None) -> CellPair | RecurrentCell:
    """Reads cells, of a space or not: also published cells, and JSON files, that list their outputs.

    Args:
        text: as in `read_architecture`.
        space: as in `read_architecture`.

    Returns:
        The cells, ready to be built.

    Raises:
        InputError: if it cannot be read, or is an architecture of a space that has no cells.
    """
    content, place = _content(text)
    if space is None and named.is_named(content):
        return named.named_cell(content).cells
    if space is None and content.startswith('{'):
        value = _placed(place, parse_json, content)
        if isinstance(value, dict) and all(dag in value for dag in writing.DAGS):
            return _placed(place, writing.pair_from_json, value)
        if isinstance(value, dict) and 'nodes' in value and not {'space', 'tokens'} & set(value):
            return _placed(place, writing.recurrent_from_json, value)
    if space is None and is_genotype(content):
        return _placed(place, from_genotype, content)
    return cells_of(_read(content, place, space), space)


def cells_of(architecture: Architecture, space: SearchSpace | None = None) -> CellPair | RecurrentCell:
    """Returns the cells of an architecture.

    Args:
        architecture: of `space`.
        space: its space; None means the built-in space of its name.

    Raises:
        InputError: if its space has no cells.
    """
    space = space or get_space(architecture.space)
    space.validate(architecture)
    if isinstance(space, CellPairSpace):
        return space.cells(architecture)
    if isinstance(space, RecurrentCellSpace):
        return space.cell(architecture)
    raise InputError(f'an architecture of space {space.name} has no cells')


def _read(content: str, place: str, space: SearchSpace | None) -> Architecture:
    if named.is_named(content):
        cell = named.named_cell(content)
        return cell.architecture if space is None else _written(cell.cells, space, cell.name)
    if is_genotype(content):
        cells = _placed(place, from_genotype, content)
        if space is None:
            raise InputError('a genotype does not tell the space of its tokens; name the space')
        return _written(cells, space, place or 'the genotype')
    if space is None:
        return _placed(place, _find, content)
    return _placed(place, space.parse, content)


def _written(cells: CellPair | RecurrentCell, space: SearchSpace, name: str) -> Architecture:
    if isinstance(cells, CellPair) and isinstance(space, CellPairSpace):
        return space.from_cells(cells)
    if isinstance(cells, RecurrentCell) and isinstance(space, RecurrentCellSpace):
        return space.from_cell(cells)
    raise InputError(f'{name} is no architecture of space {space.name}')


def _content(text: str) -> tuple[str, str]:
    """Returns (what is to be parsed, the file it came from or '')."""
    text = text.strip()
    if not text:
        raise InputError('an empty text is no architecture')
    if named.is_named(text) or text.startswith(('{', '|')) or '\n' in text or is_genotype(text):
        return text, ''
    path = as_path(text)
    try:
        is_file = path.is_file()
    except OSError:  # a line of tokens can be too long for a file name
        is_file = False
    if not is_file:
        if len(text.split()) > 1:
            return text, ''
        raise InputError(
            f'{text!r} is no named cell ({", ".join(named.names())}), no line of tokens, and no file '
            'or work directory that exists'
        )
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise InputError(f'{path} is too long to be an architecture (over {MAX_FILE_BYTES} bytes)')
        lines = path.read_text(encoding='utf-8').splitlines()
        content = '\n'.join(line for line in lines if not line.startswith('#')).strip()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f'{path} cannot be read as text: {error}') from None
    if not content:
        raise InputError(f'{path} is empty; it should hold the tokens of an architecture, or its JSON')
    return content, str(path)


def _placed(place: str, function: Any, argument: Any) -> Any:
    """Calls a function; its InputError names the file."""
    try:
        return function(argument)
    except InputError as error:
        raise InputError(f'{place}: {error}' if place else str(error)) from None


def _find(content: str) -> Architecture:
    """Reads a line in the one built-in space that can; several may, if they agree on the cells."""
    if content.startswith('{'):
        value = parse_json(content)
        if isinstance(value, dict) and isinstance(value.get('space'), str):
            return get_space(value['space']).from_json(value)
    found: dict[CellPair | RecurrentCell | Architecture, Architecture] = {}
    errors = {}
    for name in BUILT_IN:
        space = get_space(name)
        try:
            architecture = space.parse(content)
        except InputError as error:
            errors[name] = error
        else:
            has_cells = isinstance(space, CellPairSpace | RecurrentCellSpace)
            found.setdefault(cells_of(architecture, space) if has_cells else architecture, architecture)
    if len(found) == 1:
        return next(iter(found.values()))
    if found:
        raise InputError(
            'the line is a different architecture in each of '
            f'{", ".join(architecture.space for architecture in found.values())}; name the space'
        )
    raise errors[_likely(content)]


def _likely(content: str) -> str:
    """Returns the space whose error says most about a line that no space reads."""
    words = content.split()
    if content.startswith('{'):
        return 'nao_rnn' if '"nodes"' in content else 'nao_cnn_wide'
    if not any(word.lstrip('+-').isdigit() for word in words):
        recurrent = get_space('nao_rnn')
        assert isinstance(recurrent, RecurrentCellSpace)
        activations = set(words) & set(recurrent.activations) - {'identity'}
        return 'nao_rnn' if activations or 'node_0' in words else 'nao_cnn_wide'
    by_length = {get_space(name).length: name for name in reversed(BUILT_IN)}
    numbers = [word for word in words if word.lstrip('+-').isdigit()]
    if len(words) == 40 and len(numbers) == 40 and '0' in words[::2]:
        return 'nao_cnn_wide'  # a released string, read with every released operation
    return by_length.get(len(words), next(iter(BUILT_IN)))
