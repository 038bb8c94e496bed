"""Cells as DARTS and its successors write them: `Genotype(normal=[('sep_conv_3x3', 0), ...], normal_concat=...)`.

A node is two pairs of an operation and the index of what it reads, 0 and 1 being the cell's inputs.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from typing import Any

from nao_tf.errors import InputError
from nao_tf.spaces.cells import CELL_INPUTS, Branch, Cell, CellPair, Node, RecurrentCell

OPERATIONS = {
    'identity': 'skip_connect',
    'max_pool 3x3': 'max_pool_3x3',
    'avg_pool 3x3': 'avg_pool_3x3',
    'sep_conv 3x3': 'sep_conv_3x3',
    'sep_conv 5x5': 'sep_conv_5x5',
    'sep_conv 7x7': 'sep_conv_7x7',
    'dil_conv 3x3': 'dil_conv_3x3',
    'dil_conv 5x5': 'dil_conv_5x5',
    'conv 1x7+7x1': 'conv_7x1_1x7',
}
_NAMES = {theirs: ours for ours, theirs in OPERATIONS.items()}
_START = re.compile(r'(\w+\s*=\s*)?Genotype\s*\(')


def is_genotype(text: str) -> bool:
    """Returns whether a text is written as a genotype, whatever is in it."""
    return _START.match(text) is not None


def to_genotype(cells: CellPair | RecurrentCell) -> str:
    """Returns cells as a genotype, a Python expression.

    Args:
        cells: of either kind.

    Raises:
        InputError: if an operation has no name there, or the reduction cell puts an input into its output, which
            has another size there.
    """
    if isinstance(cells, RecurrentCell):
        nodes = [(activation, source) for source, activation in cells.nodes]
        return f'Genotype(recurrent={nodes}, concat={list(cells.averaged)})'
    parts = []
    for name, cell in (('normal', cells.normal), ('reduce', cells.reduction)):
        if name == 'reduce' and min(cell.loose_ends) < CELL_INPUTS:
            raise InputError(
                'the reduction cell puts one of its inputs into its output, which a genotype cannot say: nothing there '
                'reduces it; the formats json and text can'
            )
        pairs = [(_their_name(branch), branch.input) for node in cell.nodes for branch in node.branches]
        parts.append(f'{name}={pairs}, {name}_concat={list(cell.loose_ends)}')
    return f'Genotype({", ".join(parts)})'


def _their_name(branch: Branch) -> str:
    if branch.operation not in OPERATIONS:
        raise InputError(
            f'operation {branch.operation!r} has no name in a genotype, which knows {", ".join(OPERATIONS)}; the '
            'formats json and text write every operation'
        )
    return OPERATIONS[branch.operation]


def from_genotype(text: str) -> CellPair | RecurrentCell:
    """Reads a genotype: what `to_genotype` writes, and those of published code (`NAME = Genotype(...)`).

    Args:
        text: the expression; its fields are named, lists or `range(...)`.

    Raises:
        InputError: naming what is wrong.
    """
    fields = _fields(text)
    if set(fields) == {'recurrent', 'concat'}:
        nodes = tuple((source, activation) for activation, source in _pairs(fields, 'recurrent'))
        outputs = _indices(fields, 'concat', most=len(nodes) + 1)
        return RecurrentCell(nodes, None if outputs == tuple(range(1, len(nodes) + 1)) else outputs)
    expected = ('normal', 'normal_concat', 'reduce', 'reduce_concat')
    if set(fields) != set(expected):
        raise InputError(
            f'a genotype has the fields {", ".join(expected)}, or recurrent and concat; not {", ".join(fields)}'
        )
    cells = []
    for name in ('normal', 'reduce'):
        branches = [Branch(source, _our_name(operation)) for operation, source in _pairs(fields, name)]
        if len(branches) % 2:
            raise InputError(f'genotype: {name} has {len(branches)} operations; a node has two')
        cell = Cell(tuple(Node(left, right) for left, right in zip(branches[::2], branches[1::2], strict=True)))
        outputs = _indices(fields, f'{name}_concat', most=len(cell.nodes) + CELL_INPUTS)
        cells.append(cell if tuple(sorted(outputs)) == cell.loose_ends else Cell(cell.nodes, outputs))
    return CellPair(*cells)


def _our_name(operation: str) -> str:
    if operation not in _NAMES:
        raise InputError(f'genotype: there is no operation {operation!r}; there are {", ".join(_NAMES)}')
    return _NAMES[operation]


def _fields(text: str) -> dict[str, ast.expr]:
    try:
        statement = ast.parse(text.strip()).body[0]
    except (SyntaxError, IndexError, ValueError) as error:
        raise InputError(f'a genotype is one Python expression, and this is none: {error}') from None
    except (RecursionError, MemoryError):  # the parser's own two words for it, long before memory is short
        raise InputError('a genotype is one Python expression, and this one is nested too deeply') from None
    call = statement.value if isinstance(statement, ast.Assign | ast.Expr) else None
    if not isinstance(call, ast.Call) or call.args or any(keyword.arg is None for keyword in call.keywords):
        raise InputError('a genotype is written Genotype(normal=[...], normal_concat=[...], ...), every field named')
    return {str(keyword.arg): keyword.value for keyword in call.keywords}


def _value(fields: dict[str, ast.expr], name: str) -> Sequence[Any]:
    node = fields[name]
    try:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == 'range':
            return range(*(ast.literal_eval(argument) for argument in node.args))
        return list(ast.literal_eval(node))
    except (ValueError, TypeError, SyntaxError, RecursionError):
        raise InputError(f'genotype: {name} is {_shown(node)}; it is a list, or range(...)') from None


def _shown(node: ast.expr) -> str:
    try:
        return ast.unparse(node)[:80]
    except RecursionError:
        return 'an expression that is nested too deeply'


def _pairs(fields: dict[str, ast.expr], name: str) -> list[tuple[str, int]]:
    pairs = _value(fields, name)
    for pair in pairs:
        if not (isinstance(pair, tuple) and len(pair) == 2 and isinstance(pair[0], str) and isinstance(pair[1], int)):
            raise InputError(f'genotype: {name} is of pairs such as {("sep_conv_3x3", 0)}, not {str(pair)[:80]}')
    return list(pairs)


def _indices(fields: dict[str, ast.expr], name: str, *, most: int) -> tuple[int, ...]:
    values = _value(fields, name)
    if values[most:]:  # a range costs nothing until it is a tuple
        raise InputError(f'genotype: {name} has more numbers than the cell has nodes and inputs, {most}')
    if not all(isinstance(value, int) for value in values):
        raise InputError(f'genotype: {name} is of the numbers of nodes, not {str(values)[:80]}')
    return tuple(values)
