"""Layered layout of a small directed graph: columns, an order with few crossings, straight lines."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Mapping, Sequence

import numpy as np
import scipy.optimize

SWEEPS, STARTS = 8, 12
STRAIGHT, BENT = 4.0, 1.0  # weight of a line that only passes a column, and of one that ends at a box
Point = tuple[str, int]  # a vertex in its own column, or its line where it passes a later column


@dataclasses.dataclass(frozen=True)
class Layout:
    """Where everything stands.

    Args:
        columns: of each vertex, from 0 at the left.
        heights: y of every point, (vertex, column): of the vertex itself, and of its line in the columns it passes.
    """

    columns: Mapping[str, int]
    heights: Mapping[Point, float]

    def route(self, source: str, target: str) -> list[Point]:
        """Returns the points that the line from a vertex to a reader of it goes through, the vertex first."""
        return [(source, column) for column in range(self.columns[source], self.columns[target])]


def lay_out(
    sizes: Mapping[str, float], edges: Sequence[tuple[str, str]], *, last: str | None, gap: float = 0.4
) -> Layout:
    """Places the vertices of a graph (after Sugiyama et al. 1981).

    All lines that leave a vertex run together until they part, so that a column is passed once. The order in the
    columns is the best of barycentre sweeps from several starts; the heights are those of the shortest lines, by a
    linear program.

    Args:
        sizes: height of each vertex, in topological order.
        edges: (source, target).
        last: vertex that stands alone in the last column, if there is one.
        gap: least distance between neighbours of a column, half of it beside a passing line.

    Returns:
        The layout; the same for the same graph.
    """
    columns: dict[str, int] = {}
    for name in sizes:
        columns[name] = 1 + max((columns[source] for source, target in edges if target == name), default=-1)
    if last is not None:
        columns[last] = max(columns.values()) + (list(columns.values()).count(columns[last]) > 1)
    ends = {name: max((columns[target] for source, target in edges if source == name), default=0) for name in sizes}
    points: list[list[Point]] = [[] for _ in range(max(columns.values()) + 1)]
    for name, column in columns.items():
        for passed in range(column, max(ends[name], column + 1)):
            points[passed].append((name, passed))
    lines = {((name, c), (name, c + 1)) for name in sizes for c in range(columns[name], ends[name] - 1)}
    lines |= {((source, columns[target] - 1), (target, columns[target])) for source, target in edges}
    order = _least_crossings(points, sorted(lines))
    return Layout(columns, _heights(order, sorted(lines), sizes, columns, gap))


def _least_crossings(points: list[list[Point]], lines: list[tuple[Point, Point]]) -> list[list[Point]]:
    """Returns the points of each column in an order with few crossings."""
    rng = np.random.default_rng(0)
    best, fewest = points, _crossings(points, lines)
    for start in range(STARTS):
        order = [list(column) if not start else [column[i] for i in rng.permutation(len(column))] for column in points]
        for sweep in range(SWEEPS):
            forward = sweep % 2 == 0
            for index in range(1, len(order)) if forward else range(len(order) - 2, -1, -1):
                fixed = {point: place for place, point in enumerate(order[index - 1 if forward else index + 1])}
                place = {point: float(number) for number, point in enumerate(order[index])}
                for point in order[index]:
                    near = [fixed[a if forward else b] for a, b in lines if (b if forward else a) == point]
                    place[point] = float(np.mean(near)) if near else place[point]
                order[index].sort(key=lambda point: place[point])
            crossings = _crossings(order, lines)
            if crossings < fewest:
                best, fewest = [list(column) for column in order], crossings
    return best


def _crossings(order: list[list[Point]], lines: list[tuple[Point, Point]]) -> int:
    """Returns how many pairs of lines cross."""
    place = {point: number for column in order for number, point in enumerate(column)}
    total = 0
    for column in range(len(order) - 1):
        here = [(place[a], place[b]) for a, b in lines if a[1] == column]
        total += sum((a - c) * (b - d) < 0 for n, (a, b) in enumerate(here) for c, d in here[:n])
    return total


def _heights(
    order: list[list[Point]],
    lines: list[tuple[Point, Point]],
    sizes: Mapping[str, float],
    columns: Mapping[str, int],
    gap: float,
) -> dict[Point, float]:
    """Returns y of every point: the weighted rise of all lines is least while neighbours keep their distance."""
    index = {point: number for number, point in enumerate(point for column in order for point in column)}
    count = len(index)
    rows, bounds = [], []
    for number, (a, b) in enumerate(lines):  # rise of a line >= |y_a - y_b|
        for sign in (1, -1):
            row = np.zeros(count + len(lines))
            row[index[a]], row[index[b]], row[count + number] = sign, -sign, -1
            rows.append(row)
            bounds.append(0.0)
    for column in order:
        for upper, lower in itertools.pairwise(column):
            row = np.zeros(count + len(lines))
            row[index[upper]], row[index[lower]] = -1, 1  # the first of a column stands highest
            rows.append(row)
            own = [columns[name] == passed for name, passed in (upper, lower)]
            halves = [sizes[name] / 2 for (name, _), box in zip((upper, lower), own, strict=True) if box]
            bounds.append(-(sum(halves) + gap * (1 if all(own) else 0.6)))
    passing = [b[1] != columns[b[0]] for _, b in lines]
    cost = np.concatenate([np.zeros(count), [STRAIGHT if straight else BENT for straight in passing]])
    if not rows:
        return dict.fromkeys(index, 0.0)
    free = [(None, None)] * count + [(0, None)] * len(lines)
    result = scipy.optimize.linprog(cost, A_ub=np.array(rows), b_ub=bounds, bounds=free, method='highs')
    values = result.x[:count]
    return {point: float(values[number] - (values.max() + values.min()) / 2) for point, number in index.items()}
