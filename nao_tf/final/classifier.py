"""One final training of a classifier: its checkpoints, its line an epoch, the models that it leaves."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from nao_tf.evaluators.child import CHECKPOINT_SECONDS, save_model
from nao_tf.final.epochs import EpochLog
from nao_tf.final.start import Start
from nao_tf.networks.cell_network import CellNetwork
from nao_tf.networks.classifier import ImageClassifier
from nao_tf.search.crew import Crew
from nao_tf.search.events import finite
from nao_tf.search.executor import OutOfTime
from nao_tf.search.progress import clock
from nao_tf.search.terminal import Terminal
from nao_tf.search.workdir import MODEL
from nao_tf.training.classifier import ClassifierTrainer, release
from nao_tf.training.distribution import OFF, Distribution
from nao_tf.training.result import DivergedError
from nao_tf.training.strategy import make_strategy

LAST_MODEL = 'last_model.keras'


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What a training came to.

    Args:
        score: validation value of the task's metric; 0 where it failed or there is no validation split.
        epoch: that gave the score, counted from 1.
        metrics: every validation metric of that epoch where there is a validation split, and `loss` of its training.
        failure: why there is no score, '' if there is one.
        diverged: why it ended before its last epoch and the score is that of the best one until then, '' if it did not.
    """

    score: float = 0.0
    epoch: int = 0
    metrics: dict[str, float] = dataclasses.field(default_factory=dict)
    failure: str = ''
    diverged: str = ''

    @property
    def failed(self) -> bool:
        """Whether there is no score."""
        return bool(self.failure)

    def to_json(self) -> dict[str, Any]:
        """Returns the fields by name, without metrics that are no number."""
        metrics = {name: value for name, value in self.metrics.items() if math.isfinite(value)}
        return {**dataclasses.asdict(self), 'metrics': metrics}


class FinalTraining:
    """The training of one candidate, from its checkpoint where there is one.

    Args:
        start: what is trained, and how.
        number: of the candidate, from 0.
        folder: the work directory; None in a process that trains along.
        seed: of the initial weights and of the training.
        precision: name of the Keras policy of the network.
        distribution: the devices that train it together.
        crew: the processes that do, if they are several.

    Raises:
        InputError: if its checkpoint is damaged.
    """

    def __init__(
        self,
        start: Start,
        number: int,
        folder: Path | None,
        *,
        seed: int,
        precision: str = 'float32',
        distribution: Distribution = OFF,
        crew: Crew | None = None,
    ):
        release()
        self.crew = crew or Crew()
        self.number = number
        self.start = start
        self.folder = folder
        self.checkpoint = None if folder is None else folder / f'checkpoint_{number + 1}.npz'
        self._cells, self._seed, self._precision = start.candidates[number].pair, seed, precision
        with make_strategy(distribution).scope():
            network = CellNetwork(self._cells, start.network, seed=seed, dtype=precision)
            places = network.places()
            for place, value in start.weights.items():
                places[place].assign(value)
        self.trainer = ClassifierTrainer(
            network, start.task, config=start.training, seed=seed, distribution=distribution
        )
        if (checkpoint := self.crew.file(self.checkpoint)) is not None:
            self.trainer.load_checkpoint(checkpoint)

    def run(self, console: Terminal, *, deadline: float | None = None, beat: float | None = None) -> Outcome:
        """Trains to the end, with a line after every epoch and a checkpoint every minute.

        Args:
            console: where the lines go.
            deadline: of `time.perf_counter`, after which the training stops, to be continued; several processes stop
                at the end of an epoch.
            beat: score that the model of the work directory has; it is replaced by a better one only.

        Returns:
            The outcome; where a loss is not finite, that of the best epoch until then, or one without a score.

        Raises:
            OutOfTime: when the deadline is over; the checkpoint is written.
        """
        trainer, course = self.trainer, self.trainer.course
        first, epochs = course.step, trainer.config.epochs
        if first:
            done = f'{first / trainer.steps_per_epoch:.1f} of {epochs} epochs are done'
            console.print(f'continuing {self.folder}: {done}', markup=False)
        started = written = time.perf_counter()
        log = EpochLog(self.folder)

        def on_epoch(epoch: int, score: float) -> None:
            metric, best = trainer.task.metric, course.best
            elapsed = time.perf_counter() - started
            left = elapsed / (course.step - first) * (trainer.total_steps - course.step)
            kept = '' if math.isnan(score) else f'{metric} {score:.4f} | '
            kept += '' if best is None else f'best {best.score:.4f} (epoch {best.epoch}) | '
            figures = f'loss {course.metrics["loss"]:.4f} | {kept}{clock(elapsed)} elapsed, {clock(left)} left'
            console.tell(
                'epoch',
                candidate=self.number + 1,
                epoch=epoch,
                epochs=epochs,
                loss=course.metrics['loss'],
                score=score,
                best_score=None if best is None else best.score,
                best_epoch=None if best is None else best.epoch,
                elapsed=elapsed,
                left=left,
            )
            log.add(epoch, {'loss': finite(course.metrics['loss']), 'score': finite(score)}, candidate=self.number + 1)
            console.doing('training')
            console.advance(epoch, epochs, line=f'epoch {epoch} of {epochs} | {figures}', brief=figures)
            if trainer.ended:
                if epoch < epochs:
                    console.print(f'{trainer.config.patience} epochs without a better {metric}: the training ends')
                best_score = score if best is None else best.score
                if beat is None or best_score > beat:
                    self._save(trainer.replicas.read(trainer.network.variables), LAST_MODEL)

        def on_loop() -> None:
            nonlocal written
            now = time.perf_counter()
            over = deadline is not None and now >= deadline
            if not self.crew.alone:
                over = course.step % trainer.steps_per_epoch == 0 and self.crew.tell_json(over)
            if self.checkpoint is not None and (over or now - written >= CHECKPOINT_SECONDS):
                trainer.save_checkpoint(self.checkpoint)
                written = time.perf_counter()
            if over:
                raise OutOfTime

        diverged = ''
        try:
            result = trainer.train(on_epoch, on_loop)
        except DivergedError as error:
            if course.best is None:
                return Outcome(failure=str(error))
            diverged, result = str(error), trainer.result()
        finally:
            console.close()
            log.close()
        if beat is None or result.score > beat:
            self._save(trainer.replicas.read(trainer.network.variables), MODEL)
        score = 0.0 if math.isnan(result.score) else result.score
        return Outcome(score, result.epoch, result.metrics, diverged=diverged)

    def forget(self) -> None:
        """Removes the checkpoint of a training that went to its end."""
        if self.checkpoint is not None:
            self.checkpoint.unlink(missing_ok=True)

    def _save(self, values: Sequence[np.ndarray], name: str) -> None:
        """Writes a model of values of the network's variables, without the auxiliary head."""
        if self.folder is None:
            return
        trained = self.trainer.network
        config = dataclasses.replace(trained.config, auxiliary=False)
        network = CellNetwork(self._cells, config, seed=self._seed, dtype=self._precision)
        places = {id(variable): place for place, variable in trained.places().items()}
        own = network.places()
        for variable, value in zip(trained.variables, values, strict=True):
            if places[id(variable)] in own:
                own[places[id(variable)]].assign(value)
        task = self.start.task
        model = ImageClassifier(network, task.mean.tolist(), task.std.tolist(), task.class_names, white=task.white)
        save_model(model, self.folder / name)
