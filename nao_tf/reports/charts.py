"""Draws the curves and scatters of a report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, MaxNLocator

from nao_tf.benchmarks.plots import COLOURS
from nao_tf.reports.series import ArmCurve, Predictions, Sizes
from nao_tf.search.front import pareto_front

SEARCH_COLOUR, RANDOM_COLOUR, START_COLOUR = COLOURS[0], COLOURS[1], '#8a939b'
REAL, PREDICTED = '#d1495b', '#3c7dc4'  # red and blue, as in the paper's Fig. 2b
LABEL = {'facecolor': 'white', 'edgecolor': 'none', 'pad': 0.6, 'alpha': 0.85}
CROWDED = 300  # points from which on they are drawn small and faint


def draw_scores(curves: Mapping[str, ArmCurve], ended_at: Mapping[int, float], score: str) -> Figure:
    """Returns the score of every trial and the best so far: by the number of children, and by the wall time.

    Args:
        curves: by the name of the searcher, that of the search arm first.
        ended_at: seconds at which each trial ended.
        score: what a score is.
    """
    figure = Figure(figsize=(11, 4.4), layout='constrained')
    by_count, by_time = figure.subplots(1, 2, sharey=True)
    unit, seconds = time_unit(max(ended_at.values(), default=0.0))
    looks = ((SEARCH_COLOUR, '-'), (RANDOM_COLOUR, '--'))
    for number, ((name, curve), (colour, style)) in enumerate(zip(curves.items(), looks, strict=False)):
        count = np.arange(1, len(curve.scores) + 1)
        times = np.array([ended_at.get(trial, np.nan) for trial in curve.trials.tolist()]) / seconds
        own = np.arange(len(count)) >= curve.shared
        look: dict[str, Any] = dots(len(count))
        if not number:
            by_count.scatter(count[~own], curve.scores[~own], color=START_COLOUR, label='random start', **look)
            by_time.scatter(times[~own], curve.scores[~own], color=START_COLOUR, **look)
        by_count.scatter(count[own], curve.scores[own], color=colour, **look)
        by_time.scatter(times[own], curve.scores[own], color=colour, **look)
        # What the arm's best is begins with the start; before it both lines would be one.
        first = max(curve.shared - 1, 0) if number else 0
        by_count.step(
            count[first:], curve.best[first:], where='post', color=colour, linestyle=style, label=f'{name}: best so far'
        )
        order = first + np.argsort(times[first:], kind='stable')  # of several workers the trials end in any order
        best = np.fmax.accumulate(np.concatenate([curve.best[first : first + bool(number)], curve.scores[order]]))
        by_time.step(times[order], best[bool(number) :], where='post', color=colour, linestyle=style)
    by_count.set(xlabel='children of the arm that have ended, the start included', ylabel=score)
    by_time.set(xlabel=f'wall time of all sessions, {unit}')
    by_count.xaxis.set_major_locator(MaxNLocator(integer=True))
    return legend(plain(figure))


def draw_rounds(rows: Sequence[Mapping[str, Any]], random_mean: float | None, score: str) -> Figure:
    """Returns the mean real and the mean predicted score of each round (the paper's Fig. 2b).

    Args:
        rows: of `nao_tf.search.summary.summarise_rounds`.
        random_mean: mean score of the cells that the random arm added, None without one.
        score: what a score is.
    """
    figure = Figure(figsize=(max(6.0, min(11.0, 3.0 + 0.8 * len(rows))), 4.2), layout='constrained')
    axis = figure.subplots()
    places = np.arange(len(rows))
    means = {name: np.array([row[name] for row in rows], float) for name in ('mean_score', 'mean_predicted')}
    predicts = np.isfinite(means['mean_predicted']).any()
    width = 0.38 if predicts else 0.6
    labelled = len(rows) <= 8
    for name, label, colour, shift in (
        ('mean_score', 'real', REAL, -width / 2 if predicts else 0.0),
        ('mean_predicted', 'predicted', PREDICTED, width / 2),
    ):
        if name == 'mean_score' or predicts:
            bars = axis.bar(places + shift, means[name], width, color=colour, label=f'mean {label} score')
            if labelled:
                texts = [f'{value:.3f}' if np.isfinite(value) else '' for value in means[name]]
                axis.bar_label(bars, texts, fontsize=8, padding=2, bbox=LABEL)
    values = np.concatenate([*means.values(), [np.nan if random_mean is None else random_mean]])
    values = values[np.isfinite(values)]
    if random_mean is not None:
        axis.axhline(random_mean, color='#444444', linestyle='--', linewidth=1, label=f'random arm ({random_mean:.3f})')
    low, high = values.min(), values.max()
    span = max(high - low, 0.02 * abs(high), 1e-6)
    axis.set_ylim(low - span, high + 0.3 * span)
    step = -(-len(rows) // 20)
    numbers = [row['round'] for row in rows]
    axis.set_xticks(places[::step], [f'{n}\nstart' if n == 0 else str(n) for n in numbers][::step])
    axis.set(xlabel='round', ylabel=score)
    return legend(plain(figure, grid='y'))


def draw_predictions(predictions: Predictions, score: str) -> Figure:
    """Returns predicted against real scores, coloured by round, with Kendall's tau and pairwise accuracy.

    Args:
        predictions: at least one.
        score: what a score is.
    """
    figure = Figure(figsize=(6.2, 5.2), layout='constrained')
    axis = figure.subplots()
    values = np.concatenate([predictions.predicted, predictions.real])
    ends = [values.min(), values.max()]
    axis.plot(ends, ends, color='#777777', linestyle=':', linewidth=1, zorder=1, label='as predicted')
    quality = {name: row for name, *row in predictions.quality()}
    rounds = np.unique(predictions.rounds)
    few = len(rounds) <= 8
    look = dots(len(predictions.real))
    if few:
        for number, colour in zip(rounds, COLOURS, strict=False):
            chosen = predictions.rounds == number
            axis.scatter(
                predictions.predicted[chosen], predictions.real[chosen], color=colour, label=f'round {number}', **look
            )
    else:
        points = axis.scatter(predictions.predicted, predictions.real, c=predictions.rounds, cmap='viridis', **look)
        figure.colorbar(points, label='round').ax.tick_params(rotation=0)
    cells, tau, accuracy = quality['all rounds']
    text = f'{cells} cells'
    if np.isfinite(accuracy):
        text += f', Kendall tau {tau:.3f}, pairwise accuracy {accuracy:.3f}'
    axis.set_title(text, loc='left', fontsize=10)
    axis.set(xlabel='predicted before training', ylabel=score)
    return legend(plain(figure))


def draw_sizes(sizes: Sizes, score: str, limits: Mapping[str, float]) -> Figure:
    """Returns scores against what the children cost, with the front that no other child beats.

    Args:
        sizes: with at least one cost.
        score: what a score is.
        limits: of costs, by their names.
    """
    figure = Figure(figsize=(5.6 * len(sizes.costs), 4.4), layout='constrained')
    axes = figure.subplots(1, len(sizes.costs), sharey=True, squeeze=False)[0]
    for axis, (name, cost) in zip(axes, sizes.costs.items(), strict=True):
        look = dots(len(cost))
        axis.scatter(cost[~sizes.baseline], sizes.scores[~sizes.baseline], color=SEARCH_COLOUR, label='search', **look)
        if sizes.baseline.any():
            chosen = sizes.baseline
            axis.scatter(cost[chosen], sizes.scores[chosen], color=RANDOM_COLOUR, label='random arm', **look)
        front = pareto_front(cost, sizes.scores)
        axis.plot(
            cost[front], sizes.scores[front], color='#222222', linewidth=1.2, drawstyle='steps-post',
            marker='o', markersize=6, markerfacecolor='none', label='Pareto front',
        )  # fmt: skip
        if name in limits:
            axis.axvline(limits[name], color='#222222', linewidth=1.0, linestyle=':', label='limit')
        axis.set_xlabel(f'{name} of a child')
        if 'latency' not in name:  # counts: 1.2M
            axis.xaxis.set_major_formatter(EngFormatter(sep=''))
    axes[0].set_ylabel(score)
    return legend(plain(figure))


def draw_seconds(parts: Mapping[str, float], children: np.ndarray) -> Figure:
    """Returns where the wall time went, and how long the children took.

    Args:
        parts: of `nao_tf.search.summary.split_seconds`.
        children: seconds of every child that was trained, float [n].
    """
    figure = Figure(figsize=(11, 2.9), layout='constrained')
    shares, lengths = figure.subplots(1, 2, width_ratios=(1.2, 1))
    unit, seconds = time_unit(parts['total'])
    names = ('children', 'controller', 'other')
    for number, (name, colour) in enumerate(zip(names, (SEARCH_COLOUR, COLOURS[4], START_COLOUR), strict=True)):
        shares.barh(number, parts[name] / seconds, color=colour)
        share = parts[name] / parts['total'] if parts['total'] else 0.0
        shares.annotate(
            f' {share:.0%}', (parts[name] / seconds, number), va='center', fontsize=10, annotation_clip=False
        )
    shares.set_yticks(range(3), ['children train', 'the searcher proposes', 'everything else'])
    shares.invert_yaxis()
    shares.margins(x=0.12)
    shares.set_xlabel(f'wall time, {unit}')
    lengths.hist(children, bins='auto' if len(children) > 8 else 8, color=SEARCH_COLOUR, edgecolor='white')
    lengths.set(xlabel='seconds of a child', ylabel='children')
    lengths.yaxis.set_major_locator(MaxNLocator(integer=True))
    return plain(figure, grid='x')


def time_unit(longest: float) -> tuple[str, float]:
    """Returns the unit that a span of so many seconds is best told in, and its seconds."""
    return ('hours', 3600.0) if longest >= 7200 else ('minutes', 60.0) if longest >= 120 else ('seconds', 1.0)


def dots(count: int) -> dict[str, Any]:
    """Returns how so many points are drawn."""
    return {'s': 26, 'alpha': 0.75, 'linewidths': 0} if count <= CROWDED else {'s': 9, 'alpha': 0.5, 'linewidths': 0}


def legend(figure: Figure) -> Figure:
    """Returns a figure with the legend of its first axes above it, where it hides no point."""
    made = figure.legend(
        *figure.axes[0].get_legend_handles_labels(), loc='outside upper left', ncols=5, fontsize=9, frameon=False
    )
    for handle in made.legend_handles:
        if isinstance(handle, PathCollection):  # as large and strong as colours are told apart
            handle.set(sizes=[30], alpha=0.9)
    return figure


def plain(figure: Figure, grid: str = 'both') -> Figure:
    """Returns a figure whose axes have a faint grid and no frame at the top and the right."""
    for axis in figure.axes:
        if isinstance(axis, Axes) and axis.get_label() != '<colorbar>':
            axis.grid(axis=grid, alpha=0.3)  # type: ignore[arg-type]
            axis.set_axisbelow(True)
            axis.spines[['top', 'right']].set_visible(False)
    return figure
