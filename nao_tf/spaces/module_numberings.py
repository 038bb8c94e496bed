"""The numberings of the cells of NAS-Bench-101: all that a cell has, and one drawn from them."""

from __future__ import annotations

import functools
from collections.abc import Iterator

import numpy as np

from nao_tf.spaces import module_graph
from nao_tf.spaces.architecture import Architecture
from nao_tf.spaces.module_growth import VertexGrowthSpace

MOST_KNOWN = 1 << 16  # sequences whose symmetric copies are kept, before they are forgotten


class NumberedSpace(VertexGrowthSpace):
    """A space of module graphs in which each topological numbering of a cell is a sequence of its own."""

    @functools.cached_property
    def _known_copies(self) -> dict[bytes, np.ndarray]:
        """All numberings of a cell by the tokens of each."""
        return {}

    def symmetries(self, architecture: Architecture) -> Iterator[Architecture]:
        """Yields the other numberings of the cell, smallest first."""
        for graph in module_graph.numberings(self.graph(architecture)):
            other = self.from_graph(graph)
            if other != architecture:
                yield other

    def random_symmetry(self, tokens: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Returns a numbering of each cell, drawn uniformly from all it has: int [B, T].

        Args:
            tokens: int [B, T], valid sequences; they are not changed.
            rng: the source of randomness.
        """
        tokens = np.asarray(tokens)
        rows = tokens.astype(np.uint8)
        draws = rng.random(len(rows)).tolist()
        chosen = [copies[int(draw * len(copies))] for copies, draw in zip(map(self._copies, rows), draws, strict=True)]
        return np.array(chosen, tokens.dtype).reshape(tokens.shape)

    def _copies(self, row: np.ndarray) -> np.ndarray:
        """Returns all numberings of a cell, uint8 [copies, T]; kept, since a training asks for the same cells again."""
        copies = self._known_copies.get(row.tobytes())
        if copies is None:
            graphs = module_graph.numberings(self.graph(Architecture(self.name, tuple(row.tolist()))))
            copies = np.array([self.from_graph(graph).tokens for graph in graphs], np.uint8)
            if len(self._known_copies) > MOST_KNOWN:
                self._known_copies.clear()
            self._known_copies.update((copy.tobytes(), copies) for copy in copies)
        return copies
