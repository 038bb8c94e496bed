"""Writing and reading cells of NAS-Bench-201: the benchmark's one-line form, and text for a person."""

from __future__ import annotations

import re
from collections.abc import Sequence

from nao_tf.errors import InputError
from nao_tf.spaces.nasbench201_cells import EDGES, OPERATIONS, Node

EXAMPLE = '|nor_conv_3x3~0|+|none~0|skip_connect~1|+|avg_pool_3x3~0|none~1|nor_conv_1x1~2|'


def to_text(nodes: Sequence[Node]) -> str:
    """Returns the benchmark's form: the edges into node 1, 2 and 3, each an operation and its source."""
    return '+'.join('|' + ''.join(f'{operation}~{source}|' for operation, source in node) for node in nodes)


def from_text(space: str, text: str) -> list[list[tuple[str, int]]]:
    """Reads the benchmark's form into (operation, source) of every edge into node 1, 2 and 3.

    Args:
        space: name for errors.
        text: without spaces.

    Raises:
        InputError: if it is not of that form.
    """
    parts = text.split('+')
    if len(parts) != 3 or not all(re.fullmatch(r'\|([^|~]+~[0-9]{1,3}\|)+', part) for part in parts):
        raise InputError(f'space {space}: a cell is written like {EXAMPLE}, not {text[:200]!r}')
    return [
        [(operation, int(source)) for operation, source in re.findall(r'([^|~]+)~([0-9]+)\|', part)] for part in parts
    ]


def edge_operations(space: str, nodes: Sequence[Sequence[tuple[str, int]]]) -> list[str]:
    """Returns the operation of every edge, in the order of `EDGES`.

    Args:
        space: name for errors.
        nodes: (operation, source) of every edge into node 1, 2 and 3, in any order within a node.

    Raises:
        InputError: if an edge is missing, twofold or unknown, or has an unknown operation.
    """
    found: dict[tuple[int, int], str] = {}
    for target, node in enumerate(nodes, start=1):
        for operation, source in node:
            if operation not in OPERATIONS:
                raise InputError(
                    f'space {space}: operation {operation!r} of edge {source}->{target} is not in the space; '
                    f'the operations are {", ".join(OPERATIONS)}'
                )
            if (source, target) not in EDGES or (source, target) in found:
                wrong = 'given twice' if (source, target) in found else 'not an edge of the cell'
                raise InputError(f'space {space}: {source}->{target} is {wrong}; the edges are {edge_list(EDGES)}')
            found[source, target] = operation
    missing = [edge for edge in EDGES if edge not in found]
    if missing:
        raise InputError(f'space {space}: the cell has no edge {edge_list(missing)}')
    return [found[edge] for edge in EDGES]


def describe(nodes: Sequence[Node]) -> str:
    """Returns a cell as text, one line a node."""
    lines = ['node_0 = input']
    for index, node in enumerate(nodes, start=1):
        terms = [f'{operation}(node_{source})' for operation, source in node if operation != 'none']
        lines.append(f'{"output" if index == len(nodes) else f"node_{index}"} = {" + ".join(terms) or "0"}')
    return '\n'.join(lines)


def edge_list(edges: Sequence[tuple[int, int]]) -> str:
    """Returns edges as text."""
    return ', '.join(f'{source}->{target}' for source, target in edges)
