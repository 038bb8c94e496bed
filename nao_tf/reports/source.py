"""What a report is made from: the config, the space and the history of a work directory."""

from __future__ import annotations

import dataclasses
import json
import math
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from nao_tf.errors import InputError
from nao_tf.networks.config import NetworkConfig
from nao_tf.search.costs import describe_limits, latencies
from nao_tf.search.history import History, Trial
from nao_tf.search.journal import Journal
from nao_tf.search.workdir import CONFIG, JOURNAL, MODEL, read_json, space_module
from nao_tf.spaces.architecture import Architecture
from nao_tf.spaces.base import SearchSpace
from nao_tf.spaces.registry import get_space


@dataclasses.dataclass(frozen=True)
class Source:
    """A search as its work directory tells it, finished or not.

    Args:
        workdir: of the search.
        config: flat, as it was frozen.
        space: of the architectures.
        history: all trials; at least one has finished.
        ended_at: wall time of all sessions in seconds at which a trial ended, by its number.
        metric: name of what a score stands for.
        score: what the score is, as a formula of the metric; the metric's name where it is the metric.
        latencies: measured in milliseconds, where the search asked for them.
        network: of the children, None for texts and where no child's model was kept.
        warnings: one line for every damaged line of the journal.
    """

    workdir: Path
    config: Mapping[str, Any]
    space: SearchSpace
    history: History
    ended_at: Mapping[int, float]
    metric: str
    score: str
    latencies: Mapping[Architecture, float]
    network: NetworkConfig | None
    warnings: tuple[str, ...] = ()

    @property
    def searcher(self) -> str:
        """Name of the searcher of the search arm."""
        return str(self.config['searcher.name'])

    @property
    def score_label(self) -> str:
        """What the axis of scores is called."""
        return f'validation {self.metric}' if self.score == self.metric else f'score: {self.score}'

    @property
    def limits(self) -> str:
        """What a child may cost, for a person; '' where there is no limit."""
        return describe_limits(self.config)

    @property
    def finished(self) -> list[Trial]:
        """All finished trials, by their numbers."""
        return sorted((t for t in self.history.trials.values() if t.finished), key=lambda trial: trial.id)


def open_source(workdir: Path) -> Source:
    """Reads a work directory; changes nothing, so a running search may be looked at.

    Args:
        workdir: of a search.

    Raises:
        InputError: if the directory holds no search, no trial has finished, or its config is damaged.
    """
    journal = Journal(workdir / JOURNAL)
    if not journal.exists():
        raise InputError(f'{workdir} holds no search: there is no {JOURNAL} in it')
    config = read_json(workdir / CONFIG)
    try:
        name, module = config['space.name'], space_module(workdir, config)
        metric, _, _ = config.get('task.metric', 'accuracy'), config['searcher.name'], config['seed']
    except (KeyError, TypeError, AttributeError):
        raise InputError(f'{workdir / CONFIG} is not the config of a search') from None
    space = get_space(name, module=module)
    events = journal.read()
    history = History(events, name)
    history.check(space)
    best = history.best()
    if best is None:
        failed = sum(trial.evaluation is not None for trial in history.trials.values())
        raise InputError(
            f'{workdir} has no finished trial yet ({len(history.trials)} proposed, {failed} failed): '
            'there is nothing to report'
        )
    assert best.evaluation is not None
    score = metric
    if 'perplexity' in best.evaluation.metrics:
        metric = 'perplexity'
        score = f'1 - ln(perplexity) / ln({words_of(best.score, best.evaluation.metrics["perplexity"])})'
    return Source(
        workdir,
        config,
        space,
        history,
        end_times(events, name),
        metric,
        score,
        latencies(events, name),
        None if metric == 'perplexity' else read_network(workdir),
        tuple(journal.damaged),
    )


def words_of(score: float, perplexity: float) -> int:
    """Returns V of the score 1 - ln(perplexity) / ln(V), which the journal does not hold."""
    return round(math.exp(math.log(perplexity) / (1 - score)))


def end_times(events: Iterable[Mapping[str, Any]], space: str) -> dict[int, float]:
    """Returns the wall time of all sessions in seconds at which each trial finished or failed first.

    Args:
        events: of a journal, oldest first.
        space: name of the space of its tokens.
    """
    clock = History((), space)
    ended: dict[int, float] = {}
    for event in events:
        clock.apply(event)
        if event['event'] in ('finished', 'failed'):
            ended.setdefault(int(event['trial']), clock.seconds)
    return ended


def read_network(workdir: Path) -> NetworkConfig | None:
    """Returns what the networks of an image search have in common, from any child's model that was kept.

    The config of a search does not hold the shape of the images, on which multiply-adds depend.
    """
    for path in (workdir / MODEL, *sorted((workdir / 'children').glob('*.keras'))):
        try:
            with path.open('rb') as file, zipfile.ZipFile(file) as archive:
                model = json.loads(archive.read('config.json'))
            return NetworkConfig.from_json(model['config']['network']['config']['config'])
        except (OSError, zipfile.BadZipFile, KeyError, TypeError, ValueError, RuntimeError, InputError):
            continue
    return None
