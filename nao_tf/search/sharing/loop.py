"""The weight-sharing search: shared weights are trained, score candidates, and a searcher changes these; and again.

One checkpoint holds everything; what happens between two of them is a function of what the first one holds, so that a
search that was killed does it again, to the same bits where the arithmetic is the same (docs/sharing.md).
"""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from nao_tf.errors import InputError
from nao_tf.evaluators.shared_weights import SharedWeights
from nao_tf.files import ARCHIVE_ERRORS
from nao_tf.search.events import finite
from nao_tf.search.executor import OutOfTime
from nao_tf.search.sharing.candidates import Candidates
from nao_tf.search.sharing.checkpoint import damaged, load_checkpoint, save_checkpoint
from nao_tf.search.sharing.record import round_record
from nao_tf.searchers.evaluation import Evaluation, evaluation_from_json, evaluation_to_json
from nao_tf.spaces.architecture import Architecture

CHECKPOINT_SECONDS = 60.0  # between two checkpoints of the training


class SharingObserver(Protocol):
    """What a weight-sharing search tells of its progress."""

    def earlier(self, record: Mapping[str, Any]) -> None:
        """A round that an earlier session ended."""

    def continued(self, epoch: int, epochs: int) -> None:
        """A search goes on behind `epoch` of `epochs`."""

    def epoch(self, epoch: int, epochs: int, loss: float) -> None:
        """An epoch of `epochs` has ended, counted from 1."""

    def scoring(self, number: int) -> None:
        """The candidates of a round are scored, and the searcher learns."""

    def round(self, record: Mapping[str, Any]) -> None:
        """A round has ended; `record` is what `summary.json` says of it."""


class SharingSearch:
    """Trains shared weights for `rounds` + 1 times `epochs`; after each the candidates are scored and changed.

    Args:
        shared: the weights, their training and their scores.
        candidates: what the steps draw from.
        rounds: of the searcher; the training after the last one serves the last scores.
        epochs: of one training.
        checkpoint: file of it; a search that is there is continued.
        sizes: what the checkpoint has to agree with beside the supernet's own sizes.
        observer: told of the progress.
        check_time: called between steps and scores; raises OutOfTime.

    Raises:
        InputError: if the checkpoint is damaged or of another search.

    Attributes:
        records: one for each round that has ended, by the schema of `summary.json`.
        seconds: wall time by `training`, `scoring` and `controller`.
    """

    def __init__(
        self,
        shared: SharedWeights,
        candidates: Candidates,
        *,
        rounds: int,
        epochs: int,
        checkpoint: Path,
        sizes: Mapping[str, Any],
        observer: SharingObserver,
        check_time: Callable[[], None] = lambda: None,
    ):
        self.shared = shared
        self.candidates = candidates
        self.rounds = rounds
        self.epochs = epochs
        self.checkpoint = checkpoint
        self.sizes = {**sizes, 'rounds': rounds, 'epochs': epochs, **shared.sizes}
        self.observer = observer
        self.check_time = check_time
        self.round = self.epoch = 0  # that have ended
        self.step = 0  # of all steps, the next one
        self.losses: list[float] = []  # of the epoch that is under way
        self.scores: list[Evaluation] = []  # of the round that is under way, in the order in which they are made
        self.loss = math.nan  # mean of the last epoch
        self.records: list[dict[str, Any]] = []
        self.seconds = {'training': 0.0, 'scoring': 0.0, 'controller': 0.0}
        if checkpoint.exists():
            self._load()

    @property
    def total_epochs(self) -> int:
        """Of all trainings."""
        return (self.rounds + 1) * self.epochs

    @property
    def finished(self) -> bool:
        """Whether the last scores are there."""
        return self.round > self.rounds

    def run(self) -> None:
        """Searches to the end.

        Raises:
            OutOfTime: from `check_time`; the same search continues.
            InputError: if the training diverges.
        """
        for record in self.records:
            self.observer.earlier(record)
        if self.step and not self.finished:
            self.observer.continued(self.epoch, self.total_epochs)
        while not self.finished:
            if self.epoch < (self.round + 1) * self.epochs:
                self._train()
            else:
                self._turn()

    def _train(self) -> None:
        """Trains to the end of an epoch, or of the last one before a round."""
        started = saved = time.perf_counter()
        try:
            for batch in self.shared.batches(self.epoch, len(self.losses)):
                loss = self.shared.train(batch, self.candidates.draw(self.step), self.step)
                if not math.isfinite(loss):
                    raise InputError(
                        f'the shared weights diverged: the loss is {loss} in epoch {self.epoch + 1}; make '
                        'sharing.learning_rate or sharing.clip_norm smaller, and take another --workdir'
                    )
                self.step += 1
                self.losses.append(loss)
                now = time.perf_counter()
                if now - saved >= CHECKPOINT_SECONDS:
                    self.seconds['training'] += now - started
                    started = saved = now
                    self.save()
                self.check_time()
        except OutOfTime:
            self.seconds['training'] += time.perf_counter() - started
            self.save()
            raise
        self.seconds['training'] += time.perf_counter() - started
        self.loss, self.losses = float(np.mean(self.losses)), []
        self.epoch += 1
        self.observer.epoch(self.epoch, self.total_epochs, self.loss)
        if self.epoch % self.epochs == 0:
            self.save()

    def _turn(self) -> None:
        """Scores the candidates and changes them; begun anew, it takes the scores that the checkpoint has."""
        number = self.round + 1
        self.observer.scoring(number)
        before = self.candidates.state_dict()
        started = saved = time.perf_counter()
        scoring, place = 0.0, 0

        def score(architecture: Architecture) -> Evaluation:
            nonlocal scoring, place, saved
            place += 1
            if place <= len(self.scores):
                return self.scores[place - 1]
            try:
                self.check_time()
            except OutOfTime:
                self.save(before)
                raise
            evaluation = self.shared.evaluate(architecture)
            scoring += evaluation.seconds
            self.seconds['scoring'] += evaluation.seconds
            self.scores.append(evaluation)
            if time.perf_counter() - saved >= CHECKPOINT_SECONDS:
                self.save(before)
                saved = time.perf_counter()
            return evaluation

        self.candidates.turn(number, score, last=number > self.rounds)
        self.seconds['controller'] += time.perf_counter() - started - scoring
        self.round, self.scores = number, []
        self.records.append(round_record(self.candidates, number, epochs=self.epoch, loss=self.loss))
        self.save()
        self.observer.round(self.records[-1])

    def save(self, candidates: Mapping[str, Any] | None = None) -> None:
        """Writes the checkpoint.

        Args:
            candidates: their state at the beginning of a round that is under way; None outside of one.
        """
        state = {
            'round': self.round,
            'epoch': self.epoch,
            'step': self.step,
            'losses': self.losses,
            'loss': finite(self.loss),
            'records': self.records,
            'seconds': self.seconds,
            'scores': [_as_json(evaluation) for evaluation in self.scores],
            'candidates': self.candidates.state_dict() if candidates is None else candidates,
        }
        save_checkpoint(self.checkpoint, sizes=self.sizes, state=state, arrays=self.shared.arrays())

    def _load(self) -> None:
        state, arrays = load_checkpoint(self.checkpoint, self.sizes)
        try:
            self.shared.assign(arrays)
            self.candidates.load_state_dict(state['candidates'])
            self.round, self.epoch, self.step = state['round'], state['epoch'], state['step']
            self.losses, self.records, self.seconds = state['losses'], state['records'], state['seconds']
            self.loss = math.nan if state['loss'] is None else state['loss']
            name = self.candidates.space.name
            self.scores = [evaluation_from_json(value, name) for value in state.get('scores', ())]
        except ARCHIVE_ERRORS as error:
            raise damaged(self.checkpoint, error) from None


def _as_json(evaluation: Evaluation) -> dict[str, Any]:
    """Returns an evaluation without the metrics that JSON cannot hold."""
    metrics = {name: value for name, value in evaluation.metrics.items() if math.isfinite(value)}
    return evaluation_to_json(dataclasses.replace(evaluation, metrics=metrics))
