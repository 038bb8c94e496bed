"""Measures a training step of the convolutional supernet, each step another architecture.

    python tools/supernet_speed.py                          # 5 operations
    python tools/supernet_speed.py --space=nao_cnn          # 11 operations; the plain form takes minutes to trace

`selected` and `masked` are the executions of the package. `plain` is the obvious form, `tf.switch_case` over inputs and
operations in one graph; `apart` is a function of its own for each architecture, which is what a step costs without any
choice in it (and a trace for every architecture). `unstripped` is `selected` with TensorFlow's own gradient of
depthwise kernels (`networks/depthwise.py`). The steps of all forms take turns, so that they see the same machine; what
counts is the ratio to `plain`. Of each form: seconds to the end of the first step, the median step in wall and in
processor time, least in brackets.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from unittest import mock

import nao_tf  # noqa: F401 - before TensorFlow, which reads what it sets

os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '2')

import numpy as np
import tensorflow as tf

from nao_tf.networks import depthwise
from nao_tf.search.devices import set_threads, spread_branches
from nao_tf.spaces.cells import CELL_INPUTS
from nao_tf.spaces.registry import get_space
from nao_tf.supernets.codes import branch_rows, loose_ends
from nao_tf.supernets.config import SupernetConfig
from nao_tf.supernets.conv_supernet import ConvSupernet
from nao_tf.supernets.kernels import project
from nao_tf.supernets.masked import Masked
from nao_tf.supernets.momentum import SharedMomentum
from nao_tf.supernets.trainer import SupernetTrainer
from nao_tf.training.rewrites import WORTH_STEPS, graph_rewrites

BATCH = 32


class Plain(Masked):
    """tf.switch_case over the inputs and over the operations, and a dense update of all weights."""

    def read(self, cell, codes, sets):
        del cell, codes
        return [[variable.read_value() for variable in variables] for variables in sets]

    def add(self, cell, codes, sets, changes):
        del cell, codes
        for variables, parts in zip(sets, changes, strict=True):
            for variable, part in zip(variables, parts, strict=True):
                variable.assign_add(part, read_value=False)

    def choose(self, index, makers):
        return tf.switch_case(index, makers)

    def ends(self, codes):
        return tf.unstack(tf.cast(loose_ends(codes), tf.int32))

    def run(self, cell, codes, inputs, rows, projection, masks):
        del masks
        states = list(inputs)
        first = branch_rows(cell.nodes)

        def operation(layout, place, x, branch):
            def apply():
                row = tf.zeros((0,)) if place is None else tf.gather(rows[place], first[branch] + codes[branch, 0])
                return tf.identity(layout.apply(x, row))

            return apply

        for branch in range(codes.shape[0]):
            readable = states[: CELL_INPUTS + branch // 2]
            x = self.choose(codes[branch, 0], [lambda state=state: tf.identity(state) for state in readable])
            pairs = zip(cell.layouts, cell.places, strict=True)
            y = self.choose(codes[branch, 1], [operation(layout, place, x, branch) for layout, place in pairs])
            if branch % 2:
                states[-1] += y
            else:
                states.append(y)
        parts = []
        for end, state, kernel in zip(self.ends(codes), states, tf.unstack(projection), strict=True):
            makers = [
                lambda state=state: tf.zeros_like(state),
                lambda state=state, kernel=kernel[tf.newaxis, tf.newaxis]: project(state, kernel),
            ]
            parts.append(self.choose(end, makers))
        return tf.add_n(parts)


class Apart(Plain):
    """One architecture, known when the function is traced."""

    def choose(self, index, makers):
        return makers[int(index)]()

    def ends(self, codes):
        return [index not in codes[:, 0] for index in range(len(codes) // 2 + CELL_INPUTS)]


def make(space, config, execution=None, name='selected'):
    net = ConvSupernet(space, config, execution=name)
    net.execution = execution or net.execution
    return SupernetTrainer(net, SharedMomentum(net), batch_size=BATCH, eval_batch_size=BATCH)


def bound(trainer, *arguments):
    """Returns the step of given arguments; the codes are numbers in it, not a tensor."""
    return lambda: trainer.update(*arguments)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--space', default='enas_cnn')
    parser.add_argument('--filters', type=int, default=16)
    parser.add_argument('--side', type=int, default=16, help='pixels of an image')
    parser.add_argument('--architectures', type=int, default=6)
    parser.add_argument('--rounds', type=int, default=8)
    parser.add_argument(
        '--threads', type=int, help='of TensorFlow, 0 for its own choice; without it those of a weight-sharing search'
    )
    parser.add_argument(
        '--rewrites', action='store_true', help='as TensorFlow rewrites the graphs, which a search does not'
    )
    parser.add_argument('--forms', default='selected,apart,plain,masked')
    arguments = parser.parse_args()
    if arguments.threads is None:
        spread_branches()
    else:
        set_threads(arguments.threads)
    with graph_rewrites(WORTH_STEPS if arguments.rewrites else 0):
        measure(arguments)


def measure(arguments: argparse.Namespace) -> None:
    """Builds every form, and measures its steps."""
    space = get_space(arguments.space)
    config = SupernetConfig(
        cells_per_stage=1,
        filters=arguments.filters,
        image_shape=(arguments.side, arguments.side, 3),
        classes=10,
        dense_keep=1.0,
    )
    rng = np.random.default_rng(0)
    images = tf.constant(rng.normal(size=(BATCH, *config.image_shape)).astype(np.float32))
    labels, weights = tf.constant(rng.integers(0, 10, BATCH).astype(np.int32)), tf.ones(BATCH)
    cells = [space.sample(rng) for _ in range(arguments.architectures)]
    others = (tf.constant(0.01), tf.constant(0), tf.constant(0.0))
    steps, first = {}, {}
    for form in arguments.forms.split(','):
        started = time.perf_counter(), time.process_time()
        if form == 'apart':
            trainers = make(space, config, Apart())
            functions = []
            for cell in cells:
                update = bound(trainers, images, labels, weights, trainers.supernet.codes(cell), *others)
                functions.append(tf.function(update, autograph=False).get_concrete_function())
                functions[-1]()
            steps[form] = functions
        else:
            execution = Plain() if form == 'plain' else None
            trainer = make(space, config, execution, 'masked' if form == 'masked' else 'selected')
            given = [(images, labels, weights, tf.constant(trainer.supernet.codes(cell)), *others) for cell in cells]
            strips = form != 'unstripped' and depthwise._by_onednn()
            with mock.patch.object(depthwise, '_by_onednn', lambda strips=strips: strips):
                trainer.step(*given[0])
            steps[form] = [lambda one=one, step=trainer.step: step(*one) for one in given]
        elapsed = time.perf_counter() - started[0], time.process_time() - started[1]
        first[form] = [seconds / (len(cells) if form == 'apart' else 1) for seconds in elapsed]
    size = f'{config.network.cells} cells, F={config.filters}, batch {BATCH} of {arguments.side}x{arguments.side}'
    said = tf.config.threading
    threads = said.get_intra_op_parallelism_threads(), said.get_inter_op_parallelism_threads()
    within, between = (number or "TensorFlow's own" for number in threads)
    print(f'{arguments.space}, {len(space.operations)} operations, {size}; {len(cells)} architectures')
    print(f'threads within operations: {within}; between: {between}')
    report(first, steps, arguments.rounds)


def report(first: dict[str, list[float]], steps: dict[str, list], rounds: int) -> None:
    """Lets the steps of all forms take turns, and prints what each took."""
    times: dict[str, tuple[list[float], list[float]]] = {form: ([], []) for form in steps}
    for number in range(-1, rounds):
        for index in range(len(next(iter(steps.values())))):
            for form, functions in steps.items():
                started = time.perf_counter(), time.process_time()
                functions[index]().numpy()
                if number >= 0:
                    times[form][0].append(1e3 * (time.perf_counter() - started[0]))
                    times[form][1].append(1e3 * (time.process_time() - started[1]))
    for form in steps:
        line = f'{form:9s} first {first[form][0]:6.1f} s (processor {first[form][1]:.1f}); step'
        for name, number in (('wall', 0), ('processor', 1)):
            middle = statistics.median(times[form][number])
            line += f' {name} {middle:.0f} ({min(times[form][number]):.0f}) ms'
            if 'plain' in steps and form != 'plain':
                line += f', plain takes {statistics.median(times["plain"][number]) / middle:.2f} times it;'
        print(line)


if __name__ == '__main__':
    main()
