"""NAS-Bench-101: cells of at most seven vertices and nine edges (Ying et al., 2019)."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from nao_tf.errors import InputError
from nao_tf.spaces import module_features, module_graph, module_masks, module_writing
from nao_tf.spaces.architecture import Architecture
from nao_tf.spaces.module_graph import OPERATIONS, ModuleGraph
from nao_tf.spaces.module_neighbours import neighbours
from nao_tf.spaces.module_numberings import NumberedSpace
from nao_tf.spaces.uniform import UniformSampler


class NASBench101Space(NumberedSpace):
    """All cells of an input, up to five inner vertices with an operation each, and an output.

    The tokens of vertex 1, 2, ... and the output: for each earlier vertex whether it is read (`from_j`, `no_edge`),
    then the operation, `unused` where the cell has fewer vertices; the output has none. Only pruned cells can be
    written (every vertex on a path from input to output, used vertices first), so no token is without effect. The
    canonical form is the smallest topological numbering; two cells have the same one exactly when the benchmark's
    hashes are equal.

    Args:
        name: the space's name.
        vertices: most vertices, input and output included.
        edges: most edges.
    """

    branch_length = 1

    def __init__(self, name: str = 'nasbench101', *, vertices: int = 7, edges: int = 9):
        if vertices < 2 or edges < 1:
            raise InputError(
                f'space {name}: a cell has at least 2 vertices and 1 edge, not {vertices} vertices and {edges} edges'
            )
        self.name = name
        self.vertices = vertices
        self.edges = edges
        self.node_count = vertices - 2
        self.vocabulary = (
            '<sos>', 'no_edge', *(f'from_{source}' for source in range(vertices - 1)), 'unused', *OPERATIONS,
        )  # fmt: skip
        self._ids = module_masks.Tokens(1, 2, vertices + 1, vertices + 2)
        self._layout = module_masks.layout(vertices)
        self.length = len(self._layout)
        self.next_state, self.valid = module_masks.machine(vertices, edges, len(OPERATIONS), self._ids)

    @functools.cached_property
    def size(self) -> int:
        """Number of sequences: every pruned cell in each of its numberings."""
        return self.completions[0][0]

    @property
    def step_nodes(self) -> np.ndarray:
        """Vertex that a token belongs to: int [T], vertex 1 counted as 0."""
        return np.array([vertex - 1 for vertex, _ in self._layout])

    @property
    def read_nodes(self) -> np.ndarray:
        """Vertex that a token says is read: int [T, V]; -1 for the input and where none is."""
        table = np.full((self.length, len(self.vocabulary)), -1)
        for position, (_, source) in enumerate(self._layout):
            if source is not None:
                table[position, self._ids.first_source + source] = source - 1
        return table

    @functools.cached_property
    def _sampler(self) -> UniformSampler:
        """Draws sequences; made at first use."""
        return UniformSampler(self)

    def sample(self, rng: np.random.Generator) -> Architecture:
        """Draws one architecture, uniform over the sequences.

        Args:
            rng: the source of randomness.
        """
        return self._sampler.sample(rng)

    def graph(self, architecture: Architecture) -> ModuleGraph:
        """Returns the pruned graph of a valid architecture."""
        sources, operations = [0] * self.vertices, []
        for (vertex, source), token in zip(self._layout, architecture.tokens, strict=True):
            if source is None and token != self._ids.unused:
                operations.append(token - self._ids.first_operation)
            elif source is not None and token != self._ids.no_edge:
                sources[vertex] |= 1 << source
        return ModuleGraph(tuple(operations), (*sources[1 : len(operations) + 1], sources[-1]))

    def from_graph(self, graph: ModuleGraph) -> Architecture:
        """Returns the architecture that writes a pruned graph in its numbering.

        Raises:
            InputError: if it has too many vertices or edges.
        """
        count = len(graph.operations)
        if count > self.node_count or graph.edges > self.edges:
            raise InputError(
                f'space {self.name}: a cell has at most {self.vertices} vertices and {self.edges} edges, '
                f'not {count + 2} and {graph.edges}'
            )
        sources = [0, *graph.sources[:-1], *[0] * (self.node_count - count), graph.sources[-1]]
        tokens = []
        for vertex, source in self._layout:
            if source is None:
                used = vertex <= count
                tokens.append(self._ids.first_operation + graph.operations[vertex - 1] if used else self._ids.unused)
            else:
                read = sources[vertex] >> source & 1
                tokens.append(self._ids.first_source + source if read else self._ids.no_edge)
        return Architecture(self.name, tuple(tokens))

    def canonical(self, architecture: Architecture) -> Architecture:
        """Returns the smallest numbering of the cell."""
        return self.from_graph(module_graph.smallest_numbering(self.graph(architecture)))

    def module_hash(self, architecture: Architecture) -> str:
        """Returns the benchmark's hash of the cell, 32 hexadecimal digits; the same for every numbering."""
        return module_graph.module_hash(self.graph(architecture))

    def mutations(self, architecture: Architecture) -> Iterator[Architecture]:
        """Yields the cells that are one decision away: an operation, an edge, a vertex with one edge in and one out."""
        for graphs in self._neighbours(architecture):
            yield from map(self.from_graph, graphs)

    def mutate(self, architecture: Architecture, rng: np.random.Generator) -> Architecture:
        """Returns one of `mutations`: first the kind of decision is drawn uniformly, then a cell of that kind.

        Args:
            architecture: the parent.
            rng: the source of randomness.

        Raises:
            InputError: if there is no other architecture.
        """
        kinds = self._neighbours(architecture)
        if not kinds:
            raise InputError(f'space {self.name}: {architecture} cannot be mutated into anything else')
        graphs = kinds[int(rng.integers(len(kinds)))]
        return self.from_graph(graphs[int(rng.integers(len(graphs)))])

    def _neighbours(self, architecture: Architecture) -> list[list[ModuleGraph]]:
        """Returns the graphs that are one decision away, by the kind of the decision; kinds without any left out."""
        graph = self.graph(architecture)
        return neighbours(graph, operations=len(OPERATIONS), vertices=self.vertices, edges=self.edges)

    def features(self, architectures: Sequence[Architecture]) -> np.ndarray:
        """Returns edges (21), operations of the vertices (15), path encoding (364) and counts (operations, edges).

        The path encoding has a column for each sequence of no to five operations: 1 where a path from the input to the
        output carries it (BANANAS, White et al., section 3). Sizes are those of seven vertices.

        Args:
            architectures: n canonical ones.

        Returns:
            float32 [n, F].
        """
        graphs = [self.graph(architecture) for architecture in architectures]
        return module_features.features(graphs, self.vertices)

    def nodes(self, architecture: Architecture) -> tuple[tuple[str, tuple[int, ...]], ...]:
        """Returns the operation and the sources of vertex 1, 2, ... and last of the output (`output`)."""
        graph = self.graph(architecture)
        names = (*(OPERATIONS[operation] for operation in graph.operations), 'output')
        return tuple((name, tuple(module_graph.bits(mask))) for name, mask in zip(names, graph.sources, strict=True))

    def from_nodes(self, nodes: Sequence[tuple[str, Sequence[int]]]) -> Architecture:
        """Returns the architecture of such a list, pruned.

        Raises:
            InputError: if a vertex reads no earlier one, an operation is unknown, or the cell is too large.
        """
        return self.from_graph(module_writing.from_nodes(self.name, nodes))

    def to_text(self, architecture: Architecture) -> str:
        """Returns the cell in one line, such as `conv3x3-bn-relu(0) maxpool3x3(0,1) output(1,2)`."""
        return module_writing.to_text(self.nodes(architecture))

    def parse_words(self, words: Sequence[str]) -> Architecture:
        """Reads the text form (and prunes it), or the words of the tokens.

        Raises:
            InputError: if they are neither.
        """
        if '(' not in ''.join(words):
            return super().parse_words(words)
        return self.from_nodes(module_writing.from_words(self.name, words))

    def to_json(self, architecture: Architecture) -> dict[str, Any]:
        """Returns the benchmark's form: `{'space': name, 'module_adjacency': [[...]], 'module_operations': [...]}`."""
        return {'space': self.name, **module_writing.to_labels(self.graph(architecture))}

    def from_json(self, value: Any) -> Architecture:
        """Reads `to_json` (and prunes it) or `Architecture.to_json`.

        Raises:
            InputError: if the object is not an architecture of this space.
        """
        if not isinstance(value, dict) or module_writing.MATRIX not in value:
            return super().from_json(value)
        if value.get('space', self.name) != self.name:
            raise InputError(f'the architecture is of space {value["space"]!r}, not {self.name!r}')
        matrix, labels = value[module_writing.MATRIX], value.get(module_writing.LABELS)
        return self.from_graph(module_writing.from_labels(self.name, matrix, labels))

    def describe(self, architecture: Architecture) -> str:
        """Returns the cell as text, one line a vertex."""
        return module_writing.describe(self.graph(architecture), self.vertices)

    def explain(self, architecture: Architecture, position: int) -> str:
        """Returns which decision a wrong token belongs to."""
        del architecture
        vertex, source = self._layout[position]
        name = 'the output' if vertex == self.vertices - 1 else f'vertex {vertex}'
        return f' (the operation of {name})' if source is None else f' (whether {name} reads vertex {source})'
