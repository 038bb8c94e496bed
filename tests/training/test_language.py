"""Training language models on a text with structure that a recurrent cell can learn."""

import dataclasses
import math

import numpy as np
import pytest
import tensorflow as tf

from nao_tf.errors import InputError
from nao_tf.networks.language_network import LanguageNetwork
from nao_tf.networks.recurrent_config import DROPOUTS, RecurrentConfig
from nao_tf.spaces.named import named_cell
from nao_tf.tasks.corpus import make_corpus
from nao_tf.tasks.text import TextTask
from nao_tf.training.distribution import Distribution
from nao_tf.training.language import LanguageTrainer
from nao_tf.training.language_config import LanguageTrainConfig
from nao_tf.training.language_steps import calls_of
from nao_tf.training.result import DivergedError

CONFIG = LanguageTrainConfig(
    epochs=3, batch_size=8, eval_batch_size=4, sequence_length=10, random_length=False, averaging_patience=0
)


@pytest.fixture(scope='module')
def task():
    """A text of 20 words in which a word leaves two choices for the next."""
    ids = np.cumsum(np.random.default_rng(0).choice([1, 4], size=6000)) % 20
    words = [f'w{number:02}' for number in ids]
    splits = {'train': words[:4000], 'valid': words[4000:5003], 'test': words[5003:]}
    return TextTask('made', make_corpus('made', {name: [*split, '<eos>'] for name, split in splits.items()}))


def trainer_of(task, config=CONFIG, seed=0, **dropouts):
    network = RecurrentConfig(
        vocabulary=len(task.vocabulary), hidden=12, **{**dict.fromkeys(DROPOUTS, 0.0), **dropouts}
    )
    return LanguageTrainer(
        LanguageNetwork(named_cell('NAO-RNN').cells, network, seed=seed), task, config=config, seed=seed
    )


def test_learns_and_repeats_exactly(task):
    config = dataclasses.replace(CONFIG, epochs=2, random_length=True)
    seen = []
    trainer = trainer_of(task, config, hidden_dropout=0.1)
    result = trainer.train(lambda epoch, perplexity: seen.append(perplexity))
    assert len(seen) == 2
    assert result.metrics['perplexity'] == min(seen) < 0.8 * len(task.vocabulary)
    assert result.score == pytest.approx(task.score(math.log(min(seen))))
    assert result.epoch == 1 + seen.index(min(seen))
    assert len(trainer.steps.compiled) <= 4, 'one trace a static length'
    again = trainer_of(task, config, hidden_dropout=0.1)
    assert again.train() == result
    for mine, other in zip(trainer.network.trained, again.network.trained, strict=True):
        np.testing.assert_array_equal(mine.numpy(), other.numpy())
    assert trainer_of(task, CONFIG, seed=1).train() != trainer_of(task).train()


def test_many_steps_in_a_call_are_the_same_steps(task):
    """Segments of drawn lengths: calls that are full, calls that a change of length ends, and epochs' ends."""
    config = dataclasses.replace(CONFIG, epochs=2, random_length=True)
    lengths = [
        [len(segment.inputs) for segment in call]
        for call in calls_of(task.train_segments(8, 10, random_length=True, seed=0, epoch=0), 3)
    ]
    assert {len(call) for call in lengths} == {1, 2, 3}
    assert all(len(set(call)) == 1 for call in lengths)
    results = []
    for steps in (1, 3):
        network = LanguageNetwork(
            named_cell('NAO-RNN').cells, RecurrentConfig(vocabulary=len(task.vocabulary), hidden=12), seed=0
        )
        trainer = LanguageTrainer(network, task, config=config, seed=0, distribution=Distribution(steps_per_loop=steps))
        results.append((trainer.train().metrics, trainer.course.steps))
    assert results[1][0] == pytest.approx(results[0][0], rel=1e-5)
    assert results[1][1] == results[0][1]


def test_network_holds_the_weights_that_were_scored(task):
    trainer = trainer_of(task)
    result = trainer.train()
    assert trainer.evaluate('valid')['perplexity'] == pytest.approx(result.metrics['perplexity'])
    last = []
    trainer = trainer_of(task, dataclasses.replace(CONFIG, score='last', learning_rate=60.0))
    result = trainer.train(lambda epoch, perplexity: last.append(perplexity))
    assert (result.epoch, result.metrics['perplexity']) == (3, last[-1])


def test_state_is_carried_over_the_borders_of_evaluation(task):
    """The same perplexity, however the text is cut into segments."""
    losses = []
    for length in (10, 3, 251):
        trainer = trainer_of(task, dataclasses.replace(CONFIG, sequence_length=length, batch_size=4))
        for variable in trainer.network.trained:
            variable.assign(variable.numpy() * 20)
        losses.append(trainer.loss('valid'))
    assert losses[1:] == pytest.approx([losses[0]] * 2, rel=1e-5)
    assert losses[0] != pytest.approx(math.log(20), rel=1e-3)


def test_rate_is_scaled_by_the_length(task):
    config = dataclasses.replace(CONFIG, weight_decay=0.0, clip_norm=0.0, learning_rate=0.5)
    trainer = trainer_of(task, config)
    segment = next(task.train_segments(8, 5, random_length=False, seed=0, epoch=0))
    parts = [tf.constant(part) for part in (segment.inputs, segment.targets, segment.weights)]
    state = trainer.network.initial_state(8)
    found = trainer.network.computation.gradients(*parts, state, tf.constant([0, 0]), slowness_penalty=1e-3)
    before = trainer.network.bias.numpy()
    trainer.steps([segment], state, 0)
    # 5 of the 10 tokens that the rate is for: half the rate.
    np.testing.assert_allclose(trainer.network.bias.numpy() - before, -0.25 * found.gradients[3], rtol=1e-4, atol=1e-8)


def test_averaging_starts_when_the_loss_stalls(task):
    config = dataclasses.replace(CONFIG, epochs=12, learning_rate=30.0, averaging_patience=1)
    trainer = trainer_of(task, config)
    seen = []
    result = trainer.train(lambda epoch, perplexity: seen.append((trainer.optimizer.averaging, perplexity)))
    flags = [averaging for averaging, _ in seen]
    assert flags[0] is False
    assert flags[-1] is True
    assert flags == sorted(flags)
    # Averaged weights are what is evaluated, and what is left in the network.
    plain = min(perplexity for averaging, perplexity in seen if not averaging)
    averaged = min(perplexity for averaging, perplexity in seen if averaging)
    assert averaged < plain
    assert result.metrics['perplexity'] == averaged
    assert trainer.evaluate('valid')['perplexity'] == pytest.approx(averaged)


def test_loss_that_is_not_finite_is_rolled_back(task):
    trainer = trainer_of(task)
    seen = []

    def poison(epoch, perplexity):
        seen.append((epoch, perplexity))
        if epoch == 1:
            trainer.network.bias.assign(np.full(trainer.network.bias.shape, np.nan, np.float32))

    result = trainer.train(poison)
    assert [epoch for epoch, _ in seen] == [1, 3], 'epoch 2 had no finite loss'
    assert result.metrics['rollbacks'] == 1
    assert result.metrics['perplexity'] == min(perplexity for _, perplexity in seen)
    assert all(np.isfinite(variable.numpy()).all() for variable in trainer.network.trained)


def test_recovers_while_weights_are_averaged(task):
    trainer = trainer_of(task, dataclasses.replace(CONFIG, epochs=4))
    trainer.optimizer.start_averaging()
    seen, loops = [], []

    def poison(epoch, perplexity):
        seen.append(epoch)
        if epoch == 1:
            trainer.network.bias.assign(np.full(trainer.network.bias.shape, np.nan, np.float32))

    result = trainer.train(poison, lambda: loops.append(trainer.course.epoch))
    assert seen == [1, 3, 4]
    assert loops == [1, 2, 3], 'a checkpoint can be written after an epoch that was rolled back'
    assert result.metrics['rollbacks'] == 1


def test_divergence_is_an_error(task):
    with pytest.raises(DivergedError, match='not finite in any of 3 epochs'):
        trainer_of(task, dataclasses.replace(CONFIG, learning_rate=1e30, clip_norm=0.0)).train()


def test_text_shorter_than_a_batch(task):
    with pytest.raises(InputError, match='fewer than one batch of 500 sequences of 10'):
        trainer_of(task, dataclasses.replace(CONFIG, batch_size=500))


@pytest.mark.parametrize(
    ('field', 'value', 'message'),
    [
        ('sequence_length', 0, 'child.sequence_length is 0; it must be at least 1'),
        ('clip_norm', -1.0, 'child.clip_norm is -1.0; it must not be negative'),
        ('score', 'mean', "child.score is 'mean'; it is one of best, last"),
    ],
)
def test_wrong_recipes(field, value, message):
    with pytest.raises(InputError, match=message):
        LanguageTrainConfig(**{field: value})
