"""How fast is a recurrent child? Tokens a second against Keras's LSTM and GRU of equal parameters, and trace seconds.

    python tools/recurrent_speed.py                                         # the size of configs/text_quickstart.py
    python tools/recurrent_speed.py --hidden=200 --batch=32 --length=35 --vocabulary=10000

Every model is a whole language model with tied weights, trained by the same optimizer on the same random words; the
LSTM and the GRU are as wide as makes their number of parameters that of the child. The models take turns, and a ratio
is of one turn, so that what else the machine does falls on all of them: medians, with the least and the most.
"""

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
from text_evidence.keras_language import KINDS, equal_units

from nao_tf.networks.language_network import LanguageNetwork
from nao_tf.networks.recurrent_config import DROPOUTS, RecurrentConfig
from nao_tf.spaces.registry import get_space
from nao_tf.training.averaged import AveragedSGD

FLAGS = flags.FLAGS
flags.DEFINE_integer('hidden', 48, 'H, units of the child')
flags.DEFINE_integer('batch', 16, 'B, streams')
flags.DEFINE_integer('length', 20, 'T, tokens of a step')
flags.DEFINE_integer('vocabulary', 1500, 'V, words')
flags.DEFINE_integer('cells', 5, 'random cells')
flags.DEFINE_integer('turns', 20, 'steps of each model')
flags.DEFINE_integer('threads', 2, 'of TensorFlow')


def child_step(network: LanguageNetwork, words: tf.Tensor) -> tuple[Callable[[], float], float]:
    """Returns a training step of a child, and the seconds of its trace."""
    optimizer = AveragedSGD(network.trained, clip_norm=0.25)
    weights, state, seed = tf.ones(words.shape), network.initial_state(words.shape[1]), tf.constant([0, 0])

    def step(words: tf.Tensor) -> tf.Tensor:
        found = network.computation.gradients(words, words, weights, state, seed, slowness_penalty=1e-3)
        optimizer.apply(found.gradients, 1.0)
        return found.loss

    return traced(step, words)


def keras_step(
    layer: type[keras.layers.Layer], units: int, vocabulary: int, words: tf.Tensor
) -> tuple[Callable[[], float], float]:
    """Returns a training step of a language model around one of Keras's recurrent layers."""
    rng = np.random.default_rng(0)
    embedding = keras.Variable(rng.uniform(-0.04, 0.04, (vocabulary, units)).astype(np.float32))
    bias = keras.Variable(np.zeros(vocabulary, np.float32))
    recurrent = layer(units, return_sequences=True)
    recurrent.build((words.shape[1], words.shape[0], units))
    trained = [embedding, bias, *recurrent.trainable_variables]
    optimizer = AveragedSGD(trained, clip_norm=0.25)

    def step(words: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            outputs = recurrent(tf.transpose(tf.gather(embedding.value, words), (1, 0, 2)))
            logits = tf.matmul(tf.reshape(outputs, (-1, units)), embedding.value, transpose_b=True) + bias.value
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(tf.reshape(tf.transpose(words), (-1,)), logits)
            loss = tf.reduce_mean(losses) + 1e-3 * tf.reduce_mean(tf.square(outputs[:, 1:] - outputs[:, :-1]))
        gradients = tape.gradient(loss, [variable.value for variable in trained])
        optimizer.apply([tf.convert_to_tensor(gradient) for gradient in gradients], 1.0)
        return loss

    return traced(step, words)


def traced(step: Callable[[tf.Tensor], tf.Tensor], words: tf.Tensor) -> tuple[Callable[[], float], float]:
    """Returns a compiled step on fixed words, run once, and the seconds until then."""
    started = time.perf_counter()
    compiled = tf.function(step, autograph=False).get_concrete_function(words)
    float(compiled(words))
    return lambda: float(compiled(words)), time.perf_counter() - started


def spread(values: Sequence[float], digits: int = 2) -> str:
    """Returns the median, with the least and the most."""
    return f'{statistics.median(values):.{digits}f} ({min(values):.{digits}f} to {max(values):.{digits}f})'


def main(arguments: Sequence[str]) -> None:
    """Measures and prints."""
    if len(arguments) > 1:
        raise app.UsageError(f'unexpected argument {arguments[1]!r}')
    tf.config.threading.set_intra_op_parallelism_threads(FLAGS.threads)
    tf.config.threading.set_inter_op_parallelism_threads(FLAGS.threads)
    rng = np.random.default_rng(0)
    words = tf.constant(rng.integers(FLAGS.vocabulary, size=(FLAGS.length, FLAGS.batch)), tf.int32)
    space = get_space('nao_rnn')
    config = RecurrentConfig(vocabulary=FLAGS.vocabulary, hidden=FLAGS.hidden, **dict.fromkeys(DROPOUTS, 0.0))
    steps, seconds = {}, []
    child_step(LanguageNetwork(space.cell(space.sample(rng)), config), words)  # what the process does only once
    for number in range(FLAGS.cells):
        network = LanguageNetwork(space.cell(space.sample(rng)), config, seed=number)
        steps[f'child {number}'], trace = child_step(network, words)
        seconds.append(trace)
    parameters = config.parameters(11)
    for kind, (layer, *_) in KINDS.items():
        units = equal_units(kind, parameters, FLAGS.vocabulary)
        steps[layer.__name__], trace = keras_step(layer, units, FLAGS.vocabulary, words)
        print(f'{layer.__name__}: {units} units, trace and first step {trace:.2f} s')
    print(f'child: {FLAGS.hidden} units, {parameters:,} parameters, trace and first step {spread(seconds)} s')
    taken: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(FLAGS.turns):
        for name, step in steps.items():
            started = time.perf_counter()
            step()
            taken[name].append(time.perf_counter() - started)
    children = [statistics.mean(turn) for turn in zip(*(taken[name] for name in steps if 'child' in name), strict=True)]
    tokens = FLAGS.batch * FLAGS.length
    print(f'child: {spread([tokens / each for each in children], 0)} tokens a second, mean of {FLAGS.cells} cells')
    for name in ('LSTM', 'GRU'):
        print(f'{name}: {spread([tokens / each for each in taken[name]], 0)} tokens a second')
        ratios = [theirs / ours for theirs, ours in zip(taken[name], children, strict=True)]
        print(f'tokens a second, child over {name}: {spread(ratios)}')


if __name__ == '__main__':
    app.run(main)
