"""`nao train` on a text: one recurrent cell, trained as long as the config says; it can be stopped and continued."""

from __future__ import annotations

import contextlib
import json
import time
from pathlib import Path
from typing import Any

import ml_collections
from rich.console import Console

from nao_tf.errors import InputError
from nao_tf.evaluators.child import save_model
from nao_tf.files import as_path, write_text
from nao_tf.final.chosen import chosen_architectures, keep_architectures
from nao_tf.final.config import default_train_config
from nao_tf.final.epochs import EpochLog
from nao_tf.final.summary import print_training
from nao_tf.final.winners import fingerprint
from nao_tf.interrupts import interrupts_noticed
from nao_tf.networks.language_model import LanguageModel
from nao_tf.networks.language_network import LanguageNetwork
from nao_tf.networks.recurrent_plan import check_activation
from nao_tf.search.children import recurrent_recipe
from nao_tf.search.config import flatten
from nao_tf.search.crew import Crew
from nao_tf.search.devices import prepare_devices
from nao_tf.search.events import finite
from nao_tf.search.executor import OutOfTime
from nao_tf.search.progress import clock
from nao_tf.search.terminal import Terminal, as_terminal
from nao_tf.search.workdir import MODEL, SUMMARY, check_model, open_workdir, read_training
from nao_tf.spaces.cells import RecurrentCell
from nao_tf.spaces.writing import cells_to_json, describe_cells
from nao_tf.tasks.make import TaskMaker, make_task
from nao_tf.tasks.text import TextTask
from nao_tf.training.distribution import OFF, Distribution
from nao_tf.training.language import LanguageTrainer
from nao_tf.training.language_checkpoint import load_checkpoint, save_checkpoint
from nao_tf.training.result import DivergedError
from nao_tf.training.strategy import make_strategy

CHECKPOINT = 'checkpoint.npz'


def train_cell(
    config: ml_collections.ConfigDict,
    workdir: str | Path,
    *,
    make: TaskMaker = make_task,
    max_hours: float | None = None,
    console: Console | None = None,
    distribution: Distribution = OFF,
) -> dict[str, Any] | None:
    """Trains a recurrent cell, or continues to, and tests it once at the end.

    Args:
        config: of `nao_tf.final.config.default_train_config`.
        workdir: made if it does not exist; holds the checkpoint, and at the end the model and the summary.
        make: makes the task of the fields of `config.task`.
        max_hours: of this session, looked at after each epoch; the same command continues.
        console: where progress goes; the standard output by default.
        distribution: the devices that train it together.

    Returns:
        What `summary.json` holds: epoch, validation and test metrics, parameters; None when the time was over, or in a
        process that trained along.

    Raises:
        InputError: for a value that is wrong, before any training starts.
    """
    console = as_terminal(console)
    prepare_devices(config)
    strategy = make_strategy(distribution)
    task = make(config.task.to_dict())
    if not isinstance(task, TextTask):
        raise InputError(f'task {task.name} is of images: nao train trains recurrent cells on text')
    found = chosen_architectures(config.architecture, 1, workdir)
    cell = found[0].cells
    if not isinstance(cell, RecurrentCell):
        raise InputError(f'architecture {config.architecture[:80]!r} is convolutional; a text needs a recurrent cell')
    for _, name in cell.nodes:
        check_activation(name, f'architecture {config.architecture[:80]!r}')
    network_config, training = recurrent_recipe(config, task)
    identity = {**flatten(config), 'data': task.name, 'fingerprint': task.fingerprint}
    identity['architecture.fingerprint'] = fingerprint(found)
    crew = Crew(distribution)
    crew.agree(identity)
    if not crew.chief:
        console.print(crew.introduction(), markup=False)
        console = Terminal(quiet=True)
    with crew.training(), contextlib.ExitStack() as stack:
        folder = None
        if crew.chief:
            folder = stack.enter_context(
                open_workdir(as_path(workdir), identity, flatten(default_train_config()), task='training')
            )
        if crew.tell_json(folder is not None and (folder / SUMMARY).exists()):
            return None if folder is None else _finished(folder, found[0].origin, console)
        if folder is not None:
            keep_architectures(found, config.architecture, folder)
        with strategy.scope():
            network = LanguageNetwork(cell, network_config, seed=config.seed)
        trainer = LanguageTrainer(network, task, config=training, seed=config.seed, distribution=distribution)
        parameters = network_config.parameters(len(cell.nodes))
        console.print(f'task {task.name}: {task.describe()}', markup=False)
        console.print(f'{describe_cells(cell)}\n{parameters:,} parameters', markup=False)
        if (checkpoint := crew.file(None if folder is None else folder / CHECKPOINT)) is not None:
            load_checkpoint(trainer, checkpoint)
            done = f'{trainer.course.epoch} of {training.epochs} epochs are done'
            console.print(f'continuing {workdir}: {done}', markup=False)
        try:
            with interrupts_noticed():
                _train(trainer, folder, max_hours, console, crew)
                return _finish(trainer, folder, parameters, found[0].origin, console)
        except OutOfTime:
            console.notice(f'max_hours are over; the same command continues the training in {workdir}')
            return None
        except KeyboardInterrupt:
            console.notice(f'interrupted; the same command continues the training in {workdir}')
            raise


def _train(
    trainer: LanguageTrainer, folder: Path | None, max_hours: float | None, console: Terminal, crew: Crew
) -> None:
    """Trains to the end, with a line and a checkpoint after every epoch."""
    started, before, epochs = time.perf_counter(), trainer.course.epoch, trainer.config.epochs
    rollbacks = trainer.course.rollbacks
    log = EpochLog(folder)

    def save() -> None:
        if folder is not None:
            save_checkpoint(trainer, folder / CHECKPOINT)

    def on_epoch(epoch: int, perplexity: float) -> None:
        elapsed = time.perf_counter() - started
        best = trainer.course.best
        last = trainer.course.last
        assert best is not None
        assert last is not None
        averaged = ' (averaged)' if trainer.optimizer.averaging else ''
        left = elapsed / (epoch - before) * (epochs - epoch)
        console.tell(
            'epoch',
            epoch=epoch,
            epochs=epochs,
            perplexity=perplexity,
            averaged=bool(averaged),
            best_perplexity=best.metrics['perplexity'],
            elapsed=elapsed,
            left=left,
        )
        figures = (
            f'perplexity {perplexity:.2f}{averaged} | best {best.metrics["perplexity"]:.2f} | '
            f'{clock(elapsed)} elapsed, {clock(left)} left'
        )
        log.add(epoch, {'loss': finite(last.metrics['loss']), 'perplexity': finite(perplexity)})
        console.doing('training')
        console.advance(epoch, epochs, line=f'epoch {epoch} of {epochs} | {figures}', brief=figures)

    def on_loop() -> None:
        nonlocal rollbacks
        save()
        if trainer.course.rollbacks > rollbacks:
            rollbacks = trainer.course.rollbacks
            console.print(f'epoch {trainer.course.epoch} of {epochs} | the loss is not finite: rolled back')
        elapsed = time.perf_counter() - started
        if crew.tell_json(max_hours is not None and elapsed >= max_hours * 3600):
            raise OutOfTime

    try:
        trainer.train(on_epoch, on_loop)
        save()
    except DivergedError as error:
        raise InputError(f'{error}; a lower child.learning_rate may help, in a new --workdir') from None
    finally:
        console.close()
        log.close()


def _finished(folder: Path, origin: str, console: Terminal) -> dict[str, Any]:
    """Returns the summary of a training that has ended, without testing again."""
    console.print(f'{folder} holds this training, finished', markup=False)
    summary = read_training(folder)
    check_model(folder, SUMMARY)
    (folder / CHECKPOINT).unlink(missing_ok=True)
    print_training(summary, origin, folder, console)
    return summary


def _finish(
    trainer: LanguageTrainer, folder: Path | None, parameters: int, origin: str, console: Terminal
) -> dict[str, Any] | None:
    """Writes the model and the summary, which holds the one test evaluation."""
    result = trainer.train()  # it has ended: this puts the weights that were scored into the network
    test = {name: finite(value) for name, value in trainer.evaluate('test').items()}
    if folder is None:
        return None
    summary = {
        'metric': trainer.task.metric,
        'epoch': result.epoch,
        'validation': result.metrics,
        'test': test,
        'parameters': parameters,
        'architecture': cells_to_json(trainer.network.cell),
        'description': describe_cells(trainer.network.cell),
    }
    # A network of its own, without copies of its variables on several devices.
    network = LanguageNetwork(trainer.network.cell, trainer.network.config, seed=trainer.network.seed)
    for variable, value in zip(network.trained, trainer.replicas.read(trainer.network.trained), strict=True):
        variable.assign(value)
    save_model(LanguageModel(network, trainer.task.vocabulary), folder / MODEL)
    write_text(folder / SUMMARY, json.dumps(summary, indent=1))
    (folder / CHECKPOINT).unlink(missing_ok=True)
    print_training(summary, origin, folder, console)
    return summary
