"""Pictures of a benchmark: regret by queries, and when the optimum was found."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from nao_tf.benchmarks.problem import Cells
from nao_tf.benchmarks.record import Record
from nao_tf.benchmarks.statistics import hitting_times
from nao_tf.files import written_whole

COLOURS = ('#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#000000', '#8c6d31', '#7f7f7f')
STYLES = {'generate': '-', 'enumerate': '--'}


def draw_regret(records: Mapping[str, Sequence[Record]], cells: Cells, path: Path, *, title: str) -> None:
    """Draws the regret of the best-validation cell so far: median of the runs and the band of their quartiles.

    Args:
        records: of each searcher, by name; every searcher has at least one.
        cells: of the table.
        path: of the PNG file; '-validation' and '-test' regret stand side by side in it.
        title: the protocol, in one line.
    """
    picture = Figure(figsize=(12, 5), layout='constrained')
    axes = picture.subplots(1, 2)
    for axis, best, what in zip(axes, (cells.optimum, cells.best_test), ('validation', 'test'), strict=True):
        smallest = np.inf
        for (name, runs), (colour, style) in zip(records.items(), looks(records), strict=True):
            regrets = np.stack([regret(run, best, what, max(r.queries for r in runs)) for run in runs])
            with warnings.catch_warnings():
                warnings.simplefilter('ignore', RuntimeWarning)  # before the first value of any run there is no regret
                low, median, high = np.nanpercentile(regrets, [25, 50, 75], axis=0)
            queries = np.arange(1, regrets.shape[1] + 1)
            axis.plot(queries, median, color=colour, linestyle=style, label=name, drawstyle='steps-post')
            axis.fill_between(queries, low, high, color=colour, alpha=0.15, step='post', linewidth=0)
            smallest = min(smallest, *regrets[regrets > 0], np.inf)
        axis.set_xscale('log')
        # Regrets span decades and end at zero: a logarithm down to the decade of the smallest, then a line to zero.
        floor = 10.0 ** np.floor(np.log10(smallest)) if np.isfinite(smallest) else 1.0
        axis.set_yscale('symlog', linthresh=floor, linscale=0.3)
        axis.set_ylim(bottom=0)
        axis.set_xlim(1, max(run.queries for runs in records.values() for run in runs))
        finish(axis, 'queries (classes)', f'{what} regret of the best-validation cell')
    picture.legend(*axes[1].get_legend_handles_labels(), loc='outside right upper', fontsize='small')
    save(picture, path, title)


def draw_hitting_times(
    records: Mapping[str, Sequence[Record]], cells: Cells, path: Path, *, budget: int, title: str
) -> None:
    """Draws how many of the runs had found the optimum after each number of queries.

    Args:
        records: of each searcher, by name.
        cells: of the table.
        path: of the PNG file.
        budget: queries of a run.
        title: the protocol, in one line.
    """
    picture = Figure(figsize=(8, 5), layout='constrained')
    axis = picture.subplots()
    for (name, runs), (colour, style) in zip(records.items(), looks(records), strict=True):
        times = hitting_times(runs, cells.optimum, budget)
        queries = np.concatenate([[1], np.sort(times[times <= budget]), [budget]])
        share = np.concatenate([[0], np.arange(1, len(queries) - 1), [len(queries) - 2]]) / len(times)
        axis.plot(queries, share, color=colour, linestyle=style, label=name, drawstyle='steps-post')
    axis.set_xscale('log')
    axis.set_xlim(1, budget)
    axis.set_ylim(-0.01, 1.02)
    finish(axis, 'queries (classes)', 'share of runs that have found the optimum')
    axis.legend(loc='upper left', fontsize='small')
    save(picture, path, title)


def regret(record: Record, best: float, what: str, length: int) -> np.ndarray:
    """Returns the regret after each query, float64 [length], NaN where none is known; an ended run keeps its last.

    Args:
        record: of the run.
        best: the best value of the table.
        what: `validation` or `test`.
        length: queries.
    """
    values = (record.valid if what == 'validation' else record.test)[record.best_so_far()]
    return np.pad(best - values, (0, length - len(values)), mode='edge')


def looks(records: Mapping[str, Sequence[Record]]) -> list[tuple[str, str]]:
    """Returns a colour and a line style for each searcher: the style tells its mode."""
    return [
        (COLOURS[index % len(COLOURS)], STYLES[runs[0].mode] if index < len(COLOURS) else ':')
        for index, runs in enumerate(records.values())
    ]


def finish(axis: Axes, across: str, up: str) -> None:
    """Names the axes and writes the numbers of the logarithmic one as people do."""
    axis.set_xlabel(across)
    axis.set_ylabel(up)
    axis.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f'{value:,.0f}'))
    axis.xaxis.set_minor_formatter(NullFormatter())
    axis.grid(alpha=0.3)
    axis.spines[['top', 'right']].set_visible(False)


def save(picture: Figure, path: Path, title: str) -> None:
    """Writes a picture, whole or not at all."""
    picture.suptitle(title, fontsize='small')
    with written_whole(path) as partial:
        picture.savefig(partial, dpi=120, format='png')
