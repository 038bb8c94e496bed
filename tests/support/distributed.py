"""A small training of digits on any distribution, and processes, for tests that need some of their own."""

import dataclasses
import functools
import json
import socket

import numpy as np
import tensorflow as tf

from nao_tf.networks.cell_network import CellNetwork
from nao_tf.networks.config import NetworkConfig
from nao_tf.networks.language_network import LanguageNetwork
from nao_tf.networks.recurrent_config import DROPOUTS, RecurrentConfig
from nao_tf.spaces.cells import Branch, Cell, CellPair, Node
from nao_tf.spaces.named import named_cell
from nao_tf.tasks.corpus import make_corpus
from nao_tf.tasks.make import make_task
from nao_tf.tasks.text import TextTask
from nao_tf.training.classifier import ClassifierTrainer
from nao_tf.training.config import TrainConfig
from nao_tf.training.distribution import Distribution
from nao_tf.training.language import LanguageTrainer
from nao_tf.training.language_config import LanguageTrainConfig
from nao_tf.training.strategy import make_strategy
from tests.support.forks import Fork

# A batch of 33 on two devices is 17 and 16: one of them has filler.
CONFIG = TrainConfig(epochs=1, batch_size=33, learning_rate=0.05, score='last')
_CELL = Cell((Node(Branch(1, 'conv 3x3'), Branch(0, 'avg_pool 3x3')),))
CELLS = CellPair(_CELL, _CELL)


@functools.cache
def make_digits():
    """Returns the task, in which the weights of images differ."""
    return make_task({'name': 'digits', 'class_weight': 'balanced'})


def make_trainer(distribution, **fields):
    """Returns a training with everything that a share of a batch has to do with: masks, weights, normalisation."""
    task = make_digits()
    config = NetworkConfig(
        cells_per_stage=1, filters=2, image_shape=task.image_shape, classes=10, drop_path_keep=0.8, dense_keep=0.8
    )
    with make_strategy(distribution).scope():
        network = CellNetwork(CELLS, config, seed=3)
    return ClassifierTrainer(
        network, task, config=dataclasses.replace(CONFIG, **fields), seed=5, distribution=distribution
    )


def losses_of(trainer, steps):
    """Returns the losses of the first steps, float32 [steps]."""
    batches, found = iter(trainer.batches(seed=5, steps=steps)), []
    for first in range(0, steps, trainer.replicas.steps_per_loop):
        count = min(trainer.replicas.steps_per_loop, steps - first)
        found.append(trainer.loop(batches, tf.constant(first), tf.constant(count)).numpy())
    return np.concatenate(found)


def weights_of(trainer):
    """Returns the weights of this process by their names, those of one replica where they are several."""
    variables = trainer.network.variables
    return dict(zip([variable.path for variable in variables], trainer.replicas.read(variables), strict=True))


def two_processors(**fields):
    """Returns a distribution over two logical processors of this machine."""
    (processor,) = tf.config.list_physical_devices('CPU')
    tf.config.set_logical_device_configuration(processor, [tf.config.LogicalDeviceConfiguration()] * 2)
    return Distribution('mirrored', num_gpus=0, **fields)


def make_language_trainer(distribution):
    """Returns a training of a language model with everything that a share of its streams has to do with."""
    ids = np.cumsum(np.random.default_rng(0).choice([1, 4], size=1200)) % 20
    words = [f'w{number:02}' for number in ids]
    splits = {'train': words[:600], 'valid': words[600:903], 'test': words[903:]}
    task = TextTask('made', make_corpus('made', {name: [*split, '<eos>'] for name, split in splits.items()}))
    config = RecurrentConfig(vocabulary=len(task.vocabulary), hidden=6, **dict.fromkeys(DROPOUTS, 0.1))
    with make_strategy(distribution).scope():
        network = LanguageNetwork(named_cell('NAO-RNN').cells, config, seed=0)
    recipe = LanguageTrainConfig(
        epochs=2, batch_size=7, eval_batch_size=5, sequence_length=10, random_length=False, averaging_patience=1,
        learning_rate=5.0, activation_penalty=0.1, slowness_penalty=0.1,
    )  # fmt: skip
    return LanguageTrainer(network, task, config=recipe, seed=0, distribution=distribution)


def start_two(module, folder):
    """Starts two processes of a `multi_worker_mirrored` training; what they print goes to files.

    Args:
        module: whose main they run, with the folder as its argument.
        folder: gets `output_0` and `output_1`.
    """
    workers, processes = [f'127.0.0.1:{port}' for port in free_ports(2)], []
    for number in range(2):
        config = {'cluster': {'worker': workers}, 'task': {'type': 'worker', 'index': number}}
        environment = {'TF_CPP_MIN_LOG_LEVEL': '2', 'TF_CONFIG': json.dumps(config)}
        processes.append(Fork(module, folder, output=folder / f'output_{number}', **environment))
    return processes


def run_two(module, folder):
    """Runs two processes to their end, which has to be a good one; returns what each left in `found_K.json`.

    Args:
        module: as `start_two` has it, and so is the folder.
        folder: of the tests.
    """
    processes = start_two(module, folder)
    try:
        for number, process in enumerate(processes):
            assert process.wait(600) == 0, (folder / f'output_{number}').read_text()
    finally:
        for process in processes:
            process.kill()
            process.wait()
    return [json.loads((folder / f'found_{number}.json').read_text()) for number in range(2)]


def free_ports(count):
    """Returns ports of the loopback address that nobody listens on."""
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(('127.0.0.1', 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports
