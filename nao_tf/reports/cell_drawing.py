"""Draws cells: inputs at the left, operations coloured by their kind, loose ends into the output."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyBboxPatch, PathPatch
from matplotlib.path import Path as Curve

from nao_tf.reports.cell_graph import OUTPUT, CellGraph
from nao_tf.reports.layered import Layout, lay_out

COLOURS = {
    'conv': '#8fbfe6',
    'sep_conv': '#56a0d8',
    'dil_sep_conv': '#9d9bd6',
    'avg_pool': '#f8c471',
    'max_pool': '#f0937d',
    'min_pool': '#e3b7d3',
    'identity': '#d5d8dc',
    'tanh': '#8fbfe6',
    'relu': '#90cf9c',
    'sigmoid': '#f8c471',
}
OTHER = '#c9b8a3'  # of an operation of a person's own
INK, LINE, LOOSE = '#222222', '#5f6b76', '#2e8b57'
INPUTS = ('#8e5ea2', '#b5651d')  # of the lines from the two inputs, which many nodes read
# All lengths are inches, so that text fits its box in every figure.
BOX, WIDE, LETTER, HALF, STACK, SIGN = 0.34, 0.35, 0.088, 0.52, 0.08, 0.11
COLUMN_GAP, MARGIN, TITLE, LEGEND = 0.62, 0.15, 0.34, 0.34


def draw_cells(graphs: Sequence[CellGraph]) -> Figure:
    """Returns a figure of the cells of one architecture, one below the other, with the colours explained below.

    Args:
        graphs: at least one.
    """
    plans = [_Plan(graph) for graph in graphs]
    kinds = list(dict.fromkeys(kind for graph in graphs for kind in graph.kinds))
    width = max(max(plan.width for plan in plans), sum(0.42 + LETTER * len(kind) for kind in kinds)) + 2 * MARGIN
    height = sum(plan.height for plan in plans) + LEGEND + 2 * MARGIN
    figure = Figure(figsize=(width, height))
    axis = figure.add_axes((0, 0, 1, 1))
    axis.set(xlim=(0, width), ylim=(0, height))
    axis.set_axis_off()
    top = height - MARGIN
    for plan in plans:
        plan.draw(axis, top)
        top -= plan.height
    x = MARGIN
    for kind in kinds:
        axis.add_patch(_box(x, MARGIN + 0.02, 0.2, 0.16, COLOURS.get(kind, OTHER)))
        axis.text(x + 0.27, MARGIN + 0.1, kind, size=9, color=INK, va='center')
        x += 0.42 + LETTER * len(kind)
    return figure


class _Plan:
    """Where everything of one cell stands, in inches."""

    def __init__(self, graph: CellGraph):
        self.graph = graph
        sizes = dict.fromkeys(graph.inputs, BOX)
        sizes |= {name: self._tall(len(node)) for name, node in graph.nodes.items()}
        widths = {name: WIDE + LETTER * len(name) for name in graph.inputs}
        self.texts = WIDE + LETTER * max(len(o.text) for node in graph.nodes.values() for o in node)
        self.signed = any(len(node) > 1 for node in graph.nodes.values())
        widths |= dict.fromkeys(graph.nodes, self.texts + (HALF if self.signed else 0))
        if graph.loose:
            sizes[OUTPUT], widths[OUTPUT] = 2 * BOX, WIDE + LETTER * len(OUTPUT)
        last = OUTPUT if graph.loose else list(sizes)[-1]
        self.layout: Layout = lay_out(sizes, graph.edges, last=last if graph.loose else None, gap=0.3)
        self.sizes, self.widths = sizes, widths
        count = max(self.layout.columns.values()) + 1
        columns = [max(widths[name] for name, at in self.layout.columns.items() if at == c) for c in range(count)]
        self.left = np.concatenate([[0], np.cumsum(np.array(columns) + COLUMN_GAP)])
        self.column_widths = columns
        self.width = float(self.left[-1]) - COLUMN_GAP
        heights = self.layout.heights
        reach = [(y, sizes[name] / 2 if self.layout.columns[name] == c else 0) for (name, c), y in heights.items()]
        self.above, self.below = max(y + half for y, half in reach), min(y - half for y, half in reach)
        self.note = 0.25 if graph.note else 0.0
        self.height = self.above - self.below + TITLE + self.note + 0.25

    @staticmethod
    def _tall(boxes: int) -> float:
        return boxes * BOX + (boxes - 1) * STACK + (0.2 if boxes > 1 else 0)

    def draw(self, axis: Axes, top: float) -> None:
        """Draws the cell below `top`."""
        self.axis, self.zero = axis, top - TITLE - self.above
        axis.text(MARGIN, top - 0.1, self.graph.title, size=11, weight='bold', color=INK, va='center')
        if self.graph.note:
            axis.text(MARGIN, self.zero + self.below - 0.2, self.graph.note, size=9, color=INK, va='center')
        for name in self.graph.inputs:
            self._label(name, name, '#ffffff', self._colour(name))
        if self.graph.loose:
            self._label(OUTPUT, f'{self.graph.output}\noutput', '#e8f5ee')
            for name in self.graph.loose:
                self._line(name, OUTPUT, self._y((OUTPUT, self.layout.columns[OUTPUT])), LOOSE)
        for name, node in self.graph.nodes.items():
            # The operation whose line comes from above stands above.
            boxes = sorted(node, key=lambda o: -max(self._y(self.layout.route(s, name)[-1]) for s in o.sources))
            self._node(name, boxes)

    def _x(self, name: str, column: int) -> float:
        return MARGIN + float(self.left[column]) + (self.column_widths[column] - self.widths[name]) / 2

    def _y(self, point: tuple[str, int]) -> float:
        return self.zero + self.layout.heights[point]

    def _colour(self, source: str) -> str:
        return INPUTS[self.graph.inputs.index(source)] if source in self.graph.inputs else LINE

    def _label(self, name: str, text: str, colour: str, edge: str = LOOSE) -> None:
        column = self.layout.columns[name]
        x, y, height = self._x(name, column), self._y((name, column)), self.sizes[name]
        self.axis.add_patch(_box(x, y - height / 2, self.widths[name], height, colour, edge))
        self.axis.text(x + self.widths[name] / 2, y, text, size=9, color=INK, ha='center', va='center')

    def _node(self, name: str, operations: Sequence) -> None:
        column = self.layout.columns[name]
        x, middle = self._x(name, column), self._y((name, column))
        height = self._tall(len(operations))
        if len(operations) > 1:
            frame = _box(x, middle - height / 2, self.widths[name], height, '#f6f7f9', edge='#b8c0c8')
            frame.set_zorder(1)
            self.axis.add_patch(frame)
        for number, operation in enumerate(operations):
            y = middle + ((len(operations) - 1) / 2 - number) * (BOX + STACK)
            start = x + (0.1 if len(operations) > 1 else 0)
            self.axis.add_patch(_box(start, y - BOX / 2, self.texts, BOX, COLOURS.get(operation.kind, OTHER)))
            self.axis.text(start + self.texts / 2, y, operation.text, size=9, color=INK, ha='center', va='center')
            for source in operation.sources:
                self._line(source, name, y, self._colour(source), start)
            if len(operations) > 1:
                plus = x + self.widths[name] - 0.2
                self._curve([(start + self.texts, y), (plus - SIGN, middle)], LINE, arrow=False)
        if len(operations) > 1:
            self.axis.add_patch(Circle((plus, middle), SIGN, facecolor='#ffffff', edgecolor=LINE, zorder=4))
            self.axis.text(plus, middle, '+', size=10, color=INK, ha='center', va='center_baseline', zorder=5)
        self.axis.text(x + 0.03, middle + height / 2 + 0.02, name.replace('_', ' '), size=7, color='#6b7580')

    def _line(self, source: str, target: str, y: float, colour: str, x: float | None = None) -> None:
        """Draws the line from a vertex through the columns it passes to a height at its reader."""
        points = []
        for number, (name, column) in enumerate(self.layout.route(source, target)):
            here = self._y((name, column))
            left = MARGIN + float(self.left[column])
            if number:
                points.append((left, here))
                points.append((left + self.column_widths[column], here))
            else:
                points.append((self._x(name, column) + self.widths[name], here))
        column = self.layout.columns[target]
        points.append((MARGIN + float(self.left[column]) - 0.02 if x is None else x, y))
        if x is None:
            points[-1] = (self._x(target, column), y)
        self._curve(points, colour)

    def _curve(self, points: list[tuple[float, float]], colour: str, arrow: bool = True) -> None:
        vertices, codes = [points[0]], [Curve.MOVETO]
        for (x0, y0), (x1, y1) in itertools.pairwise(points):
            bend = min((x1 - x0) / 2, COLUMN_GAP)
            vertices += [(x0 + bend, y0), (x1 - bend, y1), (x1, y1)]
            codes += [Curve.CURVE4] * 3
        path = Curve(np.array(vertices), codes)
        self.axis.add_patch(PathPatch(path, facecolor='none', edgecolor=colour, linewidth=1.2, zorder=2))
        if arrow:
            x, y = points[-1]
            tip = Curve(np.array([(x, y), (x - 0.09, y + 0.04), (x - 0.09, y - 0.04), (x, y)]))
            self.axis.add_patch(PathPatch(tip, facecolor=colour, edgecolor='none', zorder=3))


def _box(x: float, y: float, width: float, height: float, colour: str, edge: str = '#8a939b') -> FancyBboxPatch:
    return FancyBboxPatch(
        (x, y), width, height, boxstyle='round,pad=0,rounding_size=0.06', facecolor=colour, edgecolor=edge,
        linewidth=0.8, zorder=3,
    )  # fmt: skip
