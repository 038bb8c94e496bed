"""The page of a training: what was trained, its curves, what came of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from nao_tf.benchmarks.plots import COLOURS
from nao_tf.errors import InputError
from nao_tf.final.epochs import read_epochs
from nao_tf.reports.album import Album
from nao_tf.reports.cell_drawing import draw_cells
from nao_tf.reports.cell_graph import graphs_of
from nao_tf.reports.charts import legend, plain
from nao_tf.reports.page import Section, number, page
from nao_tf.search.workdir import CONFIG, SUMMARY, read_json, read_training
from nao_tf.spaces.writing import cells_from_json

SCORES = ('score', 'perplexity')  # of an epoch: of images, of a text


def training_page(workdir: Path, album: Album) -> str:
    """Returns the page of a training, finished or not; writes its figures.

    Args:
        workdir: of `nao train`.
        album: of the figures.

    Raises:
        InputError: if no epoch has ended.
    """
    config = read_json(workdir / CONFIG)
    summary = read_training(workdir) if (workdir / SUMMARY).exists() else None
    epochs, damaged = read_epochs(workdir)
    if summary is None and not epochs:
        raise InputError(f'{workdir} is a training of which no epoch has ended yet: there is nothing to report')
    metric = 'perplexity' if any('perplexity' in row for rows in epochs.values() for row in rows) else 'accuracy'
    metric = str(config.get('task.metric', metric)) if summary is None else summary['metric']
    sections = [_overview(config, summary, epochs)]
    if summary is not None and 'architecture' in summary:
        cells = cells_from_json(summary['architecture'])
        picture = album.add('cell', draw_cells(graphs_of(cells)), f'Graph of the cells: {summary["description"]}')
        sections.append(Section('Cells', pictures=[picture], code=('as text', summary['description'])))
    if epochs:
        figure = draw_epochs(epochs, metric)
        texts = ['Each epoch of the training. Validation figures are of the weights at its end.']
        sections.append(Section('Epochs', texts, [album.add('epochs', figure, 'Loss and validation by epoch')]))
    if summary is not None and 'candidates' in summary:
        sections.append(_candidates(summary))
    what = config.get('architecture') or config.get('weights')
    return page(f'{what} on {config.get("data", "")}', f'Training in {workdir}', sections, damaged)


def draw_epochs(candidates: Mapping[int, Sequence[Mapping[str, Any]]], metric: str) -> Figure:
    """Returns the training loss and the validation metric by epoch.

    Args:
        candidates: epochs of each (`nao_tf.final.epochs.read_epochs`), at least one in all.
        metric: of the validation.
    """
    names = [name for name in ('loss', *SCORES) if any(_known(rows, name) for rows in candidates.values())]
    figure = Figure(figsize=(5.6 * len(names), 4.0), layout='constrained')
    for axis, name in zip(figure.subplots(1, len(names), squeeze=False)[0], names, strict=True):
        for index, (candidate, rows) in enumerate(candidates.items()):
            label = f'candidate {candidate}' if len(candidates) > 1 else ''
            values = np.array([np.nan if row.get(name) is None else row[name] for row in rows], float)
            look = {'color': COLOURS[index % len(COLOURS)], 'marker': '.' if len(rows) <= 50 else ''}
            axis.plot([row['epoch'] for row in rows], values, label=label or None, **look)
        axis.set(xlabel='epoch', ylabel='training loss' if name == 'loss' else f'validation {metric}')
        axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    return legend(plain(figure)) if len(candidates) > 1 else plain(figure)


def _known(rows: Sequence[Mapping[str, Any]], name: str) -> bool:
    return any(row.get(name) is not None for row in rows)


def _overview(
    config: Mapping[str, Any], summary: Mapping[str, Any] | None, epochs: Mapping[int, Sequence[Mapping[str, Any]]]
) -> Section:
    last = max((rows[-1]['epoch'] for rows in epochs.values()), default=0)
    rows = [('', ''), ('trained', str(config.get('architecture') or config.get('weights')))]
    if summary is None:
        of = f'candidate {max(epochs)} of {config["top_k"]}: ' if config.get('top_k', 1) > 1 else ''
        rows.append(('state', f'under way: {of}{epochs[max(epochs)][-1]["epoch"]} of {config["child.epochs"]} epochs'))
        return Section('', table=rows)
    metric = summary['metric']
    digits = 2 if metric == 'perplexity' else 4
    diverged = ', after which the loss was not finite' if summary.get('diverged') else ''
    rows.append(('state', f'finished, {last} epochs{diverged}; the weights are those of epoch {summary["epoch"]}'))
    for name in ('validation', 'test'):
        if summary.get(name) and metric in summary[name]:
            rows.append((f'{name} {metric}', number(summary[name][metric], digits)))
    rows.append(('parameters', f'{summary["parameters"]:,}'))
    if 'multiply_adds' in summary:
        rows.append(('multiply-adds', f'{summary["multiply_adds"]:,}'))
    return Section('', table=rows)


def _candidates(summary: Mapping[str, Any]) -> Section:
    metric = summary['metric']
    rows = [('candidate', f'validation {metric}', 'epoch', 'from')]
    for index, row in enumerate(summary['candidates'], start=1):
        figure = row['failure'] or number(row['metrics'].get(metric))
        rows.append((str(index), figure, str(row['epoch']), row['origin']))
    return Section('Candidates', [f'The best is {summary["origin"]}.'], table=rows)
