"""Recurrent cells beside Keras's LSTM and GRU of equal parameters: one text, one recipe, one budget (docs/results.md).

    python tools/compare_text.py --data_dir=DATA --models=runs/ptb_small,NAO-RNN,LSTM,GRU --seeds=3 --output=runs/text

A model is what `nao train` takes as an architecture (a search's work directory is its best cell), or LSTM, GRU. Each is
trained for `--epochs` passes over the whole text by `default_train_config()` without dropout (so short a training has
nothing to regularise), and tested once at its end. Records that are in the output folder are only read, so the runs can
be stopped, and shared by several of this program.
"""

import itertools
import json
import time
from collections.abc import Sequence
from pathlib import Path

import ml_collections
import numpy as np
import scipy.stats
import tensorflow as tf
from absl import app, flags
from rich.console import Console
from rich.table import Table
from text_evidence.keras_language import KINDS, KerasLanguage, equal_units

from nao_tf.files import write_text
from nao_tf.networks.language_network import LanguageNetwork
from nao_tf.networks.recurrent_config import DROPOUTS
from nao_tf.search.children import recurrent_recipe
from nao_tf.search.train_config import default_train_config
from nao_tf.search.winners import candidates
from nao_tf.tasks.make import make_task
from nao_tf.training.language import LanguageTrainer

FLAGS = flags.FLAGS
flags.DEFINE_string('data_dir', None, 'folder of ptb.{train,valid,test}.txt', required=True)
flags.DEFINE_list('models', ['NAO-RNN', 'LSTM', 'GRU'], 'what is trained, with commas')
flags.DEFINE_integer('seeds', 3, 'trainings of each')
flags.DEFINE_integer('hidden', 128, 'width of the cells')
flags.DEFINE_integer('epochs', 8, 'passes over the text')
flags.DEFINE_float('learning_rate', 20.0, 'of SGD, the same for all')
flags.DEFINE_integer('threads', 1, 'of TensorFlow')
flags.DEFINE_string('output', 'runs/text', 'folder of the records')


def recipe() -> ml_collections.ConfigDict:
    """Returns the config of every training."""
    config = default_train_config()
    config.task.name = 'ptb'
    config.task.data_dir = FLAGS.data_dir
    config.child.update({**dict.fromkeys(DROPOUTS, 0.0), 'random_length': False})
    config.child.update(hidden=FLAGS.hidden, epochs=FLAGS.epochs, learning_rate=FLAGS.learning_rate)
    return config


def train(model: str, seed: int, task, config: ml_collections.ConfigDict) -> dict:
    """Returns the record of one training."""
    network_config, training = recurrent_recipe(config, task)
    if model in KINDS:
        parameters = network_config.parameters(len(candidates('NAO-RNN')[0].cells.nodes))
        units = equal_units(model, parameters, network_config.vocabulary)
        network = KerasLanguage(model, units, network_config, seed=seed)
        parameters = network.parameters
    else:
        cell = candidates(model)[0].cells
        network = LanguageNetwork(cell, network_config, seed=seed)
        parameters = network_config.parameters(len(cell.nodes))
    trainer = LanguageTrainer(network, task, config=training, seed=seed)
    epochs: list[float] = []
    started = time.perf_counter()
    result = trainer.train(lambda epoch, perplexity: epochs.append(perplexity))
    return {
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
    for column in ('model', 'parameters', 'validation perplexity', 'test perplexity', f'test, over {first}', 'minutes'):
        printed.add_column(column)
    for model, runs in records.items():
        tests = np.log([run['test'] for run in runs])
        ratio = '-'
        if model != first and len(runs) > 1:
            others = np.log([run['test'] for run in records[first]])
            found = scipy.stats.ttest_rel(tests, others)
            low, high = found.confidence_interval()
            ratio = f'x {np.exp(np.mean(tests - others)):.3f} ({np.exp(low):.3f} to {np.exp(high):.3f})'
        printed.add_row(
            model,
            f'{runs[0]["parameters"]:,}',
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
    console = Console(highlight=False, soft_wrap=True)
    config = recipe()
    task = make_task(config.task)
    records: dict[str, list[dict]] = {model: [] for model in FLAGS.models}
    for seed, model in itertools.product(range(FLAGS.seeds), FLAGS.models):
        path = Path(FLAGS.output) / f'{model.strip("/").replace("/", "_")}-{seed}.json'
        if not path.exists():
            write_text(path, json.dumps(train(model, seed, task, config)))
            console.print(f'{model}, seed {seed}', markup=False)
        records[model].append(json.loads(path.read_text()))
    console.print(report(records))


if __name__ == '__main__':
    app.run(main)
