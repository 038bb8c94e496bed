"""The part of a report that is about shared weights: their rounds, and how they were trained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from nao_tf.errors import InputError
from nao_tf.reports.album import Album
from nao_tf.reports.charts import PREDICTED, REAL, SEARCH_COLOUR, START_COLOUR, plain
from nao_tf.reports.page import Section, number, page
from nao_tf.search.sharing.checkpoint import CHECKPOINT, load_about
from nao_tf.search.workdir import CONFIG, read_json

LINES = (
    ('best_score', 'best', SEARCH_COLOUR, '-'),
    ('mean_score', 'mean of all', START_COLOUR, '-'),
    ('mean_new', 'mean of the newest', REAL, '-'),
    ('mean_predicted', 'as predicted', PREDICTED, '--'),
)


def has_sharing(workdir: Path) -> bool:
    """Returns whether a work directory is that of a search with shared weights."""
    return (workdir / CHECKPOINT).exists()


def sharing_section(workdir: Path, album: Album) -> Section:
    """Returns the rounds of shared weights, from the checkpoint of the search.

    Args:
        workdir: of a search with shared weights.
        album: of the figures.
    """
    about = load_about(workdir / CHECKPOINT)
    state, sizes = about['state'], about['sizes']
    records = state['records']
    epochs, rounds = sizes['epochs'] * (sizes['rounds'] + 1), sizes['rounds'] + 1
    texts = [
        f'{state["epoch"]} of {epochs} epochs trained, {len(records)} of {rounds} rounds scored. All scores of a round '
        'are of the same weights and batches; those of different rounds do not compare. Training '
        f'{state["seconds"]["training"]:,.1f} s, scoring {state["seconds"]["scoring"]:,.1f} s, the searcher '
        f'{state["seconds"]["controller"]:,.1f} s.'
    ]
    if not records:
        return Section('Shared weights', [*texts, 'No round has been scored yet.'])
    head = ('round', 'epochs', 'loss', 'cells', 'failed', 'mean', 'best', 'newest', 'predicted', 'origins')
    rows: list[Sequence[str]] = [head]
    for row in records:
        origins = ', '.join(f'{count} {origin}' for origin, count in row['origins'].items())
        numbers = (row[name] for name in ('mean_score', 'best_score', 'mean_new', 'mean_predicted'))
        counts = (str(row['round']), str(row['epochs']), number(row['loss']), str(row['scored']), str(row['failed']))
        rows.append((*counts, *map(number, numbers), origins))
    picture = album.add('sharing', draw_sharing(records), 'Loss and shared scores of each round')
    return Section('Shared weights', texts, [picture], rows)


def draw_sharing(records: Sequence[Mapping[str, Any]]) -> Figure:
    """Returns the loss by epochs, and the shared scores of each round.

    Args:
        records: of the rounds, at least one.
    """
    figure = Figure(figsize=(11.0, 4.0), layout='constrained')
    losses, scores = figure.subplots(1, 2)
    losses.plot([row['epochs'] for row in records], [row['loss'] for row in records], color='#222222', marker='o')
    losses.set(xlabel='epochs of shared weights', ylabel='loss of the last epoch of a round')
    numbers = [row['round'] for row in records]
    for name, label, colour, style in LINES:
        values = np.array([np.nan if row[name] is None else row[name] for row in records], float)
        if np.isfinite(values).any():
            scores.plot(numbers, values, color=colour, linestyle=style, marker='o', markersize=4, label=label)
    scores.set(xlabel='round', ylabel='shared score')
    for axis in (losses, scores):
        axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    scores.legend(frameon=False, fontsize=9)
    return plain(figure)


def sharing_page(workdir: Path, album: Album) -> str:
    """Returns the page of a search with shared weights of which no architecture has been trained on its own yet.

    Args:
        workdir: of the search.
        album: of the figures.

    Raises:
        InputError: if its config is damaged.
    """
    config = read_json(workdir / CONFIG)
    try:
        rows = [('', ''), ('searcher', config['searcher.name']), ('space', config['space.name'])]
        title = f'{config["searcher.name"]} with shared weights on {config["data"]}'
    except (KeyError, TypeError):
        raise InputError(f'{workdir / CONFIG} is not the config of a search') from None
    rows.append(('state', 'no architecture has been trained on its own yet'))
    sections = [Section('', table=rows), sharing_section(workdir, album)]
    return page(title, f'Neural architecture search in {workdir}', sections)
