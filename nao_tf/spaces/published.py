"""Published cells, as their authors drew them.

NAONet stands in two variants, which differ in the inputs of node_5 of the reduction cell: the released JSON file
(`NAONet`) and the released string (`NAONet_A`).
"""

from __future__ import annotations

import dataclasses

from nao_tf.errors import InputError
from nao_tf.spaces.architecture import Architecture
from nao_tf.spaces.cell_pair import CellPairSpace
from nao_tf.spaces.cells import Branch, Cell, CellPair, Node, RecurrentCell
from nao_tf.spaces.recurrent_cell import RELEASED_ACTIVATIONS, RecurrentCellSpace
from nao_tf.spaces.registry import get_space
from nao_tf.spaces.writing import describe_cells, pair_from_released


@dataclasses.dataclass(frozen=True)
class NamedCell:
    """A published cell.

    Args:
        name: its name.
        cells: a pair of convolutional cells, or a recurrent cell.
        space: name of the token space that it is usually written in; empty if no built-in space can write it.
        source: where it was published.
    """

    name: str
    cells: CellPair | RecurrentCell
    space: str
    source: str

    @property
    def architecture(self) -> Architecture:
        """The cell as tokens of its space.

        Raises:
            InputError: if no built-in space can write it.
        """
        if not self.space:
            raise InputError(
                f'{self.name} is no architecture of a built-in space: it lists its outputs, or has other nodes'
            )
        space = get_space(self.space)
        if isinstance(self.cells, RecurrentCell):
            assert isinstance(space, RecurrentCellSpace)
            return space.from_nodes(self.cells.nodes)
        assert isinstance(space, CellPairSpace)
        return space.from_cells(self.cells)

    def describe(self) -> str:
        """Returns the cell as text, one line a node."""
        return describe_cells(self.cells)


def _cell(text: str, outputs: tuple[int, ...] | None = None) -> Cell:
    """Reads `1 conv 3x3 + 2 identity; ...`, inputs as node_1, node_2, ...; outputs likewise."""
    nodes = []
    for line in text.split(';'):
        branches = []
        for branch in line.split('+ '):
            source, operation = branch.split(maxsplit=1)
            branches.append(Branch(int(source) - 1, operation.strip()))
        nodes.append(Node(*branches))
    return Cell(tuple(nodes), None if outputs is None else tuple(index - 1 for index in outputs))


def _released(text: str) -> CellPair:
    """Reads a released string of 40 integers."""
    return pair_from_released([int(word) for word in text.split()])


def _recurrent(text: str, table: str) -> RecurrentCell:
    """Reads a released recurrent string by one of the two tables of activations."""
    numbers = [int(word) for word in text.split()]
    names = RELEASED_ACTIVATIONS[table]
    return RecurrentCell(tuple(zip(numbers[::2], (names[i] for i in numbers[1::2]), strict=True)))


def _drawn(text: str, outputs: tuple[int, ...] | None = None) -> RecurrentCell:
    """Reads `tanh 0, relu 1, ...`, an activation and an input a node."""
    words = [part.split() for part in text.split(',')]
    return RecurrentCell(tuple((int(source), activation) for activation, source in words), outputs)


NAMED = (
    NamedCell(
        'NAONet',
        CellPair(
            _cell(
                '1 conv 3x3 + 2 avg_pool 5x5; 3 conv 1x3+3x1 + 2 conv 3x3; 1 conv 1x1 + 2 conv 3x3;'
                '1 conv 1x3+3x1 + 5 conv 3x3; 2 identity + 1 conv 3x3'
            ),
            _cell(
                '1 conv 3x3 + 2 avg_pool 2x2; 1 conv 1x1 + 1 avg_pool 3x3; 2 conv 1x7+7x1 + 1 max_pool 2x2;'
                '1 avg_pool 3x3 + 3 conv 1x1; 2 max_pool 3x3 + 1 conv 3x3'
            ),
        ),
        'nao_cnn',
        'NAO, the released JSON file',
    ),
    NamedCell(
        'NAONet_A',
        _released('0 7 1 15 2 8 1 7 0 6 1 7 0 8 4 7 1 5 0 7 0 7 1 13 0 6 0 14 0 9 1 10 0 14 2 6 1 11 0 7'),
        'nao_cnn',
        'NAO, the released string (inputs of reduction node_5 exchanged)',
    ),
    NamedCell(
        'NAONet_B',
        _released('0 1 0 2 0 1 2 2 1 3 0 2 4 0 1 3 2 1 0 3 1 1 1 0 2 1 2 4 1 0 2 3 3 1 2 2 0 2 0 2'),
        'enas_cnn',
        'NAO with weight sharing, second code base',
    ),
    NamedCell(
        'NAO-WS',
        _released('0 1 0 4 2 2 1 3 1 0 2 0 2 3 1 3 1 2 0 4 1 1 0 3 2 3 2 3 1 0 0 1 0 4 2 4 2 3 2 3'),
        'enas_cnn',
        'NAO with weight sharing, first code base',
    ),
    NamedCell(
        'NAONet_V2',
        _released('1 1 0 1 2 4 0 0 0 0 2 1 0 0 0 2 0 3 0 0 0 2 0 2 2 2 1 0 0 0 0 1 0 0 0 3 0 0 0 1'),
        'enas_cnn',
        'NAO with weight sharing, version 2',
    ),
    NamedCell(
        'ENAS',
        CellPair(
            _cell(
                '2 sep_conv 3x3 + 2 identity; 2 sep_conv 5x5 + 1 identity; 1 avg_pool 3x3 + 2 sep_conv 3x3;'
                '1 sep_conv 3x3 + 2 avg_pool 3x3; 2 sep_conv 5x5 + 1 avg_pool 3x3'
            ),
            _cell(
                '1 sep_conv 5x5 + 2 avg_pool 3x3; 2 sep_conv 3x3 + 2 avg_pool 3x3; 2 avg_pool 3x3 + 2 sep_conv 3x3;'
                '5 sep_conv 5x5 + 2 avg_pool 3x3; 6 sep_conv 3x3 + 1 sep_conv 5x5'
            ),
        ),
        'enas_cnn',
        'ENAS, as in its paper',
    ),
    NamedCell(
        'ENAS-2',
        CellPair(
            _cell(
                '1 avg_pool 3x3 + 1 sep_conv 3x3; 1 identity + 1 sep_conv 5x5; 1 identity + 2 sep_conv 5x5;'
                '2 sep_conv 3x3 + 1 sep_conv 5x5; 1 avg_pool 3x3 + 2 sep_conv 5x5'
            ),
            _cell(
                '2 sep_conv 3x3 + 2 sep_conv 3x3; 1 max_pool 3x3 + 1 avg_pool 3x3; 2 sep_conv 5x5 + 4 sep_conv 5x5;'
                '2 sep_conv 3x3 + 1 identity; 1 max_pool 3x3 + 2 sep_conv 5x5'
            ),
        ),
        'enas_cnn',
        'ENAS, the second listing',
    ),
    NamedCell(
        'AmoebaNet-A',
        CellPair(
            _cell(
                '1 avg_pool 3x3 + 1 max_pool 3x3; 3 sep_conv 5x5 + 1 sep_conv 3x3; 4 avg_pool 3x3 + 1 sep_conv 3x3;'
                '2 sep_conv 3x3 + 2 identity; 2 avg_pool 3x3 + 1 identity'
            ),
            _cell(
                '1 avg_pool 3x3 + 2 sep_conv 3x3; 1 max_pool 3x3 + 3 sep_conv 7x7; 1 sep_conv 7x7 + 2 avg_pool 3x3;'
                '2 max_pool 3x3 + 1 max_pool 3x3; 6 sep_conv 3x3 + 1 conv 1x7+7x1'
            ),
        ),
        'nao_cnn_wide',
        'AmoebaNet-A',
    ),
    NamedCell(
        'AmoebaNet-B',
        CellPair(
            _cell(
                '1 sep_conv 3x3 + 2 identity; 2 max_pool 3x3 + 2 conv 1x1; 2 conv 1x1 + 1 sep_conv 3x3;'
                '4 identity + 4 conv 1x1; 2 avg_pool 3x3 + 6 conv 1x1'
            ),
            _cell(
                '1 max_pool 2x2 + 1 max_pool 3x3; 3 dil_sep_conv 5x5 + 3 max_pool 3x3; 3 identity + 2 conv 3x3;'
                '4 avg_pool 3x3 + 5 conv 1x1; 5 identity + 2 sep_conv 3x3'
            ),
        ),
        'nao_cnn_wide',
        'AmoebaNet-B',
    ),
    NamedCell(
        'NASNet-A',
        CellPair(
            _cell(
                '2 sep_conv 3x3 + 2 identity; 1 sep_conv 3x3 + 2 sep_conv 5x5; 2 avg_pool 3x3 + 1 identity;'
                '1 avg_pool 3x3 + 1 avg_pool 3x3; 1 sep_conv 5x5 + 1 sep_conv 3x3',
                outputs=(1, 3, 4, 5, 6, 7),
            ),
            _cell(
                '1 sep_conv 7x7 + 2 sep_conv 5x5; 2 max_pool 3x3 + 1 sep_conv 7x7; 2 avg_pool 3x3 + 1 sep_conv 5x5;'
                '2 max_pool 3x3 + 3 sep_conv 3x3; 3 avg_pool 3x3 + 4 identity',
                outputs=(4, 5, 6, 7),
            ),
        ),
        '',
        'NASNet-A; it lists its outputs, which are not the loose ends',
    ),
    NamedCell(
        'DARTS_V2',
        CellPair(
            _cell(
                '1 sep_conv 3x3 + 2 sep_conv 3x3; 1 sep_conv 3x3 + 2 sep_conv 3x3; 2 sep_conv 3x3 + 1 identity;'
                '1 identity + 3 dil_conv 3x3',
                outputs=(3, 4, 5, 6),
            ),
            _cell(
                '1 max_pool 3x3 + 2 max_pool 3x3; 3 identity + 2 max_pool 3x3; 1 max_pool 3x3 + 3 identity;'
                '3 identity + 2 max_pool 3x3',
                outputs=(3, 4, 5, 6),
            ),
        ),
        '',
        'DARTS, second order; 4 nodes',
    ),
    NamedCell(
        'NAO-RNN',
        _recurrent('0 1 0 1 1 1 3 0 4 1 4 1 5 1 1 1 7 1 1 1 1 2', 'nao'),
        'nao_rnn',
        'NAO on Penn Treebank; its last node is the identity, as it was trained',
    ),
    NamedCell(
        'NAO-WS-RNN',
        _recurrent('0 1 1 1 2 2 1 2 4 1 4 1 4 1 7 1 8 2 1 0 4 1', 'nao_ws'),
        'nao_rnn',
        'NAO with weight sharing on Penn Treebank',
    ),
    NamedCell(
        'ENAS-RNN',
        _drawn(
            'tanh 0, tanh 1, relu 1, tanh 3, tanh 3, relu 3, relu 4, relu 7, relu 8, relu 8, relu 8',
            outputs=(2, 5, 6, 9, 10, 11),
        ),
        '',
        'ENAS; it averages its loose ends',
    ),
    NamedCell(
        'DARTS-RNN',
        _drawn('relu 0, relu 1, tanh 2, relu 3, relu 4, identity 1, relu 5, relu 1'),
        '',
        'DARTS; 8 nodes',
    ),
)
