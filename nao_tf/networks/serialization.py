"""A pair of cells as JSON types, for the config of a saved model."""

from __future__ import annotations

from typing import Any

from nao_tf.errors import InputError
from nao_tf.spaces.cells import Branch, Cell, CellPair, Node


def cells_to_json(cells: CellPair) -> dict[str, Any]:
    """Returns `{'normal': cell, 'reduction': cell}`.

    A cell is `{'nodes': [[input, operation, input, operation], ...], 'outputs': None or [indices]}`.
    """
    return {'normal': _cell_to_json(cells.normal), 'reduction': _cell_to_json(cells.reduction)}


def cells_from_json(value: Any) -> CellPair:
    """Reads what `cells_to_json` wrote.

    Raises:
        InputError: if the value is not of that form.
    """
    try:
        return CellPair(_cell_from_json(value['normal']), _cell_from_json(value['reduction']))
    except (KeyError, TypeError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(
            'a pair of cells in JSON is {"normal": {"nodes": [[input, operation, input, operation], ...], "outputs": '
            f'null}}, "reduction": ...}}, not {str(value)[:200]!r}'
        ) from None


def _cell_to_json(cell: Cell) -> dict[str, Any]:
    nodes = [[part for branch in node.branches for part in (branch.input, branch.operation)] for node in cell.nodes]
    return {'nodes': nodes, 'outputs': None if cell.outputs is None else list(cell.outputs)}


def _cell_from_json(value: Any) -> Cell:
    nodes = []
    for left, left_operation, right, right_operation in value['nodes']:
        nodes.append(Node(Branch(int(left), str(left_operation)), Branch(int(right), str(right_operation))))
    outputs = value['outputs']
    return Cell(tuple(nodes), None if outputs is None else tuple(int(index) for index in outputs))
