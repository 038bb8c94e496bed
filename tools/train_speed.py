"""Measures the final training of a classifier: its step against plain Keras, and the input pipeline against the step.

    python tools/train_speed.py

Both train NAONet_A at a small size on random CIFAR-like images, with drop path, dropout, the auxiliary head, clipping,
weight decay and a cosine: ours by `ClassifierTrainer` from the input pipeline with augmentation, as `nao train` does;
the other, the same network written by hand with standard layers (`plain_keras.py`), by `Model.compile` and `Model.fit`
from batches that lie ready in memory. Rounds of all take turns, so that they see the same
machine. Measured is the time of the processor, which other work on the machine changes little; with one thread it is
the elapsed time of a free one. The figures are medians over the rounds.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Sequence

import nao_tf  # noqa: F401 - before TensorFlow, which reads what it sets

os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '2')

import keras
import numpy as np
import tensorflow as tf
from absl import app, flags
from plain_keras import plain_network

from nao_tf.final.config import default_image_train_config
from nao_tf.networks.cell_network import CellNetwork
from nao_tf.networks.config import NetworkConfig
from nao_tf.networks.cost import count_parameters
from nao_tf.spaces.named import named_cell
from nao_tf.tasks.image import ImageTask
from nao_tf.tasks.make import task_from_arrays
from nao_tf.training.classifier import ClassifierTrainer
from nao_tf.training.config import TrainConfig

CELLS = flags.DEFINE_integer('cells_per_stage', 1, 'N')
FILTERS = flags.DEFINE_integer('filters', 8, 'F')
BATCH_SIZE = flags.DEFINE_integer('batch_size', 64, 'images of a step')
STEPS = flags.DEFINE_integer('steps', 4, 'training steps of a round')
ROUNDS = flags.DEFINE_integer('rounds', 7, 'rounds, after one that is not counted')
XLA = flags.DEFINE_bool('xla', False, 'measure plain Keras compiled by XLA too, which takes minutes')
THREADS = flags.DEFINE_integer('threads', 1, 'of TensorFlow')
MORE = 100  # times the steps of a round for the input pipeline alone, which is so much faster


def ours(network: NetworkConfig, training: TrainConfig, task: ImageTask) -> Callable[[], None]:
    """Returns a function that makes the steps of one round."""
    trainer = ClassifierTrainer(CellNetwork(named_cell('NAONet_A').cells, network), task, config=training, seed=0)
    batches = iter(trainer.batches(seed=0, steps=(ROUNDS.value + 1) * STEPS.value))

    def run() -> None:
        for number in range(STEPS.value):
            losses = trainer.loop(batches, tf.constant(number, tf.int32), tf.constant(1, tf.int32))
        losses.numpy()

    return run


def plain(
    network: NetworkConfig, training: TrainConfig, task: ImageTask, *, jit_compile: bool = False
) -> Callable[[], None]:
    """Returns a function that makes the steps of one round with the network by hand and Keras's own training."""
    model = plain_network(named_cell('NAONet_A').cells, network)
    weights = sum(int(np.prod(variable.shape)) for variable in model.trainable_variables)
    assert weights == count_parameters(named_cell('NAONet_A').cells, network, auxiliary=True)
    model.compile(
        keras.optimizers.SGD(
            keras.optimizers.schedules.CosineDecay(training.learning_rate, 10_000),
            momentum=training.momentum,
            weight_decay=training.weight_decay,
            global_clipnorm=training.clip_norm,
        ),
        loss=[keras.losses.SparseCategoricalCrossentropy(from_logits=True) for _ in model.outputs],
        loss_weights=[1.0, training.auxiliary_weight],
        jit_compile=jit_compile,
    )
    batches = [
        (images, (labels, labels))
        for images, labels, _ in task.train_batches(BATCH_SIZE.value, seed=0, steps=STEPS.value)
    ]
    ready = tf.data.Dataset.from_tensor_slices(tf.nest.map_structure(lambda *parts: tf.stack(parts), *batches)).cache()
    return lambda: model.fit(ready, epochs=1, shuffle=False, verbose=0)


def fed(task: ImageTask) -> Callable[[], None]:
    """Returns a function that takes a hundred times the batches of one round from the input pipeline and drops them."""

    def take() -> None:
        for _batch in task.train_batches(BATCH_SIZE.value, seed=0, steps=MORE * STEPS.value):
            pass

    return take


def main(arguments: Sequence[str]) -> None:
    """Measures and prints."""
    if len(arguments) > 1:
        raise app.UsageError(f'unexpected argument {arguments[1]!r}')
    tf.config.threading.set_intra_op_parallelism_threads(THREADS.value)
    tf.config.threading.set_inter_op_parallelism_threads(THREADS.value)
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (10_000, 32, 32, 3), dtype=np.uint8)
    task = task_from_arrays(images, np.arange(10_000) % 10, augment={'pad': 4, 'flip': True, 'cutout': 16})
    recipe = default_image_train_config().child
    network = NetworkConfig(
        cells_per_stage=CELLS.value,
        filters=FILTERS.value,
        image_shape=(32, 32, 3),
        classes=10,
        auxiliary=True,
        drop_path_keep=recipe.drop_path_keep,
        dense_keep=recipe.dense_keep,
    )
    training = TrainConfig(batch_size=BATCH_SIZE.value, weight_decay=recipe.weight_decay)
    rounds = {'nao train': ours(network, training, task), 'plain Keras': plain(network, training, task)}
    if XLA.value:
        rounds['plain Keras, XLA'] = plain(network, training, task, jit_compile=True)
    rounds['input'] = fed(task)
    seconds: dict[str, list[float]] = {name: [] for name in rounds}
    for number in range(ROUNDS.value + 1):
        for name, run in rounds.items():
            started = time.process_time()
            run()
            if number:
                steps = STEPS.value * (MORE if name == 'input' else 1)
                seconds[name].append(1e3 * (time.process_time() - started) / steps)
    sizes = f'N={CELLS.value} F={FILTERS.value}, batch {BATCH_SIZE.value}, {THREADS.value} threads'
    print(f'NAONet_A, {sizes}; medians of {ROUNDS.value} rounds')
    for name, times in seconds.items():
        print(f'{name}: {statistics.median(times):.2f} ({min(times):.2f} to {max(times):.2f}) ms a batch')
        if name.startswith('plain'):
            print(f'step of nao train / {name}: {ratio(seconds["nao train"], times)}')
    print(f'batches from the input pipeline in the time of one step: {ratio(seconds["nao train"], seconds["input"])}')


def ratio(values: list[float], others: list[float]) -> str:
    """Returns the median of the ratios of the rounds, and their range."""
    found = [value / other for value, other in zip(values, others, strict=True)]
    return f'{statistics.median(found):.2f} ({min(found):.2f} to {max(found):.2f})'


if __name__ == '__main__':
    app.run(main)
