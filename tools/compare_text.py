"""Recurrent cells beside Keras's LSTM and GRU of equal parameters: one text, one recipe, one budget (docs/results.md).

    python tools/compare_text.py --data_dir=DATA --models=runs/ptb_small,NAO-RNN,LSTM,GRU --seeds=3 --output=runs/text

A model is what `nao train` takes as an architecture (a search's work directory is its best cell), or LSTM, GRU. Each is
trained for `--epochs` passes over the whole text by `default_train_config()` without dropout (so short a training has
nothing to regularise), and tested once at its end. Its learning rate is that of `--learning_rates` which is best on
validation after `--pilot_epochs`, by a seed that is used for nothing else. Records that are in the output folder are
only read, so the runs can be stopped, and shared by several of this program.
"""

import functools
import itertools
import math
import os
import time
from collections.abc import Sequence

import nao_tf  # noqa: F401 - before TensorFlow, which reads what it sets

os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '2')

import ml_collections
import numpy as np
import scipy.stats
import tensorflow as tf
from absl import app, flags
from consoles import make_console
from records import check_settings, recorded
from rich.table import Table
from text_evidence.keras_language import KINDS, KerasLanguage, equal_units

from nao_tf.final.config import default_train_config
from nao_tf.final.winners import candidates
from nao_tf.networks.language_network import LanguageNetwork
from nao_tf.networks.recurrent_config import DROPOUTS
from nao_tf.search.children import recurrent_recipe
from nao_tf.tasks.make import make_task
from nao_tf.tasks.text import TextTask
from nao_tf.training.language import LanguageTrainer
from nao_tf.training.result import DivergedError

PILOT_SEED = 1000
RECIPE = ('hidden', 'epochs', 'learning_rates', 'pilot_epochs')  # the same for all records

FLAGS = flags.FLAGS
flags.DEFINE_string('data_dir', None, 'folder of ptb.{train,valid,test}.txt', required=True)
flags.DEFINE_list('models', ['NAO-RNN', 'LSTM', 'GRU'], 'what is trained, with commas')
flags.DEFINE_integer('seeds', 3, 'trainings of each')
flags.DEFINE_integer('hidden', 128, 'width of the cells')
flags.DEFINE_integer('epochs', 8, 'passes over the text')
flags.DEFINE_list('learning_rates', ['80', '40', '20', '10'], 'of SGD; each model takes the one that suits it')
flags.DEFINE_integer('pilot_epochs', 1, 'passes that choose the learning rate')
flags.DEFINE_integer('threads', 1, 'of TensorFlow')
flags.DEFINE_string('output', 'runs/text', 'folder of the records')


def recipe(learning_rate: float, epochs: int) -> ml_collections.ConfigDict:
    """Returns the config of a training."""
    config = default_train_config()
    config.task.name = 'ptb'
    config.task.data_dir = FLAGS.data_dir
    config.child.update({**dict.fromkeys(DROPOUTS, 0.0), 'random_length': False})
    config.child.update(hidden=FLAGS.hidden, epochs=epochs, learning_rate=learning_rate)
    return config


def trainer_of(model: str, seed: int, task: TextTask, config: ml_collections.ConfigDict) -> tuple[LanguageTrainer, int]:
    """Returns an untrained model, and its number of parameters."""
    network_config, training = recurrent_recipe(config, task)
    cell = candidates('NAO-RNN' if model in KINDS else model)[0].cells
    parameters = network_config.parameters(len(cell.nodes))
    if model in KINDS:
        units = equal_units(model, parameters, network_config.vocabulary)
        network = KerasLanguage(model, units, network_config, seed=seed)
        parameters = network.parameters
    else:
        network = LanguageNetwork(cell, network_config, seed=seed)
    return LanguageTrainer(network, task, config=training, seed=seed), parameters


def pilot(model: str, task: TextTask, learning_rate: float) -> float | None:
    """Returns the validation perplexity after the first epochs; None if the training diverged."""
    trainer, _ = trainer_of(model, PILOT_SEED, task, recipe(learning_rate, FLAGS.pilot_epochs))
    try:
        return trainer.train().metrics['perplexity']
    except DivergedError:
        return None


def train(model: str, seed: int, task: TextTask, learning_rate: float) -> dict:
    """Returns the record of one training."""
    trainer, parameters = trainer_of(model, seed, task, recipe(learning_rate, FLAGS.epochs))
    epochs: list[float] = []
    started = time.perf_counter()
    result = trainer.train(lambda epoch, perplexity: epochs.append(perplexity))
    return {
        'learning_rate': learning_rate,
        'epochs': epochs,
        'validation': result.metrics['perplexity'],
        'test': trainer.evaluate('test')['perplexity'],
        'parameters': parameters,
        'seconds': time.perf_counter() - started,
    }


def report(records: dict[str, list[dict]]) -> Table:
    """Returns the figures of every model, and its ratio to the first one."""
    printed = Table(title=f'{FLAGS.epochs} epochs', title_justify='left')
    first = next(iter(records))
    for column in (
        'model',
        'parameters',
        'rate',
        'validation perplexity',
        'test perplexity',
        f'test, over {first}',
        'minutes',
    ):
        printed.add_column(column)
    for model, runs in records.items():
        tests = np.log([run['test'] for run in runs])
        ratio = '-'
        if model != first and len(runs) > 1:
            others = np.log([run['test'] for run in records[first]])
            found = scipy.stats.ttest_ind(tests, others, equal_var=False)
            low, high = found.confidence_interval()
            ratio = f'x {np.exp(np.mean(tests) - np.mean(others)):.3f} ({np.exp(low):.3f} to {np.exp(high):.3f})'
        printed.add_row(
            model,
            f'{runs[0]["parameters"]:,}',
            f'{runs[0]["learning_rate"]:g}',
            ', '.join(f'{run["validation"]:.1f}' for run in runs),
            ', '.join(f'{run["test"]:.1f}' for run in runs),
            ratio,
            f'{np.mean([run["seconds"] for run in runs]) / 60:.1f}',
        )
    return printed


def main(arguments: Sequence[str]) -> None:
    """Trains what has no record, and prints the figures."""
    if len(arguments) > 1:
        raise app.UsageError(f'unexpected argument {arguments[1]!r}')
    tf.config.threading.set_intra_op_parallelism_threads(FLAGS.threads)
    tf.config.threading.set_inter_op_parallelism_threads(FLAGS.threads)
    console = make_console()
    rates = [float(rate) for rate in FLAGS.learning_rates]
    task = make_task(recipe(rates[0], 1).task)
    check_settings(FLAGS.output, {name: FLAGS[name].value for name in RECIPE}, console)
    chosen = {}
    for model in FLAGS.models:
        pilots = {
            rate: recorded(FLAGS.output, f'{model}-rate-{rate:g}', functools.partial(pilot, model, task, rate), console)
            for rate in rates
        }
        chosen[model] = min(rates, key=lambda rate: pilots[rate] or math.inf)
    records: dict[str, list[dict]] = {model: [] for model in FLAGS.models}
    for seed, model in itertools.product(range(FLAGS.seeds), FLAGS.models):
        made = functools.partial(train, model, seed, task, chosen[model])
        records[model].append(recorded(FLAGS.output, f'{model}-{seed}', made, console))
    console.print(report(records))


if __name__ == '__main__':
    app.run(main)
