"""Cells of NAS-Bench-201: edges, which cells are the same by the benchmark's own reduction, and features."""

from __future__ import annotations

import itertools

import numpy as np

OPERATIONS = ('none', 'skip_connect', 'nor_conv_1x1', 'nor_conv_3x3', 'avg_pool_3x3')
# (source, target) of every edge in the order of the tokens, which is the benchmark's.
EDGES = ((0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3))
# Edges of every path from the input (node 0) to the output (node 3).
PATHS = ((3,), (0, 4), (1, 5), (0, 2, 5))

Node = tuple[tuple[str, int], ...]  # (operation, source) of every edge into a node


def class_texts() -> list[str]:
    """Returns a text for each of the 15,625 cells in lexicographic order; cells of one class have the same text.

    The benchmark's reduction: a node is the sorted list of what its edges carry. `none`, and whatever reads a node
    that is nothing but zero, carries zero; `skip_connect` carries the text of its source as it is; any other operation
    is written behind the text of its source. A sum of zeros is not recognised as zero, and a skipped sum is sorted
    in as one text, so not all equal functions meet; that gives the 6,466 classes that the benchmark states.
    """

    def carried(operation: str, source: str) -> str:
        if operation == 'none' or source == '#':
            return '#'
        return source if operation == 'skip_connect' else f'({source})@{operation}'

    def all_carried(source: str) -> list[str]:
        return [carried(operation, source) for operation in OPERATIONS]

    from_input = all_carried('0')
    result = []
    for node_1 in from_input:
        from_1 = all_carried(node_1)
        for terms in itertools.product(from_input, from_1):
            from_2 = all_carried('+'.join(sorted(terms)))
            result += ['+'.join(sorted(terms)) for terms in itertools.product(from_input, from_1, from_2)]
    return result


def features(operations: np.ndarray) -> np.ndarray:
    """Returns one-hot edge operations, path counts and operation counts of cells.

    Args:
        operations: int [B, 6], indices into `OPERATIONS`.

    Returns:
        float32 [B, 75] (`NASBench201Space.features`).
    """
    words = np.eye(len(OPERATIONS), dtype=np.float32)[operations]
    computing = len(OPERATIONS) - 2  # none breaks a path, skip_connect leaves no trace in it
    starts = np.cumsum([0] + [computing**length for length in range(4)])  # column of the first path of a length
    paths = np.zeros((len(operations), starts[-1]), np.float32)
    for path in PATHS:
        sequence = operations[:, path]
        column, length = np.zeros(len(operations), int), np.zeros(len(operations), int)
        for operation in sequence.T:
            computes = operation >= 2
            column += np.where(computes, (operation - 2) * computing**length, 0)
            length += computes
        whole = (sequence > 0).all(1)
        paths[np.flatnonzero(whole), (starts[length] + column)[whole]] += 1
    return np.concatenate([words.reshape(len(words), -1), paths, words.sum(1)], 1)
