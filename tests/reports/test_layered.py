"""The layout of cells: columns by depth, no crossing where none is needed, nothing on top of another."""

import itertools

import pytest

from nao_tf.reports.cell_drawing import draw_cells
from nao_tf.reports.cell_graph import OUTPUT, graphs_of
from nao_tf.reports.layered import lay_out
from nao_tf.spaces.named import named_cell, names


def crossings(layout, edges):
    """Counts crossing lines between neighbouring columns, from the heights alone."""
    lines = set()
    for source, target in edges:
        points = [*layout.route(source, target), (target, layout.columns[target])]
        lines |= set(itertools.pairwise(points))
    y = layout.heights
    return sum(
        a[1] == c[1] and (y[a] - y[c]) * (y[b] - y[d]) < 0 for (a, b), (c, d) in itertools.combinations(lines, 2)
    )


def test_two_chains_do_not_cross():
    edges = [('a', 'd'), ('b', 'c'), ('c', 'e'), ('d', 'f'), ('e', 'out'), ('f', 'out')]
    layout = lay_out(dict.fromkeys(['a', 'b', 'c', 'd', 'e', 'f', 'out'], 1.0), edges, last='out')
    assert layout.columns == {'a': 0, 'b': 0, 'c': 1, 'd': 1, 'e': 2, 'f': 2, 'out': 3}
    assert crossings(layout, edges) == 0
    heights = layout.heights
    assert heights['a', 0] == pytest.approx(heights['d', 1]) == pytest.approx(heights['f', 2])  # straight


def test_a_long_line_passes_beside_the_boxes():
    edges = [('a', 'b'), ('b', 'c'), ('a', 'c')]
    layout = lay_out({'a': 1.0, 'b': 1.0, 'c': 1.0}, edges, last='c', gap=0.5)
    assert layout.route('a', 'c') == [('a', 0), ('a', 1)]
    assert abs(layout.heights['a', 1] - layout.heights['b', 1]) >= 0.5


@pytest.mark.parametrize('name', names())
def test_every_published_cell(name):
    graphs = graphs_of(named_cell(name).cells)
    for graph in graphs:
        sizes = dict.fromkeys((*graph.inputs, *graph.nodes, *([OUTPUT] if graph.loose else [])), 1.0)
        layout = lay_out(sizes, graph.edges, last=OUTPUT if graph.loose else None, gap=0.3)
        assert all(layout.columns[a] < layout.columns[b] for a, b in graph.edges)
        if graph.loose:
            assert [n for n, c in layout.columns.items() if c == layout.columns[OUTPUT]] == [OUTPUT]
        for column in set(layout.columns.values()):
            boxes = sorted(layout.heights[box, column] for box, c in layout.columns.items() if c == column)
            assert all(b - a >= 1.29 for a, b in itertools.pairwise(boxes))
    texts = [text.get_text() for text in draw_cells(graphs).axes[0].texts]
    operations = [o.text for graph in graphs for node in graph.nodes.values() for o in node]
    assert all(texts.count(text) >= operations.count(text) for text in operations)


def test_one_cell_where_both_are_the_same():
    pair = named_cell('NAONet').cells
    assert [graph.title for graph in graphs_of(pair)] == ['normal cell', 'reduction cell']
    assert [graph.title for graph in graphs_of(type(pair)(pair.normal, pair.normal))] == ['normal and reduction cell']
    assert graphs_of(pair)[0].loose == ('node_4', 'node_6', 'node_7')
