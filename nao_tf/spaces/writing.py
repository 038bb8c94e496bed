"""Cells written for people and files: the drawing as text, the released JSON, the released strings of integers."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from nao_tf.errors import InputError
from nao_tf.spaces.cells import CELL_INPUTS, Branch, Cell, CellPair, Node, RecurrentCell
from nao_tf.spaces.operations import RELEASED_OPERATIONS, operation_name

DAGS = ('conv_dag', 'reduc_dag')  # the released JSON's names of the normal and the reduction cell
_NODE = re.compile(r'node_(\d{1,4})')


def input_name(index: int) -> str:
    """Returns how a drawing names what a branch reads: `k-2`, `k-1`, `node_3`, ..."""
    return ('k-2', 'k-1')[index] if index < CELL_INPUTS else f'node_{index + 1}'


def describe_cell(cell: Cell) -> str:
    """Returns a convolutional cell as text, one line a node and one for the output."""
    lines = []
    for index, node in enumerate(cell.nodes, start=CELL_INPUTS):
        left, right = (f'{branch.operation}({input_name(branch.input)})' for branch in node.branches)
        lines.append(f'{input_name(index)} = {left} + {right}')
    lines.append(f'output = concat({", ".join(input_name(index) for index in cell.loose_ends)})')
    return '\n'.join(lines)


def describe_pair(pair: CellPair) -> str:
    """Returns both convolutional cells as text, indented under their names."""
    parts = []
    for name, cell in (('normal cell', pair.normal), ('reduction cell', pair.reduction)):
        parts.append(f'{name}\n' + '\n'.join(f'  {line}' for line in describe_cell(cell).splitlines()))
    return '\n'.join(parts)


def describe_recurrent(cell: RecurrentCell) -> str:
    """Returns a recurrent cell as text, one line a node and one for the output."""
    lines = ['recurrent cell', '  node_0 = tanh(word, last state)']
    lines += [f'  node_{i} = {activation}(node_{source})' for i, (source, activation) in enumerate(cell.nodes, start=1)]
    averaged = ', '.join(f'node_{index}' for index in cell.averaged)
    if cell.outputs is None and len(cell.nodes) > 2:
        averaged = f'node_1 .. node_{len(cell.nodes)}'
    return '\n'.join([*lines, f'  output = mean({averaged})'])


def describe_cells(cells: CellPair | RecurrentCell) -> str:
    """Returns cells of either kind as text, one line a node."""
    return describe_recurrent(cells) if isinstance(cells, RecurrentCell) else describe_pair(cells)


def cells_to_json(cells: CellPair | RecurrentCell) -> dict[str, Any]:
    """Returns cells as JSON: `pair_to_json`, or of a recurrent one `{'nodes': [[0, 'tanh'], ...], 'outputs': None}`."""
    if isinstance(cells, CellPair):
        return pair_to_json(cells)
    outputs = None if cells.outputs is None else list(cells.outputs)
    return {'nodes': [list(node) for node in cells.nodes], 'outputs': outputs}


def cells_from_json(value: Mapping[str, Any]) -> CellPair | RecurrentCell:
    """Reads what `cells_to_json` writes.

    Raises:
        InputError: if it is of neither kind, naming what is wrong.
    """
    if 'nodes' not in value:
        return pair_from_json(value)
    try:
        nodes = tuple((int(source), str(activation)) for source, activation in value['nodes'])
        outputs = value.get('outputs')
        return RecurrentCell(nodes, None if outputs is None else tuple(map(int, outputs)))
    except (TypeError, ValueError) as error:
        raise InputError(f'a recurrent cell in JSON has nodes [[source, activation], ...]: {error}') from None


def recurrent_from_json(value: Mapping[str, Any]) -> RecurrentCell:
    """Reads `{'nodes': [['node_0', 'tanh'], ...]}` of any number of nodes.

    Raises:
        InputError: if it is none.
    """
    try:
        rows = [(str(source).removeprefix('node_'), activation) for source, activation in value['nodes']]
    except (TypeError, ValueError) as error:
        raise InputError(f'a recurrent cell in JSON has nodes [["node_0", activation], ...]: {error}') from None
    cell = cells_from_json({**value, 'nodes': rows})
    assert isinstance(cell, RecurrentCell)
    return cell


def pair_to_json(pair: CellPair) -> dict[str, Any]:
    """Returns the released JSON form: `{'conv_dag': {'node_3': [name, in1, in2, op1, op2], ...}, 'reduc_dag': ...}`.

    Listed outputs, which the released form does not know, are added as `'outputs': ['node_1', ...]`.
    """
    result: dict[str, Any] = {}
    for dag, cell in zip(DAGS, (pair.normal, pair.reduction), strict=True):
        rows: dict[str, Any] = {}
        for index, (left, right) in enumerate((node.branches for node in cell.nodes), start=CELL_INPUTS + 1):
            inputs = [f'node_{branch.input + 1}' for branch in (left, right)]
            rows[f'node_{index}'] = [f'node_{index}', *inputs, left.operation, right.operation]
        if cell.outputs is not None:
            rows['outputs'] = [f'node_{index + 1}' for index in cell.outputs]
        result[dag] = rows
    return result


def pair_from_json(value: Mapping[str, Any]) -> CellPair:
    """Reads what `pair_to_json` writes, and the released files (which also list node_1 and node_2, without content).

    Raises:
        InputError: naming the cell and the node that is wrong.
    """
    cells = []
    for dag in DAGS:
        rows = value.get(dag)
        if not isinstance(rows, dict):
            raise InputError(
                f'a cell pair in JSON has {" and ".join(DAGS)}, each an object of nodes; {dag} is {rows!r}'
            )
        inner = sorted(
            (name for name in rows if name not in ('node_1', 'node_2', 'outputs')),
            key=lambda name: _node_index(name, dag),
        )
        expected = [f'node_{index + CELL_INPUTS + 1}' for index in range(len(inner))]
        if not inner or inner != expected:
            raise InputError(
                f'{dag}: the nodes are node_3, node_4, ... without a gap, not {", ".join(inner) or "none"}'
            )
        outputs = rows.get('outputs')
        if outputs is not None:
            if not isinstance(outputs, list):
                raise InputError(f'{dag}: outputs is a list of nodes, not {outputs!r}')
            outputs = tuple(_node_index(name, dag) - 1 for name in outputs)
        cells.append(Cell(tuple(_node_from_row(rows[name], name, dag) for name in inner), outputs))
    return CellPair(*cells)


def _node_from_row(row: Any, name: str, dag: str) -> Node:
    """Reads one `[name, in1, in2, op1, op2]`."""
    if not isinstance(row, list) or len(row) != 5 or row[0] != name:
        raise InputError(f'{dag}: {name} is written [{name!r}, input, input, operation, operation], not {row!r}')
    left, right = (
        Branch(_node_index(source, f'{dag}: {name}') - 1, operation_name(operation))
        for source, operation in zip(row[1:3], row[3:5], strict=True)
    )
    return Node(left, right)


def _node_index(name: Any, where: str) -> int:
    """Returns i of `node_i`."""
    match = _NODE.fullmatch(name) if isinstance(name, str) else None
    if match is None or int(match[1]) < 1:
        raise InputError(f'{where}: a node is named node_1, node_2, ..., not {name!r}')
    return int(match[1])


def pair_from_released(numbers: Sequence[int]) -> CellPair:
    """Reads a released string: per node `input operation input operation`, the normal cell, then the reduction cell.

    Args:
        numbers: 8 * B integers; inputs count from 0 (0 and 1 are the cell's inputs), operations are the released ids
            of `RELEASED_OPERATIONS`: 0..4 of the weight-sharing search, 5..15 of the large space.

    Raises:
        InputError: if the length, an operation or an input is wrong.
    """
    if not numbers or len(numbers) % 8:
        raise InputError(f'a released string has 40 integers (8 a node), not {len(numbers)}')
    branches = []
    for position in range(0, len(numbers), 2):
        source, operation = numbers[position : position + 2]
        if not 0 <= operation < len(RELEASED_OPERATIONS):
            raise InputError(
                f'released string: operation {operation} at position {position + 1} is outside '
                f'0..{len(RELEASED_OPERATIONS) - 1}'
            )
        node = position // 4 % (len(numbers) // 8)
        if not 0 <= source < node + CELL_INPUTS:
            raise InputError(
                f'released string: input {source} at position {position} is outside 0..{node + CELL_INPUTS - 1}; '
                f'node {node + CELL_INPUTS} cannot read itself or a later node'
            )
        branches.append(Branch(source, RELEASED_OPERATIONS[operation]))
    nodes = [Node(left, right) for left, right in zip(branches[::2], branches[1::2], strict=True)]
    half = len(nodes) // 2
    return CellPair(Cell(tuple(nodes[:half])), Cell(tuple(nodes[half:])))


def pair_from_words(words: Sequence[str]) -> CellPair:
    """Reads the text form: `node_1 conv 3x3 node_2 identity ...`, an input and an operation a branch.

    Args:
        words: the words of the line; an operation is one or two of them.

    Raises:
        InputError: if an input, an operation or the number of branches is wrong.
    """
    starts = [position for position, word in enumerate(words) if _NODE.fullmatch(word)]
    if not starts or starts[0] != 0:
        raise InputError(f'{words[0] if words else ""!r} at position 0 is not the input of a branch, such as node_1')
    branches = []
    for start, stop in zip(starts, [*starts[1:], len(words)], strict=True):
        if stop == start + 1:
            raise InputError(f'{words[start]} at position {start} has no operation behind it')
        source = _node_index(words[start], f'position {start}') - 1
        branches.append(Branch(source, operation_name(' '.join(words[start + 1 : stop]))))
    if len(branches) % 4:
        raise InputError(f'two cells of nodes with two branches are a multiple of 4 branches, not {len(branches)}')
    nodes = [Node(left, right) for left, right in zip(branches[::2], branches[1::2], strict=True)]
    half = len(nodes) // 2
    return CellPair(Cell(tuple(nodes[:half])), Cell(tuple(nodes[half:])))
