"""Measures a training step of the recurrent supernet, each step another cell.

    python tools/recurrent_supernet_speed.py

`selected` and `masked` are the executions of the package; `plain` follows the codes by `tf.switch_case`; `apart` is a
language network of its own for each cell, traced for it, whose nodes of one level are one product. The steps of all
forms take turns. Of each form: seconds to the end of the first step (of `apart` for each cell), the median step in wall
and in processor time, least in brackets.
"""

from __future__ import annotations

import argparse
import functools
import os
import time

import nao_tf  # noqa: F401 - before TensorFlow, which reads what it sets

os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '2')

import numpy as np
import tensorflow as tf
from supernet_speed import report

from nao_tf.networks.language_network import LanguageNetwork
from nao_tf.networks.recurrent_config import RecurrentConfig
from nao_tf.networks.recurrent_core import ACTIVATIONS
from nao_tf.spaces.registry import get_space
from nao_tf.supernets.recurrent_supernet import RecurrentSupernet
from nao_tf.supernets.shared_core import MaskedChoices

STEPS = 35


class PlainChoices(MaskedChoices):
    """tf.switch_case over the inputs and over the activations."""

    def pick(self, states, index):
        return tf.switch_case(index, [lambda state=state: tf.identity(state) for state in states])

    def activate(self, x, index):
        return tf.switch_case(index, [lambda name=name: ACTIVATIONS[name](x) for name in ACTIVATIONS])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--hidden', type=int, default=100)
    parser.add_argument('--batch', type=int, default=32)
    parser.add_argument('--words', type=int, default=1000)
    parser.add_argument('--architectures', type=int, default=5)
    parser.add_argument('--rounds', type=int, default=6)
    parser.add_argument('--forms', default='selected,masked,plain,apart')
    arguments = parser.parse_args()
    space = get_space('nao_rnn')
    config = RecurrentConfig(vocabulary=arguments.words, hidden=arguments.hidden)
    rng = np.random.default_rng(0)
    tokens = rng.integers(0, arguments.words, (2, STEPS, arguments.batch)).astype(np.int32)
    inputs, targets = (tf.constant(part) for part in tokens)
    weights, state = tf.ones((STEPS, arguments.batch)), tf.zeros((arguments.batch, arguments.hidden))
    given = (inputs, targets, weights, state, tf.constant([0, 1]))
    cells = [space.sample(rng) for _ in range(arguments.architectures)]

    def own(cell):
        network = LanguageNetwork(space.cell(cell), config)

        def step():
            found = network.computation.gradients(*given)
            for variable, gradient in zip(network.trained, found.gradients, strict=True):
                variable.value.assign_sub(0.1 * gradient)
            return found.loss

        return tf.function(step, autograph=False)

    def shared(form):
        net = RecurrentSupernet(space, config, execution='masked' if form == 'plain' else form)
        if form == 'plain':
            net.choices = PlainChoices(space.activations, space.node_count)

        def step(codes):
            found = net.computation(codes).gradients(*given)
            net.update(codes, found.gradients, tf.constant(0.1))
            return found.loss

        compiled = tf.function(step, autograph=False, input_signature=(net.codes_spec,))
        return [functools.partial(compiled, tf.constant(net.codes(cell))) for cell in cells]

    steps, first = {}, {}
    for form in arguments.forms.split(','):
        started = time.perf_counter(), time.process_time()
        steps[form] = [own(cell) for cell in cells] if form == 'apart' else shared(form)
        for function in steps[form] if form == 'apart' else steps[form][:1]:
            function()
        count = len(cells) if form == 'apart' else 1
        first[form] = [(time.perf_counter() - started[0]) / count, (time.process_time() - started[1]) / count]
    print(f'nao_rnn, H={arguments.hidden}, {STEPS} steps of {arguments.batch}, {arguments.words} words')
    report(first, steps, arguments.rounds)


if __name__ == '__main__':
    main()
