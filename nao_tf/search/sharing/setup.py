"""From a config to a weight-sharing search, and from its end to the finalists that are trained on their own."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import ml_collections

from nao_tf.errors import InputError
from nao_tf.evaluators.shared_weights import SharedWeights
from nao_tf.search.crew import Crew
from nao_tf.search.executor import OutOfTime
from nao_tf.search.history import History
from nao_tf.search.setup import Parts
from nao_tf.search.sharing.candidates import Candidates, Scored
from nao_tf.search.sharing.checkpoint import CHECKPOINT
from nao_tf.search.sharing.loop import SharingObserver, SharingSearch
from nao_tf.search.sharing.make import make_candidates
from nao_tf.search.sharing.ranking import measure, select
from nao_tf.search.sharing.together import SharedTogether, follow_shared
from nao_tf.search.sharing.weights import make_shared
from nao_tf.searchers.listed import Listed
from nao_tf.tasks.image import ImageTask
from nao_tf.training.distribution import OFF, Distribution


@dataclasses.dataclass(frozen=True)
class Shared:
    """A weight-sharing search that has ended.

    Args:
        scored: the candidates with their last scores.
        records: of its rounds.
        seconds: by `training`, `scoring` and `controller`.
        finalists: how many of the best are trained on their own.
        ranked: how many architectures measure the ranking.
    """

    scored: list[Scored]
    records: list[dict[str, Any]]
    seconds: Mapping[str, float]
    finalists: int
    ranked: int

    def summary(self, history: History) -> dict[str, Any]:
        """Returns the part `sharing` of summary.json.

        Args:
            history: of the trainings of the chosen ones.
        """
        return {
            'rounds': self.records,
            'ranking': measure(self.scored, history, ranked=self.ranked),
            'seconds': {name: round(value, 3) for name, value in self.seconds.items()},
        }


def check_sharing(config: ml_collections.ConfigDict, distribution: Distribution = OFF) -> None:
    """Checks what a weight-sharing search cannot have.

    Args:
        config: of `nao_tf.search.sharing.config`.
        distribution: that the command asks for.

    Raises:
        InputError: naming the field.
    """
    if distribution.strategy == 'tpu' and config.sharing.execution != 'masked':
        raise InputError(
            f'sharing.execution is {config.sharing.execution!r}, which has no form for a TPU; set it to masked'
        )
    if config.baseline != 'none':
        raise InputError(
            f'baseline is {config.baseline!r}, which a search with shared weights does not have; set it to none, and '
            'run the same config with searcher.name=random to compare'
        )
    if config.warm_start:
        raise InputError(
            f'warm_start is {config.warm_start!r}, but scores of trained children do not compare with those of shared '
            'weights; leave it empty'
        )
    for field, least in (('fresh', 0), ('finalists', 1), ('ranked', 0)):
        if config.sharing[field] < least:
            raise InputError(f'sharing.{field} is {config.sharing[field]}; it must be at least {least}')


def prepare(
    config: ml_collections.ConfigDict, parts: Parts, identity: Mapping[str, Any], distribution: Distribution = OFF
) -> Sharing:
    """Returns a weight-sharing search at its beginning, every value checked.

    Args:
        config: of `nao_tf.search.sharing.config`.
        parts: of the search.
        identity: of the search.
        distribution: that the command asks for.

    Raises:
        InputError: for a value that is wrong.
    """
    check_sharing(config, distribution)
    images = isinstance(parts.task, ImageTask)
    candidates = make_candidates(
        parts.searched,
        config.searcher,
        fresh=config.sharing.fresh,
        sampling=config.sharing.sampling,
        parameters=parts.evaluator.parameters if images else None,
        seed=config.seed,
    )
    return Sharing(config, make_shared(config, parts, distribution), candidates, identity, distribution)


@dataclasses.dataclass(frozen=True)
class Sharing:
    """A weight-sharing search at its beginning.

    Args:
        config: of `nao_tf.search.sharing.config`.
        weights: shared ones, untrained.
        candidates: what they are trained by.
        identity: of the search.
        distribution: the devices that train them together.
    """

    config: ml_collections.ConfigDict
    weights: SharedWeights
    candidates: Candidates
    identity: Mapping[str, Any]
    distribution: Distribution

    @property
    def epochs(self) -> int:
        """Of all trainings."""
        return (self.config.searcher.rounds + 1) * self.config.sharing.epochs

    def describe(self) -> str:
        """Returns what is searched how, for a person."""
        searcher, sharing = self.config.searcher, self.config.sharing
        return (
            f'{self.weights.size:,} shared weights, {searcher.rounds + 1} trainings of {sharing.epochs} epochs; '
            f'{self.candidates.describe()}; then {sharing.finalists} finalists and {sharing.ranked} architectures that '
            'measure the ranking are trained on their own'
        )

    def run(self, workdir: Path, observer: SharingObserver, check_time: Callable[[], None]) -> Shared:
        """Searches to the end, or continues to.

        Args:
            workdir: holds the checkpoint.
            observer: told of the progress.
            check_time: raises OutOfTime.

        Raises:
            InputError: if the checkpoint is of another search, or the training diverges.
            OutOfTime: the same search continues.
        """
        crew = Crew(self.distribution)
        crew.agree(dict(self.identity))
        if crew.alone:
            return self._run(self.weights, workdir, observer, check_time)
        weights = SharedTogether(self.weights, crew)
        try:
            shared = self._run(weights, workdir, observer, check_time)
        except OutOfTime:
            weights.end(stopped=True)
            raise
        weights.end(stopped=False)
        return shared

    def follow(self) -> bool:
        """Trains along with the first of several processes.

        Returns:
            Whether the search goes on, with the training of what was found.

        Raises:
            InputError: if the first process makes another search, or a process is gone.
        """
        crew = Crew(self.distribution)
        crew.agree(dict(self.identity))
        return follow_shared(self.weights, crew)

    def _run(
        self, weights: SharedWeights, workdir: Path, observer: SharingObserver, check_time: Callable[[], None]
    ) -> Shared:
        config, space = self.config, self.candidates.space
        fingerprint = self.identity['space.fingerprint']
        search = SharingSearch(
            weights,
            self.candidates,
            rounds=config.searcher.rounds,
            epochs=config.sharing.epochs,
            checkpoint=workdir / CHECKPOINT,
            sizes={'space': f'{space.name} ({fingerprint})', 'searcher': config.searcher.name},
            observer=observer,
            check_time=check_time,
        )
        search.run()
        return Shared(
            self.candidates.scored,
            search.records,
            search.seconds,
            finalists=config.sharing.finalists,
            ranked=config.sharing.ranked,
        )


def with_finalists(parts: Parts, shared: Shared) -> Parts:
    """Returns the parts of a search that trains the best candidates, and those that measure the ranking.

    Args:
        parts: of the weight-sharing search.
        shared: as it ended.
    """
    chosen = select(shared.scored, finalists=shared.finalists, ranked=shared.ranked)
    return dataclasses.replace(parts, searcher=Listed(parts.space, chosen), baseline=None, total=len(chosen))
