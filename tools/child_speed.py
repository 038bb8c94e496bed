"""Measures child networks: build + first training step, step time, the plain Keras yardstick, memory.

    python tools/child_speed.py                  # everything, about 10 minutes on two cores
    python tools/child_speed.py --only=build     # or: memory, large, ratio, step, strips, grappler

Every row is a median, with the least in brackets; each network is new, none is measured before three others have
warmed the process up. A training step is GradientTape, clipping by the global norm and momentum, compiled as one
tf.function; `build + first step` counts from the cells to the end of the first step, tracing included.
"""

from __future__ import annotations

import argparse
import gc
import os
import platform
import statistics
import time
from collections.abc import Callable, Iterator
from unittest import mock

import nao_tf  # noqa: F401 - before TensorFlow, which reads what it sets

os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '2')

import keras
import numpy as np
import psutil
import tensorflow as tf
from plain_keras import plain_network

from nao_tf.networks import depthwise
from nao_tf.networks.cell_network import CellNetwork
from nao_tf.networks.config import NetworkConfig
from nao_tf.networks.cost import count_parameters
from nao_tf.spaces.cells import CellPair
from nao_tf.spaces.named import named_cell
from nao_tf.spaces.registry import get_space
from nao_tf.training.momentum import MomentumSGD

BATCH = 64
CIFAR = {'image_shape': (32, 32, 3), 'classes': 10}


def random_cells(count: int) -> Iterator[CellPair]:
    space = get_space('nao_cnn')
    for seed in range(count):
        yield space.cells(space.sample(np.random.default_rng(seed)))


def training_step(network: keras.Model, shape: tuple[int, ...]) -> Callable[[], float]:
    """Returns a function that runs one compiled step on fixed random data and waits for its loss."""
    optimizer = MomentumSGD(network.trainable_variables, clip_norm=5.0)

    def step(images: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(optimizer.variables)
            logits = network(images, training=True)
            loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits))
        optimizer.apply(tape.gradient(loss, optimizer.variables), tf.constant(0.02))
        return loss

    rng = np.random.default_rng(0)
    images = tf.constant(rng.normal(size=(BATCH, *shape)).astype(np.float32))
    labels = tf.constant(rng.integers(0, 10, BATCH))
    compiled = tf.function(step, autograph=False).get_concrete_function(images, labels)
    return lambda: float(compiled(images, labels))


def timed(action: Callable[[], object]) -> float:
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def build_seconds(make: Callable[[], keras.Model], shape: tuple[int, ...]) -> float:
    """Seconds from nothing to the end of the first step."""
    gc.collect()
    return timed(lambda: training_step(make(), shape)())


def spread(values: list[float], unit: float = 1.0, digits: int = 2) -> str:
    low, middle = min(values) * unit, statistics.median(values) * unit
    return f'{middle:.{digits}f} ({low:.{digits}f} to {max(values) * unit:.{digits}f})'


def measure_build(count: int = 12, **size: int) -> None:
    config = NetworkConfig(**size, **CIFAR)
    seconds = [
        build_seconds(lambda cells=cells: CellNetwork(cells, config), config.image_shape)
        for cells in random_cells(count)
    ]
    name = f'N={config.cells_per_stage} F={config.filters}'
    print(f'build + first step, {name}, {count} random cells: {spread(seconds)} s')


def measure_large() -> None:
    measure_build(4, cells_per_stage=3, filters=32)


def measure_ratio(pairs: int = 5, steps: int = 12) -> None:
    """Alternates blocks of steps of both networks, so that both see the same machine."""
    config = NetworkConfig(cells_per_stage=1, filters=8, **CIFAR)
    step_ratios, build_ratios = [], []
    for cells in [*random_cells(pairs - 1), named_cell('NAONet_A').cells]:
        made, build = {}, {}
        for name, make in (('ours', CellNetwork), ('plain', plain_network)):
            started = time.perf_counter()
            network = make(cells, config)
            made[name] = training_step(network, config.image_shape)
            made[name]()
            build[name] = time.perf_counter() - started
            assert count_parameters(cells, config) == sum(
                v.value.shape.num_elements() for v in network.trainable_variables
            )
        times: dict[str, list[float]] = {'ours': [], 'plain': []}
        for _ in range(steps):
            for name, step in made.items():
                times[name].append(timed(step))
        ours, plain = (statistics.median(times[name]) for name in ('ours', 'plain'))
        step_ratios.append(ours / plain)
        build_ratios.append(build['ours'] / build['plain'])
        print(
            f'  step: ours {ours * 1e3:.0f} ms, plain Keras {plain * 1e3:.0f} ms, ratio {ours / plain:.2f}; '
            f'build + first step: {build["ours"]:.2f} s and {build["plain"]:.2f} s'
        )
    print(f'training step / plain Keras, {pairs} cells: {spread(step_ratios)}')
    print(f'build + first step / plain Keras, {pairs} cells: {spread(build_ratios)}')


def measure_step(steps: int = 40) -> None:
    for rules in ('tf1', 'pytorch'):
        config = NetworkConfig(cells_per_stage=1, filters=8, rules=rules, **CIFAR)
        step = training_step(CellNetwork(named_cell('NAONet_A').cells, config), config.image_shape)
        for _ in range(3):
            step()
        times = [timed(step) for _ in range(steps)]
        print(f'training step, NAONet_A N=1 F=8, {rules} rules: {spread(times, 1e3, 0)} ms')


def measure_strips(steps: int = 20) -> None:
    """A step with the kernel gradients of depthwise convolutions in strips, and as TensorFlow gives them, by turns."""
    config = NetworkConfig(cells_per_stage=1, filters=8, **CIFAR)
    ratios = []
    others = ((f'random {seed}', cells) for seed, cells in enumerate(random_cells(4)))
    for name, cells in [('NAONet_A', named_cell('NAONet_A').cells), *others]:
        made = {}
        for strips in (False, True):
            with mock.patch.object(depthwise, '_by_onednn', lambda strips=strips: strips):
                made[strips] = training_step(CellNetwork(cells, config), config.image_shape)
                made[strips]()
        times: dict[bool, list[float]] = {False: [], True: []}
        for _ in range(steps):
            for strips, step in made.items():
                times[strips].append(timed(step))
        plain, ours = (statistics.median(times[strips]) for strips in made)
        ratios.append(plain / ours)
        print(f'  {name}: {plain * 1e3:.0f} ms as it is, {ours * 1e3:.0f} ms in strips, ratio {plain / ours:.2f}')
    print(f'step as it is / in strips, {len(ratios)} cells: {spread(ratios)}')


def measure_grappler(count: int = 5, steps: int = 10) -> None:
    """The first call and the step with TensorFlow's graph optimiser and without it."""
    config = NetworkConfig(cells_per_stage=1, filters=8, **CIFAR)
    rows: dict[bool, list[tuple[float, float]]] = {False: [], True: []}
    for cells in random_cells(count):
        for disabled, row in rows.items():
            tf.config.optimizer.set_experimental_options({'disable_meta_optimizer': disabled})
            network = CellNetwork(cells, config)
            started = time.perf_counter()
            step = training_step(network, config.image_shape)
            step()
            first = time.perf_counter() - started
            row.append((first, statistics.median(timed(step) for _ in range(steps))))
    tf.config.optimizer.set_experimental_options({'disable_meta_optimizer': False})
    for disabled, row in rows.items():
        firsts, later = zip(*row, strict=True)
        name = 'without' if disabled else 'with'
        print(f'{name} the graph optimiser: trace + first call {spread(list(firsts))} s, ', end='')
        print(f'step {spread(list(later), 1e3, 0)} ms')


def measure_memory(children: int = 60, warm_up: int = 20) -> None:
    config = NetworkConfig(cells_per_stage=1, filters=8, image_shape=(8, 8, 1), classes=10)
    process = psutil.Process()
    resident = []
    for cells in random_cells(children):
        step = training_step(CellNetwork(cells, config), config.image_shape)
        step()
        step()
        del step
        gc.collect()
        resident.append(process.memory_info().rss / 1e6)
    half = (children - warm_up) // 2
    early, late = resident[warm_up : warm_up + half], resident[warm_up + half :]
    change = statistics.mean(late) / statistics.mean(early) - 1
    print(
        f'memory, 8x8 images: {resident[0]:.0f} MB after the first child, {statistics.mean(early):.0f} MB over '
        f'children {warm_up + 1} to {warm_up + half}, {statistics.mean(late):.0f} MB over the last {half} '
        f'({change:+.1%})'
    )


MEASUREMENTS: dict[str, Callable[[], None]] = {
    'memory': measure_memory,  # first: larger networks leave memory behind that it would not see growing
    'build': lambda: measure_build(cells_per_stage=1, filters=8),
    'large': measure_large,
    'ratio': measure_ratio,
    'step': measure_step,
    'strips': measure_strips,
    'grappler': measure_grappler,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--only', choices=MEASUREMENTS, action='append', help='one measurement; may be repeated')
    parser.add_argument('--threads', type=int, default=2)
    arguments = parser.parse_args()
    tf.config.threading.set_intra_op_parallelism_threads(arguments.threads)
    tf.config.threading.set_inter_op_parallelism_threads(arguments.threads)
    print(
        f'{platform.machine()}, {os.cpu_count()} cores, {arguments.threads} threads, load {os.getloadavg()[0]:.1f}; '
        f'Python {platform.python_version()}, TensorFlow {tf.__version__}, Keras {keras.__version__}; batch {BATCH}'
    )
    shape = (32, 32, 3)
    config = NetworkConfig(cells_per_stage=1, filters=8, image_shape=shape, classes=10)
    for cells in random_cells(3):
        build_seconds(lambda cells=cells: CellNetwork(cells, config), shape)
    for name, measure in MEASUREMENTS.items():
        if not arguments.only or name in arguments.only:
            measure()


if __name__ == '__main__':
    main()
