"""Codes: an architecture as the small integer tensor that a compiled supernet takes."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from nao_tf.errors import InputError
from nao_tf.spaces.architecture import Architecture
from nao_tf.spaces.base import SearchSpace
from nao_tf.spaces.cells import CELL_INPUTS
from nao_tf.spaces.conv_cell import ConvCellSpace
from nao_tf.spaces.recurrent_cell import RecurrentCellSpace


def check_space(space: SearchSpace, kind: type[SearchSpace]) -> None:
    """Raises an InputError unless a space is of the kind that a supernet shares weights over.

    Args:
        space: what is to be searched.
        kind: `ConvCellSpace` or `RecurrentCellSpace`.
    """
    if not isinstance(space, kind):
        spaces = {
            ConvCellSpace: 'pairs of cells such as enas_cnn or nao_cnn',
            RecurrentCellSpace: 'cells such as nao_rnn',
        }
        raise InputError(f'space {space.name}: this supernet shares the weights of {spaces[kind]}, not of this space')


def conv_codes(space: ConvCellSpace, architecture: Architecture) -> np.ndarray:
    """Returns input and operation of every branch.

    Args:
        space: of the supernet.
        architecture: a cell pair of that space.

    Returns:
        int32 [2, 2B, 2]: normal and reduction cell; branches in the order of nodes, left before right; the index of
        the state that is read (0 and 1 are the cell's inputs), and that of the operation in `space.operations`.

    Raises:
        InputError: if the architecture is not of the space.
    """
    space.validate(architecture)
    index = {name: number for number, name in enumerate(space.operations)}
    pair = space.cells(architecture)
    return np.array(
        [
            [(branch.input, index[branch.operation]) for node in cell.nodes for branch in node.branches]
            for cell in (pair.normal, pair.reduction)
        ],
        np.int32,
    )


def loose_ends(codes: tf.Tensor) -> tf.Tensor:
    """Returns which states nobody reads, float32 [B + 2] of zeros and ones, of the codes [2B, 2] of one cell."""
    branches = codes.shape[0]
    return 1.0 - tf.reduce_max(tf.one_hot(codes[:, 0], branches // 2 + CELL_INPUTS), 0)


def recurrent_codes(space: RecurrentCellSpace, architecture: Architecture) -> np.ndarray:
    """Returns input and activation of every node.

    Args:
        space: of the supernet.
        architecture: a recurrent cell of that space.

    Returns:
        int32 [n, 2]: the index of the node that is read (0 is node 0), and that of the activation in
        `space.activations`.

    Raises:
        InputError: if the architecture is not of the space.
    """
    space.validate(architecture)
    index = {name: number for number, name in enumerate(space.activations)}
    return np.array([(source, index[name]) for source, name in space.nodes(architecture)], np.int32)


def branch_rows(nodes: int) -> np.ndarray:
    """Returns where the rows of each branch begin, int32 [2B]; a branch has one row an input (A2).

    The weights of an operation stand in rows by (node, side, input): node i may read i + 2 states, from the left and
    from the right, so that there are `row_count(nodes)` rows.

    Args:
        nodes: B.
    """
    inputs = np.repeat(CELL_INPUTS + np.arange(nodes), 2)
    return np.concatenate([[0], np.cumsum(inputs)[:-1]]).astype(np.int32)


def row_count(nodes: int) -> int:
    """Returns the number of rows of one operation in one cell (40 for B = 5)."""
    return nodes * (nodes + 2 * CELL_INPUTS - 1)
