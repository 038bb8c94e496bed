"""The end of a search: its winners are tested and kept, summed up, and shown."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import ml_collections

from nao_tf.files import is_whole_archive, local_file, written_whole
from nao_tf.search.front import print_front
from nao_tf.search.history import History
from nao_tf.search.keeper import BestChildren
from nao_tf.search.loop import SearchLoop
from nao_tf.search.progress import print_summary
from nao_tf.search.setup import Parts
from nao_tf.search.sharing.progress import print_sharing
from nao_tf.search.sharing.setup import Shared
from nao_tf.search.shown import Shown
from nao_tf.search.summary import summarise
from nao_tf.search.terminal import Terminal
from nao_tf.search.workdir import MODEL


def crown(parts: Parts, loop: SearchLoop, keeper: BestChildren, workdir: Path) -> None:
    """Tests the winner of each arm, once, and writes the model file of the best of them; looks after the front.

    Args:
        parts: of the search.
        loop: whose trials have ended.
        keeper: of their models.
        workdir: of the search.
    """
    history = loop.history
    keeper.tidy(history)  # what a session left that was killed right after its last child
    winners = {winner.id: winner for winner in map(history.best, parts.budgets(history)) if winner is not None}
    for winner in winners.values():
        if winner.id not in history.tested and 'test' in parts.task.splits:
            with local_file(keeper.model_path(winner, loop.observer.warn)) as file:
                model = keras.models.load_model(file)
            loop.record([{'event': 'tested', 'trial': winner.id, 'metrics': parts.evaluator.test_metrics(model)}])
    best = history.best()
    if best is not None and (history.model != best.id or not is_whole_archive(workdir / MODEL)):
        kept = keeper.model_path(best, loop.observer.warn)
        with local_file(kept) as file, written_whole(workdir / MODEL) as partial:
            shutil.copyfile(file, partial)
        loop.record([{'event': 'model', 'trial': best.id}])
    for trial in [] if parts.front is None else parts.front.trials(history):
        keeper.model_path(trial, loop.observer.warn)


def summarise_search(
    config: ml_collections.ConfigDict,
    parts: Parts,
    history: History,
    keeper: BestChildren,
    shown: Shown,
    shared: Shared | None,
) -> dict[str, Any]:
    """Returns what summary.json holds (docs/summary.md).

    Args:
        config: of the search.
        parts: of the search.
        history: of the search, which has ended.
        keeper: of its models.
        shown: the metric of its scores.
        shared: of a search with shared weights.
    """
    summary = summarise(
        history,
        parts.space,
        metric=shown.metric,
        searcher=config.searcher.name,
        seed=config.seed,
        score=shown.score,
    )
    summary['limits'] = {limit.field.removeprefix('constraints.'): limit.most for limit in parts.limits}
    if shared is not None:
        summary['sharing'] = shared.summary(history)
    if parts.front is not None:
        summary['front'] = parts.front.summary(history, parts.space, keeper.front_models(history))
    return summary


def print_search(summary: Mapping[str, Any], console: Terminal, shown: Shown) -> None:
    """Prints the results of a search.

    Args:
        summary: what summary.json holds.
        console: where to print.
        shown: how scores are shown.
    """
    console.results(**summary)
    if 'sharing' in summary:
        print_sharing(summary['sharing'], console, shown)
    print_summary(dict(summary), console, shown)
    if 'front' in summary:
        print_front(summary['front'], console, shown)
