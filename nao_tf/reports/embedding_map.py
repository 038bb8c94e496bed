"""The embedding of the evaluated architectures in two dimensions, and where the ascent went in it."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from sklearn.decomposition import PCA

from nao_tf.controller.controller import Controller
from nao_tf.controller.presets import DEFAULT
from nao_tf.reports.charts import dots, legend, plain
from nao_tf.search.history import Trial
from nao_tf.spaces.architecture import Architecture
from nao_tf.spaces.base import SearchSpace

FITTED = 300  # architectures that the controller is fitted to at the most, so that a report takes seconds
ARROW = '#d1495b'
LEAST = 8  # architectures below which two directions say nothing
# The trained predictor stands for f: what a posterior adds to it does not change where a cell lies.
CONFIG = dataclasses.replace(DEFAULT, posterior='none', growth=1.0, epochs=20, least_steps=200, held_out=0.0)


@dataclasses.dataclass(frozen=True)
class EmbeddingMap:
    """The mean state of E(x), which f reads, of every architecture, in the two directions that differ the most.

    Args:
        places: float [n, 2].
        scores: float [n].
        explained: share of the variance that lies in each direction, float [2].
        paths: (from, to) indices of a seed architecture and what the ascent made of it, int [m, 2].
        fitted: architectures that the controller was fitted to.
        seconds: wall time of fit and encoding.
    """

    places: np.ndarray
    scores: np.ndarray
    explained: np.ndarray
    paths: np.ndarray
    fitted: int
    seconds: float


def map_embedding(trials: Sequence[Trial], space: SearchSpace, *, seed: int) -> EmbeddingMap | None:
    """Fits a controller to finished trials and returns where their architectures lie in its embedding.

    The weights of a search's controller are not kept, so one of the default preset is fitted again (Eq. 1), to a
    uniform draw of `FITTED` of the architectures where there are more.

    Args:
        trials: that finished; the first of one architecture counts.
        space: of their architectures.
        seed: of the draw and the controller.

    Returns:
        The map, or None for fewer than `LEAST` architectures.
    """
    started = time.perf_counter()
    found: dict[Architecture, float] = {}
    for trial in trials:
        found.setdefault(trial.proposal.architecture, trial.score)
    if len(found) < LEAST:
        return None
    cells, scores = list(found), np.array(list(found.values()), float)
    states, fitted = embed(cells, scores, space, seed=seed)
    analysis = PCA(2, random_state=0)
    places = analysis.fit_transform(states)
    return EmbeddingMap(
        places,
        scores,
        analysis.explained_variance_ratio_,
        ascent_paths(trials, cells),
        fitted,
        time.perf_counter() - started,
    )


def embed(
    cells: Sequence[Architecture], scores: Sequence[float] | np.ndarray, space: SearchSpace, *, seed: int
) -> tuple[np.ndarray, int]:
    """Fits a controller to architectures and returns their mean states of E(x), float [n, D], and how many it fitted.

    Args:
        cells: n different ones.
        scores: [n].
        space: of the architectures.
        seed: of the draw of at most `FITTED` and of the controller.
    """
    drawn = np.sort(np.random.default_rng(seed).permutation(len(cells))[:FITTED])
    controller = Controller(space, CONFIG, seed=seed)
    controller.fit([cells[index] for index in drawn], np.asarray(scores, float)[drawn])
    return controller.encode(cells).mean(axis=1), len(drawn)


def ascent_paths(trials: Sequence[Trial], cells: Sequence[Architecture]) -> np.ndarray:
    """Returns (index of the seed, index of the child) of all children of the ascent, int [m, 2].

    Args:
        trials: that finished.
        cells: the architectures that indices stand for; a seed that is none of them has no path.
    """
    index = {cell: number for number, cell in enumerate(cells)}
    paths = [
        (index[trial.proposal.parent], index[trial.proposal.architecture])
        for trial in trials
        if trial.proposal.origin == 'ascent' and trial.proposal.parent in index
    ]
    return np.array(sorted(set(paths)), int).reshape(-1, 2)


def draw_map(embedding: EmbeddingMap, score: str) -> Figure:
    """Returns the map: a point for each architecture, coloured by its score, and an arrow for each ascent.

    Args:
        embedding: what is drawn.
        score: what a score is.
    """
    figure = Figure(figsize=(8.2, 6), layout='constrained')
    axis = figure.subplots()
    order = np.argsort(embedding.scores, kind='stable')  # the best on top
    low, high = np.percentile(embedding.scores, [5, 100])  # a few bad cells do not take the colours of the others
    x, y = embedding.places.T
    points = axis.scatter(
        x[order], y[order], c=embedding.scores[order], cmap='viridis', vmin=low, vmax=high, zorder=2,
        **{**dots(len(x)), 'alpha': 0.9},
    )  # fmt: skip
    if len(embedding.paths):
        seeds, children = embedding.places[embedding.paths[:, 0]], embedding.places[embedding.paths[:, 1]]
        many = len(seeds) > 60
        axis.quiver(
            *seeds.T, *(children - seeds).T, angles='xy', scale_units='xy', scale=1, width=0.002 if many else 0.003,
            headwidth=5, color=ARROW, alpha=0.5 if many else 0.7, zorder=3,
        )  # fmt: skip
        axis.plot([], [], color=ARROW, marker='>', markevery=[-1], label='ascent: from the seed to its child')
    best = int(np.argmax(embedding.scores))
    axis.scatter(
        x[best], y[best], marker='*', s=190, color='#ffd166', edgecolor='#222222', linewidths=0.9, zorder=4,
        label=f'best ({embedding.scores[best]:.4f})',
    )  # fmt: skip
    figure.colorbar(points, label=score, extend='min').ax.tick_params(rotation=0)
    first, second = embedding.explained
    axis.set(
        xlabel=f'first principal component of the mean state of E(x) ({first:.0%} of the variance)',
        ylabel=f'second ({second:.0%})',
    )
    return legend(plain(figure))
