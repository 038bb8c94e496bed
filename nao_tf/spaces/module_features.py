"""What a classic model reads of graphs of NAS-Bench-101."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np

from nao_tf.spaces.module_graph import OPERATIONS, ModuleGraph, paths


def features(graphs: Sequence[ModuleGraph], vertices: int) -> np.ndarray:
    """Returns edges, operations of the vertices, path encoding, and counts of operations and edges.

    Args:
        graphs: n pruned ones; the output of a small one stands at the last vertex.
        vertices: most vertices, input and output included.

    Returns:
        float32 [n, F] (`NASBench101Space.features`).
    """
    kinds, count = len(OPERATIONS), vertices - 2
    starts = np.cumsum([0, *(kinds**length for length in range(count + 1))])  # column of the first path of a length
    edges = np.zeros((len(graphs), vertices, vertices), np.float32)
    operations = np.zeros((len(graphs), count, kinds), np.float32)
    carried = np.zeros((len(graphs), starts[-1]), np.float32)
    for row, graph in enumerate(graphs):
        used = len(graph.operations)
        places = [*range(used + 1), vertices - 1]
        edges[row][np.ix_(places, places)] = graph.matrix
        operations[row, range(used), graph.operations] = 1
        for path in paths(graph):
            carried[row, starts[len(path)] + functools.reduce(lambda rank, kind: kinds * rank + kind, path, 0)] = 1
    upper = edges[:, *np.triu_indices(vertices, 1)]
    words = operations.reshape(-1, count * kinds)
    return np.concatenate([upper, words, carried, operations.sum(1), upper.sum(1, keepdims=True)], 1)
