"""Random renumbering of the nodes of many cells at once: the other symmetry beside exchanging branches."""

from __future__ import annotations

import numpy as np


def random_renumbering(sources: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Draws a topological order of every cell of a batch.

    At every place one of the nodes whose inputs are already placed comes next, the one with the largest random
    priority; every topological order can come out.

    Args:
        sources: int [C, B, 2], the node that each branch reads, counted from 0; negative for an input of the cell.
        rng: the source of randomness.

    Returns:
        `order` int [C, B], `order[c, new] = old`, and `sources` of the reordered cells with the new numbers
        (negative ones as they were).
    """
    cells, nodes, _ = sources.shape
    needs = np.any(sources[..., None] == np.arange(nodes), axis=2)  # [C, B, B]: node reads node
    placed = np.zeros((cells, nodes), bool)
    order = np.zeros((cells, nodes), int)
    number = np.zeros((cells, nodes), int)
    priority = rng.random((cells, nodes))
    rows = np.arange(cells)
    for place in range(nodes):
        ready = ~placed & ~np.any(needs & ~placed[:, None, :], axis=2)
        chosen = np.argmax(np.where(ready, priority, -1.0), axis=1)
        order[:, place] = chosen
        number[rows, chosen] = place
        placed[rows, chosen] = True
    inner = np.maximum(sources, 0).reshape(cells, -1)
    renamed = np.where(sources < 0, sources, np.take_along_axis(number, inner, axis=1).reshape(sources.shape))
    return order, np.take_along_axis(renamed, order[:, :, None], axis=1)
