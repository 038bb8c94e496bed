"""NAS-Bench-101: known counts of classes, the benchmark's hashes, pruning, numbering, neighbours, reading."""

import itertools
import json
import os
from pathlib import Path

import numpy as np
import pytest

from nao_tf.errors import InputError
from nao_tf.spaces import module_graph
from nao_tf.spaces.architecture import Architecture
from nao_tf.spaces.module_graph import ModuleGraph
from nao_tf.spaces.nasbench101 import NASBench101Space
from nao_tf.spaces.registry import get_space

SPACE = get_space('nasbench101')
DATA = os.environ.get('NAO_TF_TEST_DATA')


def every_sequence(space):
    stack = [(0, 0, ())]
    while stack:
        position, state, tokens = stack.pop()
        if position == space.length:
            yield Architecture(space.name, tokens)
            continue
        for token in np.flatnonzero(space.valid[position, state]).tolist():
            stack.append((position + 1, int(space.next_state[state, token]), (*tokens, token)))


def draws(count, seed=0):
    rng = np.random.default_rng(seed)
    return [SPACE.sample(rng) for _ in range(count)]


# The benchmark has 1, 6, 84 and 2,441 different cells of 2, 3, 4 and 5 vertices.
@pytest.mark.parametrize(('vertices', 'classes'), [(2, 1), (3, 7), (4, 91), (5, 2532)])
def test_classes_of_small_spaces(vertices, classes):
    space = NASBench101Space('small', vertices=vertices)
    sequences = list(every_sequence(space))
    forms = {space.canonical(architecture) for architecture in sequences}
    assert len(sequences) == space.size
    assert len(forms) == len({space.module_hash(form) for form in forms}) == classes


def test_every_pruned_small_cell_can_be_written():
    space = NASBench101Space('small', vertices=4, edges=5)
    written = {space.graph(architecture) for architecture in every_sequence(space)}
    expected = set()
    for count in range(3):
        pairs = list(itertools.combinations(range(count + 2), 2))
        for present in itertools.product((0, 1), repeat=len(pairs)):
            matrix = np.zeros((count + 2, count + 2), int)
            for (source, target), edge in zip(pairs, present, strict=True):
                matrix[source, target] = edge
            for operations in itertools.product(range(3), repeat=count):
                graph = module_graph.from_matrix(matrix, operations)
                if graph is not None and len(graph.operations) == count and graph.edges <= 5:
                    expected.add(graph)
    assert written == expected


def test_canonical_form_is_the_smallest_numbering_and_keeps_the_hash():
    for architecture in draws(60):
        form = SPACE.canonical(architecture)
        others = list(SPACE.symmetries(architecture))
        assert architecture not in others
        assert {SPACE.canonical(other) for other in others} <= {form}
        assert {SPACE.module_hash(other) for other in others} <= {SPACE.module_hash(architecture)}
        assert form == min([architecture, *others], key=lambda each: smallness(SPACE.graph(each)))


def smallness(graph):
    """Rows of source bits from source 0 on, each followed by its operation."""
    rows = [[mask >> source & 1 for source in range(7)] for mask in graph.sources]
    return [*zip(rows, graph.operations, strict=False), (rows[-1],)]


def test_random_symmetry_draws_every_numbering():
    graph = ModuleGraph((0, 1, 2), (1, 1, 1, 0b1110))  # three vertices side by side: six numberings
    architecture = SPACE.from_graph(graph)
    assert len(list(SPACE.symmetries(architecture))) == 5
    tokens = np.array([architecture.tokens] * 600)
    rows, counts = np.unique(SPACE.random_symmetry(tokens, np.random.default_rng(0)), axis=0, return_counts=True)
    assert len(rows) == 6
    assert counts.min() > 60  # 100 expected, standard deviation 9


def test_pruning():
    matrix = np.zeros((7, 7), int)
    for source, target in [(0, 1), (1, 6), (0, 2), (3, 6), (4, 5)]:  # 2 leads nowhere, 3 comes from nowhere
        matrix[source, target] = 1
    assert module_graph.from_matrix(matrix, (2, 0, 0, 0, 0)) == ModuleGraph((2,), (1, 2))
    matrix[1, 6] = 0
    assert module_graph.from_matrix(matrix, (2, 0, 0, 0, 0)) is None


def test_mutations_do_not_depend_on_the_numbering():
    for architecture in draws(8):
        expected = {SPACE.canonical(other) for other in SPACE.mutations(architecture)}
        for other in itertools.islice(SPACE.symmetries(architecture), 3):
            assert {SPACE.canonical(mutation) for mutation in SPACE.mutations(other)} == expected


def test_mutations_of_a_chain():
    chain = SPACE.parse('conv3x3-bn-relu(0) output(1)')
    texts = {SPACE.to_text(other) for other in SPACE.mutations(chain)}
    assert {'conv1x1-bn-relu(0) output(1)', 'conv3x3-bn-relu(0) output(0,1)'} <= texts
    assert 'conv3x3-bn-relu(0) maxpool3x3(0) output(1,2)' in texts
    assert 'output(0)' not in texts  # the edges are two decisions: first 0 -> output, then the vertex
    assert 'output(0)' in {SPACE.to_text(o) for o in SPACE.mutations(SPACE.parse('maxpool3x3(0) output(0,1)'))}


def test_mutations_reach_every_cell():
    space = NASBench101Space('small', vertices=4)
    start = space.canonical(space.parse('output(0)'))
    reached, frontier = {start}, [start]
    while frontier:
        others = {space.canonical(other) for each in frontier for other in space.mutations(each)}
        frontier = list(others - reached)
        reached |= others
    assert len(reached) == 91


def test_sample_is_uniform_over_sequences():
    space = NASBench101Space('small', vertices=4)
    rng = np.random.default_rng(0)
    counts = dict.fromkeys(every_sequence(space), 0)
    for _ in range(100 * len(counts)):
        counts[space.sample(rng)] += 1
    statistic = sum((count - 100) ** 2 / 100 for count in counts.values())
    assert statistic < len(counts) + 4 * np.sqrt(2 * len(counts))  # chi-square


def test_features():
    text = 'conv3x3-bn-relu(0) maxpool3x3(0,1) output(1,2)'
    row = SPACE.features([SPACE.parse(text)])[0]
    edges, operations, carried, counts = np.split(row, [21, 36, 400])
    upper = list(itertools.combinations(range(7), 2))
    assert {upper[index] for index in np.flatnonzero(edges)} == {(0, 1), (0, 2), (1, 2), (1, 6), (2, 6)}
    assert np.flatnonzero(operations).tolist() == [0, 3 + 2]
    # Paths: conv 3x3 (1 + 0), max pool (1 + 2), both (1 + 3 + 0 * 3 + 2).
    assert np.flatnonzero(carried).tolist() == [1, 3, 6]
    assert counts.tolist() == [1, 0, 1, 5]
    assert row.dtype == np.float32
    assert SPACE.features([]).shape == (0, 404)


def test_the_benchmarks_form_is_pruned():
    matrix = [[0, 1, 1, 0], [0, 0, 0, 1], [0, 0, 0, 0], [0, 0, 0, 0]]
    labels = ['input', 'maxpool3x3', 'conv1x1-bn-relu', 'output']
    architecture = SPACE.parse(json.dumps({'module_adjacency': matrix, 'module_operations': labels}))
    assert SPACE.to_text(architecture) == 'maxpool3x3(0) output(1)'
    assert SPACE.describe(architecture).splitlines()[1] == 'node_1 = maxpool3x3(input)'


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('conv3x3-bn-relu(0) output(0,3)', r'vertex 2 \(output\) reads vertex 3'),
        ('conv3x3(0) output(1)', "operation 'conv3x3' of vertex 1"),
        ('maxpool3x3(0) maxpool3x3(1)', "'input', the operations and 'output'"),
        ('maxpool3x3 (0) output(1)', "'maxpool3x3' is no vertex"),
        (' '.join(['maxpool3x3(0)'] * 6) + ' output(1,2,3,4,5,6)', 'at most 7 vertices and 9 edges, not 8 and 12'),
        (' '.join(['maxpool3x3(0)'] * 5) + ' output(1,2,3,4,5)', 'not 7 and 10'),
        ('{"module_adjacency": [[0, 2], [0, 0]], "module_operations": ["input", "output"]}', 'numbers 0 or 1'),
        ('{"module_adjacency": [[0, 1], [1, 0]], "module_operations": ["input", "output"]}', 'edge 1->0'),
        ('{"module_adjacency": [[0, 0], [0, 0]], "module_operations": ["input", "output"]}', 'no path'),
        ('{"module_adjacency": [[0, 1], [0, 0]]}', "'input', the operations and 'output', not None"),
        ('1 ' * 26, r'whether vertex|operation of vertex 1|whether the output'),
    ],
)
def test_bad_cells_name_the_place(text, message):
    with pytest.raises(InputError, match=message) as error:
        SPACE.parse(text)
    assert '\n' not in str(error.value)


@pytest.mark.skipif(not DATA, reason='NAO_TF_TEST_DATA is not set')
def test_the_real_cells_and_their_hashes():
    with np.load(Path(DATA) / 'nasbench101_10k.npz', allow_pickle=False) as table:
        matrices, sizes, operations, hashes = (table[name] for name in ('adj', 'n_vertices', 'ops', 'hash'))
    rng = np.random.default_rng(0)
    forms = {}
    for row in range(3000):
        size = int(sizes[row])
        graph = module_graph.from_matrix(matrices[row, :size, :size], tuple(operations[row, : size - 2].tolist()))
        architecture = SPACE.from_graph(graph)
        SPACE.validate(architecture)
        assert len(graph.operations) == size - 2  # the table is pruned
        if row < 1000:
            assert SPACE.module_hash(architecture) == hashes[row].tobytes().hex()
        other = SPACE.random_symmetry(np.array([architecture.tokens]), rng)[0]
        form = SPACE.canonical(Architecture(SPACE.name, tuple(other)))
        assert form == SPACE.canonical(architecture)
        forms[form] = row
    assert len(forms) == 3000  # different hashes, different forms
