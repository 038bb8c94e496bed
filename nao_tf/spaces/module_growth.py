"""Growth of the cells of NAS-Bench-101 by vertices, for progressive search."""

from __future__ import annotations

import abc
import functools
import itertools
from collections.abc import Iterator

import numpy as np

from nao_tf.spaces.architecture import Architecture
from nao_tf.spaces.base import SearchSpace
from nao_tf.spaces.module_graph import OPERATIONS, ModuleGraph, bits


def growths(graph: ModuleGraph, *, operations: int, edges: int) -> Iterator[ModuleGraph]:
    """Yields the graphs with one more vertex in the last place before the output.

    The new vertex reads any earlier ones and is read by the output; of those that it reads, the output may stop reading
    any. Every graph is such a growth: taking its last vertex away, and letting the output read what nobody reads any
    more, gives a graph with fewer edges that is within the limits too.

    Args:
        graph: pruned.
        operations: number of operations.
        edges: most edges.
    """
    count = len(graph.operations)
    *inner, output = graph.sources
    new = 1 << count + 1
    for mask in range(1, new):
        freed = bits(mask & output)
        for dropped in itertools.chain.from_iterable(itertools.combinations(freed, n) for n in range(len(freed) + 1)):
            rest = output & ~sum(1 << vertex for vertex in dropped)
            sources = (*inner, mask, rest | new)
            if sum(row.bit_count() for row in sources) > edges:
                continue
            for operation in range(operations):
                yield ModuleGraph((*graph.operations, operation), sources)


@functools.lru_cache(maxsize=1 << 10)
def _listed(graph: ModuleGraph, edges: int) -> tuple[ModuleGraph, ...]:
    """Returns all `growths`; kept, since a search draws from the same beam again and again."""
    return tuple(growths(graph, operations=len(OPERATIONS), edges=edges))


class VertexGrowthSpace(SearchSpace):
    """A space of module graphs whose stage is the number of inner vertices; stage 1 has the empty cell too.

    Attributes:
        edges: most edges.
        node_count: most inner vertices.
    """

    edges: int
    node_count: int

    @abc.abstractmethod
    def graph(self, architecture: Architecture) -> ModuleGraph:
        """Returns the pruned graph of a valid architecture."""

    @abc.abstractmethod
    def from_graph(self, graph: ModuleGraph) -> Architecture:
        """Returns the architecture that writes a pruned graph in its numbering."""

    @property
    def stages(self) -> int:
        """Most inner vertices, at least 1."""
        return max(1, self.node_count)

    def stage(self, architecture: Architecture) -> int:
        """Returns the number of inner vertices, 1 for the empty cell."""
        return max(1, len(self.graph(architecture).operations))

    def extensions(self, architecture: Architecture | None) -> Iterator[Architecture]:
        """Yields the cells with one more vertex, canonical, each once; the empty cell's are of stage 1: none.

        Args:
            architecture: what grows; None yields the empty cell and those of one vertex.
        """
        empty = ModuleGraph((), (1,))
        if architecture is None:
            yield self.from_graph(empty)
        graph = empty if architecture is None else self.graph(architecture)
        count = len(graph.operations)
        if count >= self.node_count or (architecture is not None and not count):
            return
        seen = set()
        for grown in _listed(graph, self.edges):
            cell = self.canonical(self.from_graph(grown))
            if cell not in seen:
                seen.add(cell)
                yield cell

    def extend(self, architecture: Architecture, rng: np.random.Generator) -> Architecture | None:
        """Returns a cell with one more vertex, drawn uniformly over the edges and the operation of the new vertex.

        Args:
            architecture: the cell that grows.
            rng: the source of randomness.
        """
        graph = self.graph(architecture)
        if not 0 < len(graph.operations) < self.node_count:
            return None
        choices = _listed(graph, self.edges)
        return self.canonical(self.from_graph(choices[int(rng.integers(len(choices)))])) if choices else None
