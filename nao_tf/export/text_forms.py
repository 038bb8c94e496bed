"""An architecture as text: the released JSON, the field's lines of tokens, a graph in DOT."""

from __future__ import annotations

import contextlib
import json
import re
from typing import Any

from nao_tf.errors import InputError
from nao_tf.reports.cell_graph import OUTPUT, CellGraph, graphs_of
from nao_tf.spaces.cell_pair import CellPairSpace
from nao_tf.spaces.cells import CellPair, RecurrentCell
from nao_tf.spaces.recurrent_cell import RecurrentCellSpace
from nao_tf.spaces.registry import BUILT_IN, get_space
from nao_tf.spaces.writing import describe_cells, pair_to_json


def to_json(cells: CellPair | RecurrentCell) -> str:
    """Returns the released JSON form of a pair of cells, or the nodes of a recurrent cell; `nao` commands read both.

    Args:
        cells: of either kind.

    Raises:
        InputError: if a recurrent cell lists its outputs, for which this form has no place.
    """
    if isinstance(cells, CellPair):
        value: dict[str, Any] = pair_to_json(cells)
    elif cells.outputs is None:
        value = {'nodes': [[f'node_{source}', activation] for source, activation in cells.nodes]}
    else:
        raise InputError('a recurrent cell that lists its outputs cannot be written as json; take genotype')
    text = json.dumps(value, indent=1)
    return re.sub(r'\[[^][]*]', lambda row: json.dumps(json.loads(row[0])), text)  # a node is one line


def to_text(cells: CellPair | RecurrentCell) -> str:
    """Returns the drawing and every line of tokens as comments, and the words, which `nao` commands read.

    Args:
        cells: of either kind.

    Raises:
        InputError: if no built-in space can write the cells and they list outputs, which words cannot say.
    """
    comments, words = describe_cells(cells).splitlines(), None
    for name in BUILT_IN:
        space = get_space(name)
        try:
            if isinstance(cells, CellPair) and isinstance(space, CellPairSpace):
                architecture = space.from_cells(cells)
            elif isinstance(cells, RecurrentCell) and isinstance(space, RecurrentCellSpace):
                architecture = space.from_cell(cells)
            else:
                continue
        except InputError:
            continue
        comments.append(f'{name}, {space.length} tokens: {architecture}')
        words = words or space.to_text(architecture)
        if isinstance(space, CellPairSpace) and not any('released' in comment for comment in comments):
            with contextlib.suppress(InputError):  # operations that the released code had not
                comments.append(f'released string: {space.to_released(architecture)}')
    if words is None:
        words = _words(cells)
    return '\n'.join([*(f'# {comment}' for comment in comments), words])


def _words(cells: CellPair | RecurrentCell) -> str:
    """Returns the words of cells that no built-in space writes."""
    if isinstance(cells, RecurrentCell):
        raise InputError(
            f'no built-in space has recurrent cells of {len(cells.nodes)} nodes with these activations and outputs, '
            'so there are no words for it; take genotype or json'
        )
    if any(cell.outputs is not None for cell in (cells.normal, cells.reduction)):
        raise InputError(
            'the cells are of no built-in space, and words cannot list their outputs; take genotype or json'
        )
    branches = [branch for cell in (cells.normal, cells.reduction) for node in cell.nodes for branch in node.branches]
    return ' '.join(f'node_{branch.input + 1} {branch.operation}' for branch in branches)


def to_dot(cells: CellPair | RecurrentCell) -> str:
    """Returns a graph for Graphviz: `dot -Tsvg`; operations stand on the edges.

    Args:
        cells: of either kind.
    """
    lines = ['digraph architecture {', '  rankdir=LR;', '  node [shape=box, style=rounded];']
    for number, graph in enumerate(graphs_of(cells)):
        lines += _cluster(graph, number)
    return '\n'.join([*lines, '}'])


def _cluster(graph: CellGraph, number: int) -> list[str]:
    def quoted(name: str) -> str:
        return f'"{number} {name}"'

    title = f'{graph.title}\\n{graph.note}' if graph.note else graph.title
    lines = [f'  subgraph cluster_{number} {{', f'    label="{title}";']
    lines += [f'    {quoted(name)} [label="{name}"];' for name in (*graph.inputs, *graph.nodes)]
    for name, operations in graph.nodes.items():
        for operation in operations:
            lines += [
                f'    {quoted(source)} -> {quoted(name)} [label="{operation.text}"];' for source in operation.sources
            ]
    if graph.loose:
        lines.append(f'    {quoted(OUTPUT)} [label="{graph.output}"];')
        lines += [f'    {quoted(name)} -> {quoted(OUTPUT)};' for name in graph.loose]
    return [*lines, '  }']
