"""The graphs of NAS-Bench-101 that are one decision away from a graph."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Set

from nao_tf.spaces.module_graph import ModuleGraph, bits, pruned

END = -1  # the output vertex while a graph is changed
Edge = tuple[int, int]


def neighbours(graph: ModuleGraph, *, operations: int, vertices: int, edges: int) -> list[list[ModuleGraph]]:
    """Returns the graphs that are one decision away, each once, by the kind of the decision.

    An operation is changed; an edge is added or removed, in whatever direction keeps the graph acyclic; a vertex with
    one edge in and one out is put in or taken away. No result has a vertex that is on no path from the input to the
    output, so each decision can be taken back, and what is reached does not depend on the numbering.

    Args:
        graph: pruned.
        operations: number of operations.
        vertices: most vertices, input and output included.
        edges: most edges.

    Returns:
        At most three lists (operation, edge, vertex), none of them empty.
    """
    kinds: dict[str, dict[ModuleGraph, None]] = {}
    for kind, other in _decisions(graph, operations, vertices, edges):
        kinds.setdefault(kind, {})[other] = None
    return [list(graphs) for graphs in kinds.values()]


def _decisions(graph: ModuleGraph, operations: int, vertices: int, edges: int) -> Iterator[tuple[str, ModuleGraph]]:
    """Yields (kind of decision, graph); a graph may come more than once."""
    labels = dict(enumerate(graph.operations, start=1))
    present = {
        (source, target if target <= len(labels) else END)
        for target, mask in enumerate(graph.sources, start=1)
        for source in bits(mask)
    }
    pairs = [pair for pair in itertools.product((0, *labels), (*labels, END)) if pair[0] != pair[1]]
    for index, other in itertools.product(range(len(labels)), range(operations)):
        if other != graph.operations[index]:
            changed = (*graph.operations[:index], other, *graph.operations[index + 1 :])
            yield 'operation', graph._replace(operations=changed)
    for pair in pairs:
        yield from _whole('edge', labels, present ^ {pair}, edges)
    if len(labels) + 2 < vertices:
        new = len(labels) + 1
        for (source, target), operation in itertools.product(pairs, range(operations)):
            yield from _whole('vertex', {**labels, new: operation}, present | {(source, new), (new, target)}, edges)
    for vertex in labels:
        own = {edge for edge in present if vertex in edge}
        if len(own) == 2:  # on a path, so one in and one out
            others = {label: operation for label, operation in labels.items() if label != vertex}
            yield from _whole('vertex', others, present - own, edges)


def _whole(kind: str, labels: Mapping[int, int], present: Set[Edge], most: int) -> Iterator[tuple[str, ModuleGraph]]:
    """Yields the graph of these vertices and edges if it is acyclic, within the edges, and every vertex on a path."""
    if len(present) > most:
        return
    reads = dict.fromkeys((*labels, END), 0)
    for source, target in present:
        reads[target] |= 1 << source
    order, numbered = [0], 1
    while len(order) <= len(labels):
        ready = min(
            (label for label in labels if not numbered >> label & 1 and not reads[label] & ~numbered), default=0
        )
        if not ready:
            return
        order.append(ready)
        numbered |= 1 << ready
    number = {label: place for place, label in enumerate((*order, END))}
    masks = [0] * len(number)
    for source, target in present:
        masks[number[target]] |= 1 << number[source]
    graph = pruned(tuple(masks), tuple(labels[label] for label in order[1:]))
    if graph is not None and len(graph.operations) == len(labels):
        yield kind, graph
