"""Writing and reading cells of NAS-Bench-101: one line, the benchmark's matrix and labels, text for a person."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from nao_tf.errors import InputError
from nao_tf.spaces.module_graph import OPERATIONS, ModuleGraph, bits, from_matrix

EXAMPLE = 'conv3x3-bn-relu(0) maxpool3x3(0,1) output(1,2)'
Node = tuple[str, Sequence[int]]  # name, and numbers of the vertices that are read
MATRIX, LABELS = 'module_adjacency', 'module_operations'


def to_text(nodes: Sequence[Node]) -> str:
    """Returns a cell in one line: each vertex's operation and the numbers of the vertices that it reads."""
    return ' '.join(f'{name}({",".join(map(str, sources))})' for name, sources in nodes)


def describe(graph: ModuleGraph, vertices: int) -> str:
    """Returns a cell as text, one line a vertex; those that it does not use are named too.

    Args:
        graph: the cell.
        vertices: most vertices of the space.
    """

    def sources(mask: int) -> str:
        return ' + '.join('input' if source == 0 else f'node_{source}' for source in bits(mask))

    lines = ['input = input']
    for vertex, (operation, mask) in enumerate(zip(graph.operations, graph.sources, strict=False), start=1):
        lines.append(f'node_{vertex} = {OPERATIONS[operation]}({sources(mask)})')
    lines += [f'node_{vertex} = unused' for vertex in range(len(lines), vertices - 1)]
    # What the input gives the output is projected and added; what inner vertices give it is concatenated.
    inner = [f'node_{source}' for source in bits(graph.sources[-1]) if source]
    concatenated = f'concatenation({", ".join(inner)})'
    terms = ([concatenated] if inner else []) + (['projection(input)'] if graph.sources[-1] & 1 else [])
    return '\n'.join([*lines, f'output = {" + ".join(terms)}'])


def from_words(space: str, words: Sequence[str]) -> list[Node]:
    """Reads `to_text`.

    Args:
        space: name for errors.
        words: of the line.

    Raises:
        InputError: naming the word that is wrong.
    """
    nodes: list[Node] = []
    for word in words:
        match = re.fullmatch(r'([^()]+)\(([0-9]{1,3}(?:,[0-9]{1,3})*)\)', word)
        if match is None:
            raise InputError(f'space {space}: {word[:60]!r} is no vertex; a cell is written like {EXAMPLE}')
        nodes.append((match[1], tuple(map(int, match[2].split(',')))))
    return nodes


def from_nodes(space: str, nodes: Sequence[Node]) -> ModuleGraph:
    """Returns the pruned graph of vertices and what they read.

    Args:
        space: name for errors.
        nodes: of vertex 1, 2, ... and the output.

    Raises:
        InputError: if a vertex reads one that is not earlier, or `from_labels` refuses it.
    """
    matrix = [[0] * (len(nodes) + 1) for _ in range(len(nodes) + 1)]
    for vertex, (name, sources) in enumerate(nodes, start=1):
        for source in sources:
            if not 0 <= source < vertex:
                raise InputError(
                    f'space {space}: vertex {vertex} ({name}) reads vertex {source}, which is not an earlier one'
                )
            matrix[source][vertex] = 1
    return from_labels(space, matrix, ['input', *(name for name, _ in nodes)])


def from_labels(space: str, matrix: Any, labels: Any) -> ModuleGraph:
    """Reads the benchmark's own form, and prunes it.

    Args:
        space: name for errors.
        matrix: upper triangular rows of 0 and 1.
        labels: a word for each row: `input`, operations, `output`.

    Raises:
        InputError: if it is not of that form, or no path leads from the input to the output.
    """
    if not isinstance(labels, list) or len(labels) < 2 or labels[0] != 'input' or labels[-1] != 'output':
        raise InputError(f"space {space}: {LABELS} are 'input', the operations and 'output', not {str(labels)[:200]}")
    for vertex, label in enumerate(labels[1:-1], start=1):
        if label not in OPERATIONS:
            raise InputError(
                f'space {space}: operation {label!r} of vertex {vertex} is not in the space; '
                f'the operations are {", ".join(OPERATIONS)}'
            )
    size = len(labels)
    if (
        not isinstance(matrix, list)
        or len(matrix) != size
        or not all(isinstance(row, list) and len(row) == size and set(map(repr, row)) <= {'0', '1'} for row in matrix)
    ):
        raise InputError(f'space {space}: {MATRIX} is {size} rows of {size} numbers 0 or 1, not {str(matrix)[:200]}')
    array = np.array(matrix)
    if np.tril(array).any():
        target, source = np.argwhere(np.tril(array))[0]
        raise InputError(f'space {space}: {MATRIX} has an edge {target}->{source}; edges go from smaller to larger')
    graph = from_matrix(array, tuple(OPERATIONS.index(label) for label in labels[1:-1]))
    if graph is None:
        raise InputError(f'space {space}: no path leads from the input to the output')
    return graph


def to_labels(graph: ModuleGraph) -> dict[str, Any]:
    """Returns the benchmark's own form as JSON types: `module_adjacency` and `module_operations`."""
    return {
        MATRIX: graph.matrix.tolist(),
        LABELS: ['input', *(OPERATIONS[operation] for operation in graph.operations), 'output'],
    }
