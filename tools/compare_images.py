"""Cells beside a CIFAR ResNet and a MobileNetV2 of equal parameters: one recipe, one budget (docs/results.md).

    python tools/compare_images.py --data_dir=DATA --models=runs/cifar10_small,NAONet_A,ResNet,MobileNetV2 \
        --seeds=3 --output=runs/images
    python tools/compare_images.py --data_dir=DATA --dry_run    # parameters, and seconds of the processor an epoch

A model is what `nao train` takes as an architecture (a search's work directory is its best cell), or ResNet or
MobileNetV2 (`image_evidence/plain_models.py`). All have the same number of parameters within 5%: that of a cell at
some N and F, near `--parameters`. Each is trained by `ClassifierTrainer` on the same images, in the same
order with the same augmentation for the same seed, by momentum and one cosine without drop path, dropout and auxiliary
head (so short a training has little to regularise), and tested once, with the weights of its last epoch. Its learning
rate is that of `--learning_rates` which is best on validation after `--pilot_epochs`, by a seed that is used for
nothing else. Records in the output folder are only read, so the runs can be stopped, and several of this program may
work on one output (--first).
"""

import functools
import itertools
import json
import os
import time
from collections.abc import Sequence
from pathlib import Path

import nao_tf  # noqa: F401 - before TensorFlow, which reads what it sets

os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '2')

import numpy as np
import scipy.stats
import tensorflow as tf
from absl import app, flags
from consoles import make_console
from image_evidence.plain_models import KINDS, PlainNetwork, count, equal_width
from records import check_settings, recorded
from rich.console import Console
from rich.table import Table

from nao_tf.errors import InputError
from nao_tf.files import write_text
from nao_tf.final.winners import candidates
from nao_tf.networks.cell_network import CellNetwork
from nao_tf.networks.config import NetworkConfig
from nao_tf.networks.cost import count_parameters
from nao_tf.tasks.image import ImageTask
from nao_tf.tasks.make import as_task
from nao_tf.training.classifier import ClassifierTrainer, release
from nao_tf.training.config import TrainConfig
from nao_tf.training.result import DivergedError

PILOT_SEED = 1000
RECIPE = ('task', 'pad', 'epochs', 'batch_size', 'learning_rates', 'pilot_epochs')  # the same for all records
WITHIN = 0.05  # of equal parameters
Size = float | tuple[int, int]  # the width of a plain network; N and F of a cell

FLAGS = flags.FLAGS
flags.DEFINE_string('task', 'tfds:cifar10', 'the images, as `nao_tf.search` takes them')
flags.DEFINE_string('data_dir', '', 'folder of tensorflow-datasets')
flags.DEFINE_integer('pad', 4, 'zero pixels around before the crop')
flags.DEFINE_list('models', ['NAONet_A', 'ResNet', 'MobileNetV2'], 'what is trained, with commas')
flags.DEFINE_integer('first', 0, 'first seed')
flags.DEFINE_integer('seeds', 3, 'trainings of each')
flags.DEFINE_integer('parameters', 220_000, 'of each model, about')
flags.DEFINE_list('cells_per_stage', ['1', '2'], 'N of the cells, whatever makes them equal')
flags.DEFINE_integer('epochs', 16, 'passes over the images')
flags.DEFINE_integer('batch_size', 64, 'images of a step')
flags.DEFINE_list('learning_rates', ['0.1', '0.03'], 'at the first step; each model takes the one that suits it')
flags.DEFINE_integer('pilot_epochs', 2, 'passes that choose the learning rate')
flags.DEFINE_integer('threads', 1, 'of TensorFlow')
flags.DEFINE_string('output', 'runs/images', 'folder of the records')
flags.DEFINE_bool('dry_run', False, 'measure a few steps of each model, and stop')


def network_config(task: ImageTask, cells_per_stage: int, filters: int) -> NetworkConfig:
    """Returns the network of a cell."""
    return NetworkConfig(
        cells_per_stage=cells_per_stage, filters=filters, image_shape=task.image_shape, classes=task.classes
    )


def sizes(task: ImageTask) -> dict[str, tuple[Size, int]]:
    """Returns the size of every model, and its parameters.

    Raises:
        InputError: if they cannot be made equal.
    """
    found: dict[str, tuple[Size, int]] = {}
    shapes = list(itertools.product(map(int, FLAGS.cells_per_stage), range(2, 66, 2)))
    cells = {
        model: {shape: count_parameters(candidates(model)[0].pair, network_config(task, *shape)) for shape in shapes}
        for model in FLAGS.models
        if model not in KINDS
    }
    near = [
        parameters
        for counts in cells.values()
        for parameters in counts.values()
        if 0.6 < parameters / FLAGS.parameters < 1.6
    ]

    def apart(target: int) -> float:
        return max(min(abs(parameters / target - 1) for parameters in counts.values()) for counts in cells.values())

    target = FLAGS.parameters
    if near:
        target = min(near, key=lambda parameters: (max(apart(parameters), WITHIN), abs(parameters - FLAGS.parameters)))
    for model in FLAGS.models:
        if model in KINDS:
            width = equal_width(model, target, task.image_shape, task.classes)
            found[model] = width, count(model, width, task.image_shape, task.classes)
        else:
            found[model] = min(cells[model].items(), key=lambda item: abs(item[1] - target))
    if any(abs(parameters / target - 1) > WITHIN for _, parameters in found.values()):
        raise InputError(
            f'no equal sizes near {FLAGS.parameters:,} parameters, only {found}; give other --parameters, or more '
            '--cells_per_stage'
        )
    return found


def trainer_of(model: str, seed: int, task: ImageTask, size: Size, rate: float, epochs: int) -> ClassifierTrainer:
    """Returns the training of a model, which has not begun."""
    release()
    training = TrainConfig(epochs=epochs, batch_size=FLAGS.batch_size, learning_rate=rate, score='last')
    if model in KINDS:
        network = PlainNetwork(model, size, task.image_shape, task.classes, seed=seed)
    else:
        network = CellNetwork(candidates(model)[0].pair, network_config(task, *size), seed=seed)
    return ClassifierTrainer(network, task, config=training, seed=seed)


def pilot(model: str, task: ImageTask, size: Size, rate: float) -> float:
    """Returns the validation accuracy after the first epochs; 0 if the training diverged."""
    try:
        return trainer_of(model, PILOT_SEED, task, size, rate, FLAGS.pilot_epochs).train().score
    except DivergedError:
        return 0.0


def train(model: str, seed: int, task: ImageTask, size: Size, rate: float) -> dict:
    """Returns the record of one training."""
    trainer = trainer_of(model, seed, task, size, rate, FLAGS.epochs)
    epochs: list[tuple[float, float]] = []
    started, used = time.perf_counter(), time.process_time()
    result = trainer.train(lambda epoch, score: epochs.append((trainer.course.metrics['loss'], score)))
    return {
        'size': size,
        'learning_rate': rate,
        'epochs': epochs,
        'loss': result.metrics['loss'],
        'validation': result.score,
        'test': trainer.evaluate('test')[task.metric],
        'seconds': time.perf_counter() - started,
        'processor_seconds': time.process_time() - used,
    }


def summarise(records: dict[str, list[dict]], found: dict[str, tuple[Size, int]]) -> dict[str, dict]:
    """Returns the means of every model, and what the first is ahead of it, seed by seed."""
    first = np.array([run['test'] for run in records[FLAGS.models[0]]])
    rows = {}
    for model, runs in records.items():
        tests = np.array([run['test'] for run in runs])
        interval = None
        if model != FLAGS.models[0] and len(runs) > 1:
            interval = [float(end) for end in scipy.stats.ttest_rel(first, tests).confidence_interval()]
        rows[model] = {
            'parameters': found[model][1],
            'size': found[model][0],
            'learning_rate': runs[0]['learning_rate'],
            **{name: float(np.mean([run[name] for run in runs])) for name in ('loss', 'validation', 'test')},
            'tests': tests.tolist(),
            'ahead': float(np.mean(first - tests)),
            'interval': interval,
            'processor_minutes': float(np.mean([run['processor_seconds'] for run in runs])) / 60,
        }
    return rows


def report(rows: dict[str, dict]) -> Table:
    """Returns the figures of every model."""
    first = FLAGS.models[0]
    printed = Table(title=f'{FLAGS.epochs} epochs, {FLAGS.seeds} seeds', title_justify='left')
    names = ('model', 'parameters', 'rate', 'loss', 'validation', 'test', f'{first} ahead (95% interval)', 'minutes')
    for name in names:
        printed.add_column(name)
    for model, row in rows.items():
        ahead = '-' if model == first else f'{row["ahead"]:+.4f}'
        if row['interval'] is not None:
            ahead += ' ({:+.4f} to {:+.4f})'.format(*row['interval'])
        printed.add_row(
            model,
            f'{row["parameters"]:,}',
            f'{row["learning_rate"]:g}',
            f'{row["loss"]:.3f}',
            f'{row["validation"]:.4f}',
            f'{row["test"]:.4f} ({", ".join(f"{test:.4f}" for test in row["tests"])})',
            ahead,
            f'{row["processor_minutes"]:.1f}',
        )
    return printed


def estimate(task: ImageTask, found: dict[str, tuple[Size, int]], console: Console, steps: int = 8) -> None:
    """Prints the processor time of an epoch of each model, by the median of its first steps."""
    for model, (size, parameters) in found.items():
        trainer = trainer_of(model, PILOT_SEED, task, size, 0.01, 1)
        batches = iter(trainer.batches(seed=0, steps=steps))
        used = []
        for number in range(steps):
            started = time.process_time()
            trainer.loop(batches, tf.constant(number, tf.int32), tf.constant(1, tf.int32)).numpy()
            used.append(time.process_time() - started)
        seconds = float(np.median(used[1:])) * trainer.steps_per_epoch
        about = f'size {size}, {parameters:,} parameters'
        console.print(f'{model}: {about}, {seconds:.1f} s an epoch, {used[0]:.0f} s to start')


def main(arguments: Sequence[str]) -> None:
    """Trains what has no record, prints the figures and writes `summary.json`."""
    if len(arguments) > 1:
        raise app.UsageError(f'unexpected argument {arguments[1]!r}')
    tf.config.threading.set_intra_op_parallelism_threads(FLAGS.threads)
    tf.config.threading.set_inter_op_parallelism_threads(FLAGS.threads)
    console = make_console()
    task = as_task(FLAGS.task, data_dir=FLAGS.data_dir, validation=0.2, augment={'pad': FLAGS.pad, 'flip': True})
    found = sizes(task)
    if FLAGS.dry_run:
        estimate(task, found, console)
        return
    check_settings(FLAGS.output, {name: FLAGS[name].value for name in RECIPE}, console)
    rates = [float(rate) for rate in FLAGS.learning_rates]
    chosen = {}
    for model, (size, parameters) in found.items():
        pilots = {}
        for rate in rates:
            made = functools.partial(pilot, model, task, size, rate)
            pilots[rate] = recorded(FLAGS.output, f'{model}-{parameters}-rate-{rate:g}', made, console)
        chosen[model] = max(rates, key=lambda rate: pilots[rate])
    records: dict[str, list[dict]] = {model: [] for model in FLAGS.models}
    for seed, model in itertools.product(range(FLAGS.first, FLAGS.first + FLAGS.seeds), FLAGS.models):
        size, parameters = found[model]
        made = functools.partial(train, model, seed, task, size, chosen[model])
        records[model].append(recorded(FLAGS.output, f'{model}-{parameters}-{seed}', made, console))
    rows = summarise(records, found)
    write_text(Path(FLAGS.output) / 'summary.json', json.dumps(rows, indent=1))
    console.print(report(rows))


if __name__ == '__main__':
    app.run(main)
