"""Shared weights of recurrent cells on a text: steps, scores, what it takes to go on, bad input."""

import numpy as np
import pytest

from nao_tf.errors import InputError
from nao_tf.evaluators.shared_text import SharedText
from nao_tf.networks.recurrent_config import RecurrentConfig
from nao_tf.spaces.recurrent_cell import RecurrentCellSpace
from nao_tf.supernets.train_config import SharedTextConfig
from nao_tf.tasks.corpus import make_corpus
from nao_tf.tasks.text import TextTask
from nao_tf.training.rewrites import graph_rewrites

SPACE = RecurrentCellSpace('two nodes', nodes=2)
TRAINING = {'batch_size': 4, 'eval_batch_size': 2, 'sequence_length': 6, 'random_length': False, 'learning_rate': 2.0}
CELLS = [SPACE.sample(np.random.default_rng(seed)) for seed in range(3)]


@pytest.fixture(autouse=True, scope='module')
def _graphs_as_traced():
    with graph_rewrites(1):
        yield


@pytest.fixture(scope='module')
def task():
    """A text that counts."""
    words = [str(number % 5) for number in range(300)]
    splits = {'train': words[:240], 'valid': words[:37], 'test': words[:20]}
    return TextTask('made', make_corpus('made', {name: [*split, '<eos>'] for name, split in splits.items()}))


def make(task, **fields):
    network = RecurrentConfig(vocabulary=len(task.vocabulary), hidden=6)
    return SharedText(task, SPACE, network=network, training=SharedTextConfig(**{**TRAINING, **fields}), seed=1)


@pytest.fixture(scope='module')
def weights(task):
    return make(task)


def train(weights, epochs, first=0, start=0):
    losses, step = [], first * weights.epoch_steps(0) + start
    for epoch in range(first, first + epochs):
        for batch in weights.batches(epoch, start if epoch == first else 0):
            losses.append(weights.train(batch, CELLS[step % 3], step))
            step += 1
    return losses


def test_learns_and_goes_on_from_the_middle_of_an_epoch(weights):
    """The state that a cell left is a part of what it takes to go on."""
    initial = weights.arrays()
    assert weights.epoch_steps(0) == 11
    losses = train(weights, 2)
    assert np.mean(losses[-5:]) < losses[0] - 0.1
    end = weights.arrays()
    weights.assign(initial)
    batches = weights.batches(0, 0)
    for step in range(4):
        weights.train(next(batches), CELLS[step % 3], step)
    middle = weights.arrays()
    assert np.abs(middle['state']).max() > 0
    for variable in weights.variables:
        variable.assign(np.full(variable.shape, 7, np.float32))
    weights.state = weights.trainer.initial_state(weights.trainer.replicas)
    weights.assign(middle)
    assert train(weights, 2, start=4)[:18] == losses[4:]
    for name, value in weights.arrays().items():
        np.testing.assert_array_equal(value, end[name])


def test_scores_are_of_the_whole_validation_text(weights, task):
    first, second = weights.evaluate(CELLS[0]), weights.evaluate(CELLS[0])
    assert first.score == second.score == pytest.approx(task.score(np.log(first.metrics['perplexity'])))
    assert sum(segment.weights.sum() for segment in weights._held) == task.splits['valid']
    with pytest.raises(InputError):
        weights.evaluate(RecurrentCellSpace('other', nodes=3).sample(np.random.default_rng(0)))


def test_a_text_shorter_than_one_batch(task):
    with pytest.raises(InputError, match=r'sharing\.eval_batch_size is 7: the valid split has 38 tokens'):
        make(task, eval_batch_size=7)
    with pytest.raises(InputError, match=r'sharing\.batch_size is 41: the train split has 241 tokens'):
        make(task, batch_size=41)


def test_more_segments_for_the_scores_than_there_are(task):
    held = len(list(task.eval_segments('valid', 2, 6)))
    assert len(make(task, score_segments=held).arrays())
    with pytest.raises(InputError, match=rf'score_segments is {held + 1}, .* has only {held} segments'):
        make(task, score_segments=held + 1)
