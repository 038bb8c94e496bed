"""The paper's Fig. 2a on any history: how good predictor and decoder are after so many evaluated architectures."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from nao_tf.controller.config import ControllerConfig
from nao_tf.controller.controller import Controller
from nao_tf.controller.metrics import hamming_distance, kendall_tau, pairwise_accuracy
from nao_tf.controller.presets import preset
from nao_tf.errors import InputError
from nao_tf.files import write_text
from nao_tf.reports.charts import PREDICTED, REAL, plain
from nao_tf.reports.source import Source
from nao_tf.searchers.registry import controller_overrides
from nao_tf.spaces.architecture import Architecture

CURVE = 'predictor_curve.json'
CELLS, HELD = 600, 50  # of the paper, section 4.1
TRAINED = (100, 200, 300, 400, 500, 550)
LEAST = 24  # cells, of which 2 are held out


def random_cells(source: Source) -> dict[Architecture, float]:
    """Returns the scores of at most 600 finished cells that were drawn uniformly, by their architectures.

    Cells that a searcher proposed are left out: they are better and more alike than those of the paper's figure.

    Raises:
        InputError: if there are fewer than `LEAST`.
    """
    drawn: dict[Architecture, float] = {}
    for trial in source.finished:
        if trial.proposal.origin == 'random' and len(drawn) < CELLS:
            drawn.setdefault(trial.proposal.architecture, trial.score)
    if len(drawn) < LEAST:
        raise InputError(
            f'{source.workdir} has {len(drawn)} finished random cells; '
            f'the curve of the predictor needs at least {LEAST}'
        )
    return drawn


def plan_sizes(cells: int) -> tuple[int, tuple[int, ...]]:
    """Returns how many cells are held out, and the sizes of the training sets: the paper's 50 and 100 .. 550 of 600.

    Args:
        cells: in all; other numbers are divided in the same shares.
    """
    held = max(round(cells * HELD / CELLS), 2)
    trained = cells - held
    return held, tuple(round(trained * size / TRAINED[-1]) for size in TRAINED)


def controller_config(config: Mapping[str, Any]) -> tuple[str, ControllerConfig]:
    """Returns the preset's name and the controller of a search's flat config."""
    prefix = 'searcher.controller.'
    fields = {name.removeprefix(prefix): value for name, value in config.items() if name.startswith(prefix)}
    name = str(config.get('searcher.preset', 'default'))
    return name, dataclasses.replace(preset(name), **controller_overrides(fields))


def measure_curve(source: Source, *, draws: int, progress: Callable[[str], None] = print) -> dict[str, Any]:
    """Fits new controllers to growing training sets and judges each on the same held-out cells.

    Args:
        source: of a search by any searcher; its seed and its controller settings are used.
        draws: how often another set is held out; figures are their means.
        progress: gets a line after each fit.

    Returns:
        JSON types: `cells`, `held_out`, `draws`, `preset` and `rows`, of `training`, `pairwise_accuracy`,
        `kendall_tau` and `hamming_distance`.

    Raises:
        InputError: if there are too few cells or draws.
    """
    if draws < 1:
        raise InputError(f'--draws is {draws}; it must be at least 1')
    scored = random_cells(source)
    cells, scores = list(scored), np.array(list(scored.values()), float)
    held, trained = plan_sizes(len(cells))
    name, config = controller_config(source.config)
    rows = []
    for size in trained:
        figures = []
        for draw in range(draws):
            seed = int(source.config['seed']) + draw
            order = np.random.default_rng([seed, len(cells)]).permutation(len(cells))
            test, train = order[:held], order[held:][:size]
            controller = Controller(source.space, config, seed=seed)
            controller.fit([cells[index] for index in train], scores[train])
            judged = [cells[index] for index in test]
            predicted = controller.predict(judged)
            decoded = controller.decode(controller.encode(judged))
            tokens, back = (np.array([cell.tokens for cell in some]) for some in (judged, decoded))
            figures.append(
                (
                    pairwise_accuracy(predicted, scores[test]),
                    kendall_tau(predicted, scores[test]),
                    hamming_distance(back, tokens),
                )
            )
        accuracy, tau, distance = np.mean(figures, axis=0).tolist()
        rows.append({'training': size, 'pairwise_accuracy': accuracy, 'kendall_tau': tau, 'hamming_distance': distance})
        progress(f'{size} cells: pairwise accuracy {accuracy:.3f}, tau {tau:.3f}, Hamming distance {distance:.3f}')
    return {'cells': len(cells), 'held_out': held, 'draws': draws, 'preset': name, 'rows': rows}


def write_curve(curve: Mapping[str, Any], folder: Path) -> None:
    """Keeps a measured curve beside the figures, where later reports find it."""
    write_text(folder / CURVE, json.dumps(curve, indent=1))


def draw_curve(curve: Mapping[str, Any]) -> Figure:
    """Returns pairwise accuracy (red) and Hamming distance (blue) by the number of training cells."""
    figure = Figure(figsize=(7.2, 4.4), layout='constrained')
    left = figure.subplots()
    right = left.twinx()
    sizes = [row['training'] for row in curve['rows']]
    for axis, field, label, colour, marker in (
        (left, 'pairwise_accuracy', 'pairwise accuracy of f', REAL, 'o'),
        (right, 'hamming_distance', 'Hamming distance of D, tokens', PREDICTED, 's'),
    ):
        axis.plot(sizes, [row[field] for row in curve['rows']], color=colour, marker=marker)
        axis.set_ylabel(label, color=colour)
        axis.tick_params(axis='y', colors=colour)
    left.axhline(0.5, color='#999999', linestyle=':', linewidth=1)
    left.annotate('chance', (sizes[0], 0.5), color='#777777', fontsize=8, va='bottom')
    left.set_ylim(min(0.45, *(row['pairwise_accuracy'] - 0.05 for row in curve['rows'])), 1.0)
    right.set_ylim(0, max(1.0, 1.15 * max(row['hamming_distance'] for row in curve['rows'])))
    left.set_xlabel(f'evaluated architectures trained on ({curve["held_out"]} others held out)')
    plain(figure)
    right.grid(False)
    right.spines['right'].set_visible(True)
    return figure
