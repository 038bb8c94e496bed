"""The sections of a report: what each shows of a search, in words, tables and figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from nao_tf.networks.cost import count_multiply_adds
from nao_tf.reports import charts
from nao_tf.reports.album import Album
from nao_tf.reports.cell_drawing import draw_cells
from nao_tf.reports.cell_graph import graphs_of
from nao_tf.reports.page import Section, number
from nao_tf.reports.series import arm_curve, sizes
from nao_tf.reports.source import Source
from nao_tf.search.costs import UNITS
from nao_tf.search.front import pareto_front
from nao_tf.search.history import BASELINE, SEARCH, WARM, Trial
from nao_tf.search.progress import clock
from nao_tf.spaces.architecture import Architecture
from nao_tf.spaces.cells import CellPair
from nao_tf.spaces.reading import cells_of

SHOWN = 3  # best cells that are drawn
AXES = {'params': 'parameters', 'flops': 'multiply-adds', 'latency_ms': 'latency in ms'}  # of the sizes, by the cost
ARMS = {SEARCH: 'search', BASELINE: 'random arm', WARM: 'warm start'}


def overview(source: Source, summary: Mapping[str, Any]) -> Section:
    """Returns what was searched and what came of it."""
    counts, seconds, best = summary['trials'], summary['seconds'], summary['best']
    rows = [
        ('', ''),
        ('searcher', source.searcher),
        ('space', f'{source.space.name} ({float(source.space.size):.2g} token sequences)'),
        ('trials', f'{counts["finished"]} finished, {counts["failed"]} failed, {counts["total"]} proposed'),
        ('wall time', clock(seconds['total'])),
        ('best cell', f'trial {best["trial"]}: {figures_of(source, source.history.trials[best["trial"]])}'),
    ]
    if source.score != source.metric:
        rows.insert(3, ('score', source.score))
    if source.limits:
        rows.insert(3, ('limits', source.limits))
    if source.config.get('objective') == 'pareto':
        cost, exponent = UNITS[source.config['pareto.cost']], source.config['pareto.exponent']
        rows.insert(3, ('objective', f'score x {cost}^-{exponent:g}, whose front is kept'))
    comparison = summary['comparison']
    if comparison is not None:
        low, high = comparison['interval']
        words = '' if comparison['significant'] else ', not significant'
        rows.append(
            (
                f'{source.searcher} minus random arm',
                f'{comparison["difference"]:+.4f} in {comparison["of"]}, '
                f'{comparison["level"]:.0%} interval {low:+.4f} to {high:+.4f}{words}',
            )
        )
    return Section('', table=rows)


def figures_of(source: Source, trial: Trial) -> str:
    """Returns validation and test metric, parameters and multiply-adds of a trial in one line."""
    evaluation = trial.evaluation
    assert evaluation is not None
    digits = 2 if source.metric == 'perplexity' else 4
    parts = [f'validation {source.metric} {number(evaluation.metrics.get(source.metric, trial.score), digits)}']
    test = source.history.tested.get(trial.id)
    if test is not None and source.metric in test:
        parts.append(f'test {source.metric} {number(test[source.metric], digits)}')
    if evaluation.parameters is not None:
        parts.append(f'{evaluation.parameters:,} parameters')
    cells = cells_of(trial.proposal.architecture, source.space)
    if source.network is not None and isinstance(cells, CellPair):
        parts.append(f'{count_multiply_adds(cells, source.network):,} multiply-adds')
    return ', '.join(parts)


def best_cells(source: Source, album: Album) -> list[Section]:
    """Returns the best architectures, each drawn."""
    best: dict[Architecture, Trial] = {}
    for trial in sorted(source.finished, key=lambda trial: (-trial.score, trial.id)):
        best.setdefault(trial.proposal.architecture, trial)
        if len(best) == SHOWN:
            break
    sections = []
    for rank, (architecture, trial) in enumerate(best.items(), start=1):
        proposal = trial.proposal
        picture = album.add(
            f'cell_{rank}',
            draw_cells(graphs_of(cells_of(architecture, source.space))),
            f'Graph of the best cell number {rank}: {source.space.describe(architecture)}',
        )
        came = f'{ARMS[trial.arm]}, round {proposal.round}, {proposal.origin}'
        sections.append(
            Section(
                'Best cells' if rank == 1 else '',
                [f'{figures_of(source, trial)}. Came from: {came}.'],
                [picture],
                code=(
                    'as text and as tokens',
                    f'{source.space.describe(architecture)}\n\ntokens: {" ".join(map(str, architecture.tokens))}',
                ),
                heading=f'{rank}. trial {trial.id}',
            )
        )
    return sections


def score_section(source: Source, album: Album, summary: Mapping[str, Any]) -> Section:
    """Returns the score of every trial over time, the best so far, and the random arm."""
    curves = {source.searcher: arm_curve(source.history, SEARCH)}
    if source.history.of_arm(BASELINE):
        curves['random arm'] = arm_curve(source.history, BASELINE)
    failed = summary['trials']['failed']
    texts = [
        'A point is a child. Both arms continue the same random start.' if len(curves) > 1 else 'A point is a child.'
    ]
    if failed:
        texts.append(f'{failed} failed children have no point.')
    rows = [('arm', 'cells added', 'mean score', 'best score', 'best trial')]
    for arm, figures in summary['arms'].items():
        name = source.searcher if arm == SEARCH else ARMS[arm]
        rows.append(
            (
                name,
                str(figures['added']),
                number(figures['mean_added']),
                number(figures['best_score']),
                str(figures['best_trial'] or '-'),
            )
        )
    figure = charts.draw_scores(curves, source.ended_at, source.score_label)
    return Section('Scores over time', texts, [album.add('scores', figure, 'Score of every trial over time')], rows)


def round_section(source: Source, album: Album, summary: Mapping[str, Any]) -> Section:
    """Returns the mean real and predicted score of each round, and how the controller did before it."""
    rounds = [row for row in summary['rounds'] if row['mean_score'] is not None]
    baseline = summary['arms'].get(BASELINE, {}).get('mean_added')
    head = ('round', 'cells', 'failed', 'mean real', 'mean predicted', 'best', 'origins', 'held-out pairwise accuracy')
    rows: list[Sequence[str]] = [head]
    for row in summary['rounds']:
        controller = row['controller'] or {}
        rows.append(
            (
                str(row['round']),
                str(row['trials']),
                str(row['failed']),
                number(row['mean_score']),
                number(row['mean_predicted']),
                number(row['best_score']),
                ', '.join(f'{count} {origin}' for origin, count in row['origins'].items()),
                number(controller.get('pairwise_accuracy'), 3),
            )
        )
    if all(row[-1] == '-' for row in rows[1:]):
        rows = [row[:-1] for row in rows]
    title = 'Rounds'
    if not rounds:
        return Section(title, ['No round has a finished child yet.'], table=rows)
    figure = charts.draw_rounds(rounds, baseline, source.score_label)
    text = (
        'Mean score of the cells of each round, real and as the searcher predicted it before training (Fig. 2b). '
        'The axis does not begin at zero.'
    )
    return Section(title, [text], [album.add('rounds', figure, 'Mean real and predicted score of each round')], rows)


def size_section(source: Source, album: Album) -> Section:
    """Returns scores against parameters and multiply-adds, with the Pareto front."""
    title, found = 'Size', sizes(source.finished, source.space, source.network, source.latencies)
    if not found.costs:
        parameters = {trial.evaluation.parameters for trial in source.finished if trial.evaluation}
        known = f'{next(iter(parameters)):,} parameters' if parameters and None not in parameters else 'the same size'
        return Section(title, [f'All children have {known}: there is nothing to weigh.'])
    texts = ['The front: no other child is better and as small.']
    if source.limits:
        texts.append(f'The search was limited to {source.limits} (dotted lines).')
    if source.metric != 'perplexity' and 'multiply-adds' not in found.costs:
        texts.append("The multiply-adds are not known: no child's model was kept.")
    name = AXES.get(str(source.config.get('pareto.cost')), '') if source.config.get('objective') == 'pareto' else ''
    name = name if name in found.costs else next(iter(found.costs))
    cost, costs = found.costs[name], found.costs.values()
    rows: list[Sequence[str]] = [('trial', 'score', *found.costs)]
    for index in pareto_front(cost, found.scores):
        rows.append(
            (
                str(found.trials[index]),
                number(found.scores[index]),
                *(f'{values[index]:,.0f}' if values[index] >= 100 else f'{values[index]:.2f}' for values in costs),
            )
        )
    texts.append(f'The table lists the front of {name}.')
    return Section(
        title,
        texts,
        [
            album.add(
                'sizes', charts.draw_sizes(found, source.score_label, limits_of_axes(source.config)), 'Scores by size'
            )
        ],
        rows,
    )


def limits_of_axes(config: Mapping[str, Any]) -> dict[str, float]:
    """Returns the limits of a config by the names of `Sizes.costs`."""
    found = {axis: config.get(f'constraints.max_{name}', 0) for name, axis in AXES.items()}
    found['multiply-adds'] /= 2  # to one there are two FLOPs
    return {name: limit for name, limit in found.items() if limit}


def time_section(source: Source, album: Album, summary: Mapping[str, Any]) -> Section:
    """Returns where the wall time went."""
    children = np.array(
        [t.evaluation.seconds for t in source.history.trials.values() if t.evaluation and t.reused is None], float
    )
    parts = summary['seconds']
    text = (
        f'{clock(parts["total"])} in all: children {parts["children"]:,.1f} s, '
        f'the searcher {parts["controller"]:,.1f} s, '
        f'everything else {parts["other"]:,.1f} s. A child took {np.median(children):,.1f} s (median).'
    )
    return Section('Time', [text], [album.add('seconds', charts.draw_seconds(parts, children), 'Where the time went')])
