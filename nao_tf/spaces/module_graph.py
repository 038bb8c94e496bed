"""Labelled graphs of NAS-Bench-101: pruning, the smallest numbering, the benchmark's hash, paths."""

from __future__ import annotations

import functools
import hashlib
import itertools
from typing import NamedTuple

import numpy as np

OPERATIONS = ('conv3x3-bn-relu', 'conv1x1-bn-relu', 'maxpool3x3')
INPUT, OUTPUT = -1, -2  # labels of the first and the last vertex in the benchmark's hash


class ModuleGraph(NamedTuple):
    """A graph whose vertex 0 is the input and whose last vertex is the output; edges go to larger numbers.

    Attributes:
        operations: index of the operation of vertex 1, 2, ... k.
        sources: for vertex 1, 2, ... k and the output (vertex k + 1), a bit mask of the vertices that it reads.
    """

    operations: tuple[int, ...]
    sources: tuple[int, ...]

    @property
    def edges(self) -> int:
        """Number of edges."""
        return sum(mask.bit_count() for mask in self.sources)

    @property
    def matrix(self) -> np.ndarray:
        """Upper triangular adjacency matrix, uint8 [k + 2, k + 2]; entry (a, b) is the edge from a to b."""
        size = len(self.sources) + 1
        result = np.zeros((size, size), np.uint8)
        for target, mask in enumerate(self.sources, start=1):
            for source in bits(mask):
                result[source, target] = 1
        return result


def bits(mask: int) -> list[int]:
    """Returns the positions of the ones in a bit mask, smallest first."""
    return [position for position in range(mask.bit_length()) if mask >> position & 1]


def from_matrix(matrix: np.ndarray, operations: tuple[int, ...]) -> ModuleGraph | None:
    """Returns the graph of an upper triangular matrix without the vertices that are on no path from input to output.

    Args:
        matrix: [n, n], not zero where there is an edge.
        operations: of the n - 2 inner vertices.

    Returns:
        The pruned graph, its vertices in their old order; None if no path leads from the input to the output.
    """
    size = len(matrix)
    sources = [0] * size
    for source, target in np.argwhere(np.triu(matrix, 1)).tolist():
        sources[target] |= 1 << source
    return pruned(tuple(sources), operations)


def pruned(sources: tuple[int, ...], operations: tuple[int, ...]) -> ModuleGraph | None:
    """Returns a graph without the vertices that are on no path from input to output; None if there is no path.

    Args:
        sources: bit masks of vertex 0 (empty), 1, ... and the output, the last.
        operations: of the vertices between.
    """
    reached, needed = 1, 1 << len(sources) - 1
    for vertex, mask in enumerate(sources):
        reached |= bool(mask & reached) << vertex
    for vertex in reversed(range(len(sources))):
        if needed >> vertex & 1:
            needed |= sources[vertex]
    kept = reached & needed
    if not kept & 1 or not kept >> len(sources) - 1:
        return None
    order = bits(kept)
    masks = tuple(
        sum(1 << place for place, source in enumerate(order) if sources[vertex] >> source & 1) for vertex in order[1:]
    )
    return ModuleGraph(tuple(operations[vertex - 1] for vertex in order[1:-1]), masks)


@functools.lru_cache(maxsize=1 << 15)
def smallest_numbering(graph: ModuleGraph) -> ModuleGraph:
    """Returns the canonical graph of all topological renumberings of a pruned graph.

    Vertices are numbered greedily: the next is the smallest row (sources in their new numbers as a bit string from
    source 0 on, then operation) among those whose sources have numbers. Twins, which are equal so far and told apart by
    their readers, are tried one after another.

    Args:
        graph: without vertices that are on no path.
    """
    count = len(graph.operations)
    # rows[v]: new numbers of the sources of vertex v, reversed bits so that integers sort as the bit strings do.
    rows = [sum(1 << count + 1 - source for source in bits(mask & 1)) for mask in graph.sources]
    missing = [mask >> 1 << 1 for mask in graph.sources]
    return _complete(graph, tuple(rows), tuple(missing), (), (1 << count) - 1)[1]


def _complete(
    graph: ModuleGraph, rows: tuple[int, ...], missing: tuple[int, ...], done: tuple[tuple[int, int], ...], open_: int
) -> tuple[tuple, ModuleGraph]:
    """Returns the smallest completion of a numbering that has begun, as (sort key, graph).

    Args:
        graph: what is numbered.
        rows: reversed bit mask of the new numbers of each vertex's numbered sources.
        missing: bit mask of each vertex's sources without a number.
        done: (row, operation) of the vertices that have numbers.
        open_: bit mask of the vertices without (bit 0 is vertex 1).
    """
    count = len(graph.operations)
    if not open_:
        width = count + 2
        sources = tuple(int(f'{row:0{width}b}'[::-1], 2) for row in (*(row for row, _ in done), rows[-1]))
        result = ModuleGraph(tuple(operation for _, operation in done), sources)
        return (done, rows[-1]), result
    ready = [index for index in bits(open_) if not missing[index]]
    smallest = min((rows[index], graph.operations[index]) for index in ready)
    completions = []
    for index in ready:
        if (rows[index], graph.operations[index]) != smallest:
            continue
        bit, number = 1 << index + 1, 1 << count - len(done)  # the new number is len(done) + 1
        readers = [mask & bit for mask in missing]
        completions.append(
            _complete(
                graph,
                tuple(row | number if reads else row for row, reads in zip(rows, readers, strict=True)),
                tuple(mask & ~bit for mask in missing),
                (*done, smallest),
                open_ & ~(1 << index),
            )
        )
    return min(completions)


def numberings(graph: ModuleGraph) -> tuple[ModuleGraph, ...]:
    """Returns all different graphs that a pruned graph can be by topological renumbering, smallest first."""
    count = len(graph.operations)
    orders: list[tuple[int, ...]] = [()]
    for _ in range(count):
        orders = [
            (*order, vertex)
            for order in orders
            for vertex in range(1, count + 1)
            if vertex not in order and set(bits(graph.sources[vertex - 1])) <= {0, *order}
        ]
    found = set()
    for order in orders:
        number = [0] * (count + 1)
        for place, vertex in enumerate(order, start=1):
            number[vertex] = place
        masks = tuple(
            sum(1 << number[source] for source in bits(graph.sources[vertex - 1])) for vertex in (*order, count + 1)
        )
        found.add(ModuleGraph(tuple(graph.operations[vertex - 1] for vertex in order), masks))
    return tuple(sorted(found))


def module_hash(graph: ModuleGraph) -> str:
    """Returns the benchmark's hash: MD5 of degrees and label, iterated over the neighbours' hashes.

    Args:
        graph: pruned; any numbering gives the same hash.

    Returns:
        32 hexadecimal digits.
    """

    def md5(text: str) -> str:
        return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()

    matrix = graph.matrix
    labels = (INPUT, *graph.operations, OUTPUT)
    degrees = zip(matrix.sum(1).tolist(), matrix.sum(0).tolist(), labels, strict=True)
    hashes = [md5(str(vertex)) for vertex in degrees]
    for _ in labels:
        hashes = [
            md5('|'.join((_joined(hashes, matrix[:, vertex]), _joined(hashes, matrix[vertex]), hashes[vertex])))
            for vertex in range(len(labels))
        ]
    return md5(str(sorted(hashes)))


def _joined(hashes: list[str], chosen: np.ndarray) -> str:
    """Returns the chosen hashes in order, joined."""
    return ''.join(sorted(itertools.compress(hashes, chosen.tolist())))


def paths(graph: ModuleGraph) -> set[tuple[int, ...]]:
    """Returns the sequences of operations along all paths from the input to the output."""
    found: list[set[tuple[int, ...]]] = [{()}]
    for vertex, mask in enumerate(graph.sources):
        own = graph.operations[vertex : vertex + 1]
        found.append({(*path, *own) for source in bits(mask) for path in found[source]})
    return found[-1]
