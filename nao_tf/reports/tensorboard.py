"""TensorBoard of a search: scalars, HParams of the trials, the best cells as images, the embedding in the Projector."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import tensorflow as tf
from google.protobuf import text_format
from tensorboard.plugins import projector
from tensorboard.plugins.hparams import api as hparams

from nao_tf.errors import InputError
from nao_tf.reports.cell_drawing import draw_cells
from nao_tf.reports.cell_graph import graphs_of
from nao_tf.reports.embedding_map import LEAST, embed
from nao_tf.search.history import BASELINE, SEARCH, WARM, History, Trial
from nao_tf.search.summary import summarise_rounds
from nao_tf.spaces.architecture import Architecture
from nao_tf.spaces.base import SearchSpace
from nao_tf.spaces.reading import cells_of

FOLDER = 'tensorboard'
DPI = 100


class TensorBoard:
    """Writes `WORKDIR/tensorboard` while a search runs; a watcher of `nao_tf.search`.

    - `search` and `baseline` (runs): score, best so far, seconds and parameters of each child by its number; `rounds/`
      and `controller/` by the round, when the first child of the next one has ended; those of shared weights under
      `shared/`; the cell of every new best as an image.
    - `trials/N`: one run for each child with its HParams: arm, round, origin, and how often each word of the space's
      vocabulary occurs; score and parameters are the metrics.
    - the Projector: the mean state of E(x) of every architecture, with score, round and origin as metadata,
      written at the end of the search by a controller that is fitted anew, as for `nao report`.

    Every session writes all of it anew from the history, so that nothing stands there twice. The search neither waits
    for it nor knows of it but for the time that it takes.

    Args:
        seed: of the controller of the embedding.
    """

    def __init__(self, *, seed: int = 0):
        self.seed = seed

    def opened(self, workdir: Path, space: SearchSpace, history: History) -> None:
        """Begins anew with what earlier sessions left."""
        self.folder, self.space = workdir / FOLDER, space
        if tf.io.gfile.exists(str(self.folder)):
            tf.io.gfile.rmtree(str(self.folder))
        self.writers: dict[str, tf.summary.SummaryWriter] = {}
        self._best: dict[str, float] = {}
        self._drawn: set[Architecture] = set()
        self._rounds = 0  # all below are written
        with self._writer('.').as_default():
            hparams.hparams_config(
                hparams=[hparams.HParam(name) for name in ('arm', 'round', 'origin', *self._words())],
                metrics=[hparams.Metric(name) for name in ('score', 'parameters')],
            )
        for trial in sorted(history.trials.values(), key=lambda trial: trial.id):
            if trial.evaluation is not None:
                self.ended(trial, history)
        self._flush()

    def ended(self, trial: Trial, history: History) -> None:
        """Writes one trial."""
        self._write_rounds(history, trial.proposal.round if trial.arm == SEARCH else 0)
        evaluation = trial.evaluation
        if not trial.finished or evaluation is None or trial.arm == WARM:
            return
        for arm in (SEARCH, BASELINE) if trial.shared else (trial.arm,):
            self._best[arm] = max(self._best.get(arm, trial.score), trial.score)
        best = self._best[trial.arm]
        figures = {'score': trial.score, 'best': best, 'seconds': evaluation.seconds}
        if evaluation.parameters is not None:
            figures['parameters'] = evaluation.parameters
        with self._writer(trial.arm).as_default():
            for name, value in figures.items():
                tf.summary.scalar(name, value, step=trial.id)
            if trial.score == best:
                self._draw(trial)
        self._write_trial(trial)
        self.writers[trial.arm].flush()

    def closed(self, history: History) -> None:
        """Writes the rounds and closes the files."""
        last = max((trial.proposal.round for trial in history.of_arm(SEARCH)), default=-1)
        self._write_rounds(history, last + 1)
        for writer in self.writers.values():
            writer.close()
        self.writers = {}

    def shared_round(self, record: Mapping[str, Any]) -> None:
        """Writes a round of shared weights."""
        names = ('loss', 'mean_score', 'best_score', 'mean_new', 'mean_predicted')
        figures = {f'shared/{name}': record[name] for name in names}
        figures |= {f'shared/controller/{name}': value for name, value in (record['controller'] or {}).items()}
        self._write_scalars(figures, record['round'])

    def finished(self, history: History) -> None:
        """Writes what the Projector shows; nothing for fewer architectures than a map takes."""
        first: dict[Architecture, Trial] = {}
        for trial in sorted(history.trials.values(), key=lambda trial: trial.id):
            if trial.finished:
                first.setdefault(trial.proposal.architecture, trial)
        if len(first) >= LEAST:
            self._write_embedding(first)

    def _writer(self, run: str) -> tf.summary.SummaryWriter:
        if run not in self.writers:
            self.writers[run] = tf.summary.create_file_writer(str(self.folder / run))
        return self.writers[run]

    def _write_rounds(self, history: History, end: int) -> None:
        """Writes the rounds of the search below `end` that are not there yet."""
        if end <= self._rounds:
            return
        for row in summarise_rounds(history):
            if self._rounds <= row['round'] < end:
                figures = {f'rounds/{name}': row[name] for name in ('mean_score', 'mean_predicted', 'best_score')}
                figures |= {f'controller/{name}': value for name, value in (row['controller'] or {}).items()}
                self._write_scalars(figures, row['round'])
        self._rounds = end

    def _write_scalars(self, figures: Mapping[str, float | None], step: int) -> None:
        writer = self._writer(SEARCH)
        with writer.as_default():
            for name, value in figures.items():
                if value is not None:
                    tf.summary.scalar(name, value, step=step)
        writer.flush()

    def _flush(self) -> None:
        for writer in self.writers.values():
            writer.flush()

    def _words(self) -> tuple[str, ...]:
        return tuple(f'count of {word}' for word in self.space.vocabulary[1:])

    def _draw(self, trial: Trial) -> None:
        """Writes the image of a new best, if the space has cells."""
        architecture = trial.proposal.architecture
        if architecture in self._drawn:
            return
        self._drawn.add(architecture)
        try:
            cells = cells_of(architecture, self.space)
        except InputError:
            return
        drawn = io.BytesIO()
        draw_cells(graphs_of(cells)).savefig(drawn, format='png', dpi=DPI)
        image = tf.io.decode_png(drawn.getvalue(), channels=4)
        tf.summary.image('best cell', image[None], step=trial.id, description=f'trial {trial.id}: {trial.score:.4f}')

    def _write_trial(self, trial: Trial) -> None:
        assert trial.evaluation is not None
        proposal = trial.proposal
        tokens = proposal.architecture.tokens
        counts = {word: tokens.count(token) for token, word in enumerate(self._words(), start=1)}
        writer = tf.summary.create_file_writer(str(self.folder / 'trials' / f'{trial.id:05d}'))
        with writer.as_default():
            values = {'arm': trial.arm, 'round': proposal.round, 'origin': proposal.origin, **counts}
            hparams.hparams(values, trial_id=f'trial {trial.id}')
            tf.summary.scalar('score', trial.score, step=trial.id)
            if trial.evaluation.parameters is not None:
                tf.summary.scalar('parameters', trial.evaluation.parameters, step=trial.id)
        writer.close()

    def _write_embedding(self, first: Mapping[Architecture, Trial]) -> None:
        states, _ = embed(list(first), [trial.score for trial in first.values()], self.space, seed=self.seed)
        folder = self.folder / SEARCH  # the Projector looks where events are
        rows = [('trial', 'score', 'arm', 'round', 'origin')]
        rows += [
            (str(trial.id), f'{trial.score:.6g}', trial.arm, str(trial.proposal.round), trial.proposal.origin)
            for trial in first.values()
        ]
        _write_table(folder / 'embedding.tsv', ([f'{value:.6g}' for value in state] for state in states))
        _write_table(folder / 'metadata.tsv', rows)
        config = projector.ProjectorConfig()
        embedding = config.embeddings.add()
        embedding.tensor_name = 'mean state of E(x)'
        embedding.tensor_path, embedding.metadata_path = 'embedding.tsv', 'metadata.tsv'
        _write_text(folder / 'projector_config.pbtxt', text_format.MessageToString(config))


def _write_table(path: Path, rows: Iterable[Sequence[str]]) -> None:
    _write_text(path, ''.join('\t'.join(row) + '\n' for row in rows))


def _write_text(path: Path, text: str) -> None:
    tf.io.gfile.makedirs(str(path.parent))
    with tf.io.gfile.GFile(str(path), 'w') as file:
        file.write(text)
