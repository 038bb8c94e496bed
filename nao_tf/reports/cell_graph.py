"""A cell as a graph to draw: boxes of operations, who reads whom, what flows into the output."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from nao_tf.spaces.cells import CELL_INPUTS, Cell, CellPair, RecurrentCell
from nao_tf.spaces.writing import input_name

OUTPUT = 'output'


@dataclasses.dataclass(frozen=True)
class Operation:
    """One operation in a box.

    Args:
        sources: names of the nodes or inputs that it reads.
        text: what is written on it.
        kind: what its colour stands for.
    """

    sources: tuple[str, ...]
    text: str
    kind: str


@dataclasses.dataclass(frozen=True)
class CellGraph:
    """What is drawn of one cell.

    Args:
        title: above it.
        inputs: names of the inputs, which stand at the left.
        nodes: the operations of each node by its name, in topological order; those of a node are added.
        loose: names of what flows into the output.
        output: what the output does with them, such as `concat`.
        note: a line below, where the output is said rather than drawn.
    """

    title: str
    inputs: tuple[str, ...]
    nodes: Mapping[str, tuple[Operation, ...]]
    loose: tuple[str, ...]
    output: str
    note: str = ''

    @property
    def edges(self) -> list[tuple[str, str]]:
        """All (source, target), each once."""
        found = [
            (source, name) for name, node in self.nodes.items() for operation in node for source in operation.sources
        ]
        return list(dict.fromkeys([*found, *((name, OUTPUT) for name in self.loose)]))

    @property
    def kinds(self) -> list[str]:
        """The kinds of operations, in the order in which they appear."""
        return list(dict.fromkeys(operation.kind for node in self.nodes.values() for operation in node))


def graph_of_cell(cell: Cell, title: str) -> CellGraph:
    """Returns a convolutional cell as a graph: two inputs, nodes of two added operations, loose ends concatenated."""
    nodes = {
        input_name(index): tuple(
            Operation((input_name(branch.input),), branch.operation, branch.operation.split()[0])
            for branch in node.branches
        )
        for index, node in enumerate(cell.nodes, start=CELL_INPUTS)
    }
    inputs = tuple(map(input_name, range(CELL_INPUTS)))
    return CellGraph(title, inputs, nodes, tuple(map(input_name, cell.loose_ends)), 'concat')


def graph_of_recurrent(cell: RecurrentCell) -> CellGraph:
    """Returns a recurrent cell as a graph: a tree of activations below node_0, which combines word and last state.

    Where all nodes are averaged, as in every searched cell, the output is a note: a line from each would hide the tree.
    """
    nodes = {'node_0': (Operation(('word', 'last state'), 'tanh', 'tanh'),)}
    for index, (source, activation) in enumerate(cell.nodes, start=1):
        nodes[f'node_{index}'] = (Operation((f'node_{source}',), activation, activation),)
    whole = cell.outputs is None
    loose = () if whole else tuple(f'node_{index}' for index in cell.averaged)
    note = f'output = mean of node_1 .. node_{len(cell.nodes)}' if whole else ''
    return CellGraph('recurrent cell', ('word', 'last state'), nodes, loose, 'mean', note)


def graphs_of(cells: CellPair | RecurrentCell) -> list[CellGraph]:
    """Returns the graphs of an architecture: one where both cells of a pair are the same."""
    if isinstance(cells, RecurrentCell):
        return [graph_of_recurrent(cells)]
    if cells.normal == cells.reduction:
        return [graph_of_cell(cells.normal, 'normal and reduction cell')]
    return [graph_of_cell(cells.normal, 'normal cell'), graph_of_cell(cells.reduction, 'reduction cell')]
