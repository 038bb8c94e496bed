"""Cells written for people and files: the operation's name, the drawing as text, the released JSON."""

from __future__ import annotations

from nao_tf.errors import InputError
from nao_tf.spaces.cells import CELL_INPUTS, Cell, CellPair


def operation_name(text: str) -> str:
    """Returns the one spelling of an operation: `kind` or `kind size`, and no `1x1` behind `identity`.

    Raises:
        InputError: if the text is not one or two words.
    """
    words = text.split() if isinstance(text, str) else []
    if not 1 <= len(words) <= 2:
        raise InputError(f"an operation is written 'kind' or 'kind size', such as 'conv 3x3', not {text!r}")
    return 'identity' if words == ['identity', '1x1'] else ' '.join(words)


def input_name(index: int) -> str:
    """Returns how a drawing names what a branch reads: `k-2`, `k-1`, `node_3`, ..."""
    return ('k-2', 'k-1')[index] if index < CELL_INPUTS else f'node_{index + 1}'


def describe_cell(cell: Cell) -> str:
    """Returns a cell as text, one line a node and one for the output."""
    lines = []
    for index, node in enumerate(cell.nodes, start=CELL_INPUTS):
        left, right = (f'{branch.operation}({input_name(branch.input)})' for branch in node.branches)
        lines.append(f'{input_name(index)} = {left} + {right}')
    lines.append(f'output = concat({", ".join(input_name(index) for index in cell.loose_ends)})')
    return '\n'.join(lines)


def describe_pair(pair: CellPair) -> str:
    """Returns both cells as text, indented under their names."""
    parts = []
    for name, cell in (('normal cell', pair.normal), ('reduction cell', pair.reduction)):
        parts.append(f'{name}\n' + '\n'.join(f'  {line}' for line in describe_cell(cell).splitlines()))
    return '\n'.join(parts)
