"""The sections of a report that judge the controller: its predictions, its embedding, what it needs to learn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nao_tf.reports import charts
from nao_tf.reports.album import Album
from nao_tf.reports.embedding_map import LEAST, draw_map, map_embedding
from nao_tf.reports.page import Section, number
from nao_tf.reports.predictor_curve import draw_curve
from nao_tf.reports.series import predictions
from nao_tf.reports.source import Source


def prediction_section(source: Source, album: Album) -> Section:
    """Returns predicted against real scores, with Kendall's tau and pairwise accuracy."""
    title, found = 'Predictions', predictions(source.history)
    if not len(found.real):
        return Section(title, [f'No finished cell was predicted before it was trained ({source.searcher}).'])
    text = (
        'The cells that the searcher chose. They were chosen for a high prediction and are alike, so they are harder '
        'to rank than random cells. A point above the line is better than predicted.'
    )
    rows = [('cells of', 'number', 'Kendall tau', 'pairwise accuracy')]
    rows += [(name, str(count), number(tau, 3), number(share, 3)) for name, count, tau, share in found.quality()]
    figure = charts.draw_predictions(found, source.score_label)
    return Section(title, [text], [album.add('predictions', figure, 'Predicted against real scores')], rows)


def embedding_section(source: Source, album: Album) -> Section:
    """Returns the map of the embedding with the ascent's paths."""
    title = 'Embedding'
    found = map_embedding(source.finished, source.space, seed=int(source.config['seed']))
    if found is None:
        return Section(title, [f'The map needs at least {LEAST} finished architectures.'])
    fitted = f'all {found.fitted}' if found.fitted == len(found.scores) else f'{found.fitted} of {len(found.scores)}'
    texts = [
        'Every evaluated architecture by the two principal components of the mean state of E(x), which f reads.'
        + (f' {len(found.paths)} arrows lead from a seed architecture to its child.' if len(found.paths) else ''),
        "The weights of the search's controller are not kept: this one was fitted again for the report, with the "
        f'default preset and few steps, to {fitted} architectures of the journal ({found.seconds:.0f} s).',
    ]
    figure = draw_map(found, source.score_label)
    return Section(title, texts, [album.add('embedding', figure, 'The embedding in two dimensions')])


def curve_section(curve: Mapping[str, Any], album: Album) -> Section:
    """Returns the paper's Fig. 2a, as `nao report --predictor_curve` measured it."""
    texts = [
        f'New controllers (preset {curve["preset"]}) fitted to growing parts of {curve["cells"]} random cells, '
        f'judged on {curve["held_out"]} that were held out; means of {curve["draws"]} draws (Fig. 2a).'
    ]
    rows: list[Sequence[str]] = [('training cells', 'pairwise accuracy', 'Kendall tau', 'Hamming distance')]
    for row in curve['rows']:
        fields = ('pairwise_accuracy', 'kendall_tau', 'hamming_distance')
        rows.append((str(row['training']), *(number(row[field], 3) for field in fields)))
    picture = album.add(
        'predictor_curve', draw_curve(curve), 'Pairwise accuracy and Hamming distance by training cells'
    )
    return Section('Predictor by training cells', texts, [picture], rows)
