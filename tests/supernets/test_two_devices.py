"""Shared weights on two logical processors: the losses and weights of one, for both executions and both kinds of cell.

TensorFlow's processors are fixed when a process begins, so all of it runs in one of its own.
"""

import json

import numpy as np
import pytest

from tests.support import forks

STEPS = 4

SCRIPT = """
import json
import sys

import numpy as np
import tensorflow as tf

from nao_tf.evaluators.shared_images import SharedImages
from nao_tf.evaluators.shared_text import SharedText
from nao_tf.networks.recurrent_config import RecurrentConfig
from nao_tf.spaces.conv_cell import ConvCellSpace
from nao_tf.spaces.recurrent_cell import RecurrentCellSpace
from nao_tf.supernets.config import SupernetConfig
from nao_tf.supernets.train_config import SharedTextConfig, SharedTrainConfig
from nao_tf.tasks.corpus import make_corpus
from nao_tf.tasks.make import task_from_arrays
from nao_tf.tasks.text import TextTask
from tests.support.distributed import Distribution, two_processors

STEPS = int(sys.argv[1])
mirrored = two_processors(steps_per_loop=4)
tf.config.optimizer.set_experimental_options({'disable_meta_optimizer': True})
rng = np.random.default_rng(0)
images, labels = rng.integers(0, 256, (32, 8, 8, 3)).astype(np.uint8), (np.arange(32) % 4).astype(np.int32)
task = task_from_arrays(images, labels, validation=(images, labels), test=(images, labels))
space = ConvCellSpace('small', ('identity', 'conv 1x1', 'avg_pool 3x3', 'sep_conv 3x3'), nodes=2)
network = SupernetConfig(
    cells_per_stage=1, filters=4, image_shape=task.image_shape, classes=4, drop_path_keep=1.0, dense_keep=1.0
)


def follow(weights, batches, cells):
    '''Returns losses, scores of the cells, and the weights, after some steps.'''
    losses = [weights.train(batch, cells[step % len(cells)], step) for step, batch in enumerate(batches)]
    scores = [weights.evaluate(cell).score for cell in cells]
    return {'losses': losses, 'scores': scores}, weights.arrays()


def difference(one, two):
    return max(float(abs(one[name] - value).max() / max(abs(value).max(), 0.1)) for name, value in two.items())


found = {}
cells = [space.sample(np.random.default_rng(seed)) for seed in range(3)]
picked = [np.random.default_rng(step).permutation(32)[:8] for step in range(STEPS)]
for execution in ('selected', 'masked'):
    runs = []
    for distribution, batch_size in ((Distribution(), 8), (mirrored, 16)):
        recipe = SharedTrainConfig(
            batch_size=batch_size, eval_batch_size=8, execution=execution, score_batches=3,
            learning_rate=0.05, final_learning_rate=0.05,  # as the schedule depends on the length of an epoch
        )
        weights = SharedImages(
            task, space, network=network, training=recipe, epochs=2, seed=1, distribution=distribution
        )
        batches = []
        for rows in picked:  # each device gets what the one has, so that their own statistics are the same
            parts = (images[rows] / np.float32(255), labels[rows], np.ones(8, np.float32))
            batches.append([tf.constant(part if batch_size == 8 else np.stack([part, part])) for part in parts])
        weights.total_steps = 8  # of the schedule
        runs.append(follow(weights, batches, cells))
    found[execution] = {'one': runs[0][0], 'two': runs[1][0], 'weights': difference(runs[0][1], runs[1][1])}

words = [str(number % 5) for number in range(300)]
splits = {'train': words[:240], 'valid': words[:37], 'test': words[:20]}
text = TextTask('made', make_corpus('made', {name: [*split, '<eos>'] for name, split in splits.items()}))
space = RecurrentCellSpace('two nodes', nodes=2)
cells = [space.sample(np.random.default_rng(seed)) for seed in range(3)]
network = RecurrentConfig(vocabulary=len(text.vocabulary), hidden=6)
recipe = SharedTextConfig(batch_size=5, eval_batch_size=3, sequence_length=6, random_length=False, learning_rate=2.0)
runs = []
for distribution in (Distribution(), mirrored):
    weights = SharedText(text, space, network=network, training=recipe, seed=1, distribution=distribution)
    segments = [segment for segment, _ in zip(weights.batches(0, 0), range(STEPS))]
    runs.append(follow(weights, segments, cells))
    weights.assign(runs[-1][1])
    runs[-1][0]['next'] = weights.train(segments[0], cells[0], STEPS)
found['text'] = {'one': runs[0][0], 'two': runs[1][0], 'weights': difference(runs[0][1], runs[1][1])}
json.dump(found, sys.stdout)
"""


@pytest.fixture(scope='module')
def found(tmp_path_factory):
    result = forks.run_script(SCRIPT, tmp_path_factory.mktemp('found'), str(STEPS), TF_CPP_MIN_LOG_LEVEL='2')
    assert not result.returncode, result.stderr
    return json.loads(result.stdout)


@pytest.mark.slow
@pytest.mark.parametrize('kind', ['selected', 'masked', 'text'])
def test_two_devices_train_as_one(found, kind):
    one, two = found[kind]['one'], found[kind]['two']
    assert len(set(one['losses'])) == STEPS
    for name, values in one.items():
        np.testing.assert_allclose(two[name], values, atol=2e-5, err_msg=name)
    assert found[kind]['weights'] < 1e-3
