"""`nao train` on images: one architecture, or the best of a few, trained to the end and tested once."""

from __future__ import annotations

import contextlib
import json
import time
from pathlib import Path
from typing import Any

import keras
import ml_collections
from rich.console import Console

from nao_tf.errors import InputError
from nao_tf.evaluators.predict import test_metrics
from nao_tf.files import as_path, local_file, write_text
from nao_tf.final.chosen import keep_architectures
from nao_tf.final.classifier import FinalTraining, Outcome
from nao_tf.final.config import default_finetune_config, default_image_train_config
from nao_tf.final.start import Start, make_start
from nao_tf.final.summary import print_training
from nao_tf.final.winners import cells_of_model
from nao_tf.interrupts import interrupts_noticed
from nao_tf.networks.classifier import ImageClassifier
from nao_tf.networks.cost import count_multiply_adds, count_parameters
from nao_tf.search.config import flatten
from nao_tf.search.crew import Crew
from nao_tf.search.devices import prepare_devices
from nao_tf.search.events import finite
from nao_tf.search.execution import Execution
from nao_tf.search.executor import OutOfTime
from nao_tf.search.terminal import Terminal, as_terminal
from nao_tf.search.workdir import MODEL, SUMMARY, check_model, open_workdir, read_json, read_training
from nao_tf.spaces.writing import describe_cells, pair_to_json
from nao_tf.tasks.make import TaskMaker, make_task
from nao_tf.training.distribution import OFF, Distribution
from nao_tf.training.strategy import make_strategy

OUTCOMES = 'trainings.json'


def train_classifier(
    config: ml_collections.ConfigDict,
    workdir: str | Path,
    *,
    make: TaskMaker = make_task,
    max_hours: float | None = None,
    console: Console | None = None,
    distribution: Distribution = OFF,
) -> dict[str, Any] | None:
    """Trains a classifier, or continues to, and tests it once at the end.

    Args:
        config: of `nao_tf.final.config.default_image_train_config` or `default_finetune_config`.
        workdir: made if it does not exist; holds the checkpoint, and at the end the models and the summary.
        make: makes the task of the fields of `config.task`.
        max_hours: of this session; the same command continues.
        console: where progress goes; the standard output by default.
        distribution: the devices that train it together.

    Returns:
        What `summary.json` holds (docs/train.md); None when the time was over, or in a process that trained along.

    Raises:
        InputError: for a value that is wrong, before any training starts.
    """
    deadline = None if max_hours is None else time.perf_counter() + max_hours * 3600
    console = as_terminal(console)
    prepare_devices(config)
    make_strategy(distribution)  # which has to come before any other use of TensorFlow
    config = config.copy_and_resolve_references()
    config.child.precision = Execution(distribution=distribution).precision(config)
    start = make_start(config, make, workdir)
    identity = {**flatten(config), **start.identity, 'data': start.task.name, 'fingerprint': start.task.fingerprint}
    defaults = default_finetune_config() if 'weights' in config else default_image_train_config()
    crew = Crew(distribution)
    crew.agree(identity)
    if not crew.chief:
        console.print(crew.introduction(), markup=False)
        with contextlib.suppress(OutOfTime), crew.training():
            if crew.tell_json() is not None:
                _train(config, start, None, deadline, Terminal(quiet=True), distribution, crew)
        return None
    with open_workdir(as_path(workdir), identity, flatten(defaults), task='training') as folder:
        if (folder / SUMMARY).exists():
            crew.tell_json(None)
            console.print(f'{workdir} holds this training, finished', markup=False)
            summary = read_training(folder)
            check_model(folder, f'{OUTCOMES} and {SUMMARY}')
        else:
            crew.tell_json('train')
            keep_architectures(start.candidates, config.get('architecture', ''), folder)
            try:
                with interrupts_noticed():
                    with crew.training():
                        outcomes = _train(config, start, folder, deadline, console, distribution, crew)
                    summary = _finish(start, outcomes, folder, batch_size=config.child.batch_size)
            except OutOfTime:
                console.notice(f'max_hours are over; the same command continues the training in {workdir}')
                return None
            except KeyboardInterrupt:
                console.notice(f'interrupted; the same command continues the training in {workdir}')
                raise
        print_training(summary, start.candidates[0].origin, folder, console)
        return summary


def _train(
    config: ml_collections.ConfigDict,
    start: Start,
    folder: Path | None,
    deadline: float | None,
    console: Terminal,
    distribution: Distribution,
    crew: Crew,
) -> list[Outcome]:
    """Trains every candidate that has not ended; returns what all of them came to."""
    _describe(start, console)
    ended = [] if folder is None else [outcome.to_json() for outcome in _read_outcomes(folder, len(start.candidates))]
    outcomes = [Outcome(**row) for row in crew.tell_json(ended)]
    for number in range(len(outcomes), len(start.candidates)):
        if len(start.candidates) > 1:
            origin = start.candidates[number].origin
            console.print(f'candidate {number + 1} of {len(start.candidates)}: {origin}', markup=False)
        training = FinalTraining(
            start,
            number,
            folder,
            seed=config.seed,
            precision=config.child.precision,
            distribution=distribution,
            crew=crew,
        )
        best = _best(outcomes)
        outcomes.append(training.run(console, deadline=deadline, beat=None if best is None else outcomes[best].score))
        if folder is not None:
            write_text(folder / OUTCOMES, json.dumps([outcome.to_json() for outcome in outcomes], indent=1))
        if not (outcomes[-1].failed or outcomes[-1].diverged):
            training.forget()
    return outcomes


def _describe(start: Start, console: Terminal) -> None:
    network, count = start.network, len(start.candidates)
    height, width, channels = network.image_shape
    console.print(f'task {start.task.name}: {start.task.describe()}', markup=False)
    if count == 1:
        console.print(f'{start.candidates[0].origin}\n{describe_cells(start.candidates[0].pair)}', markup=False)
    console.print(
        f'network N={network.cells_per_stage} F={network.filters}, stem {network.stem}, '
        f'{height}x{width}x{channels} images: '
        + '; '.join(
            f'{count_parameters(start.candidates[number].pair, network):,} parameters, '
            f'{count_multiply_adds(start.candidates[number].pair, network):,} multiply-adds'
            for number in range(count)
        ),
        markup=False,
    )
    for note in start.notes:
        console.print(f'note: {note}', markup=False)


def _read_outcomes(folder: Path, count: int) -> list[Outcome]:
    path = folder / OUTCOMES
    if not path.exists():
        return []
    try:
        return [Outcome(**row) for row in read_json(path, list)][:count]
    except TypeError as error:
        raise InputError(f'{path} is damaged ({error}); remove it to train anew') from None


def _best(outcomes: list[Outcome]) -> int | None:
    """Returns the number of the best outcome, the first of equals; None if there is none."""
    ended = [number for number, outcome in enumerate(outcomes) if not outcome.failed]
    return max(ended, key=lambda number: (outcomes[number].score, -number), default=None)


def _finish(start: Start, outcomes: list[Outcome], folder: Path, *, batch_size: int) -> dict[str, Any]:
    """Tests the model of the winner and writes the summary, which holds the one test evaluation."""
    winner = _best(outcomes)
    if winner is None:
        raise InputError(f'{outcomes[0].failure}; a lower child.learning_rate may help, in a new --workdir')
    check_model(folder, f'{OUTCOMES} and {SUMMARY}')
    task, outcome, cells = start.task, outcomes[winner], start.candidates[winner].pair
    if cells_of_model(folder / MODEL) != cells:  # a kill came between a better candidate's model and its outcome
        raise InputError(
            f'{folder / MODEL} is not of the best candidate of {OUTCOMES}, whose training gave another result when it '
            'was repeated; remove both to train anew'
        )
    test = None
    if 'test' in task.splits:
        with local_file(folder / MODEL) as file:
            model: ImageClassifier = keras.models.load_model(file)
        found = test_metrics(model, task, batch_size=batch_size)
        test = {name: finite(value) for name, value in found.items()}
    summary: dict[str, Any] = {
        'metric': task.metric,
        'epoch': outcome.epoch,
        'validation': outcome.to_json()['metrics'],
        'test': test,
        'parameters': count_parameters(cells, start.network),
        'multiply_adds': count_multiply_adds(cells, start.network),
        'architecture': pair_to_json(cells),
        'description': describe_cells(cells),
    }
    if outcome.diverged:
        summary['diverged'] = outcome.diverged
    if len(outcomes) > 1:
        summary['candidates'] = [
            {
                'origin': candidate.origin,
                **trained.to_json(),
                'parameters': count_parameters(candidate.pair, start.network),
                'multiply_adds': count_multiply_adds(candidate.pair, start.network),
            }
            for candidate, trained in zip(start.candidates, outcomes, strict=True)
        ]
        summary['origin'] = start.candidates[winner].origin
    write_text(folder / SUMMARY, json.dumps(summary, indent=1))
    return summary
