"""The training set: nothing is dropped, held-out classes stay apart, input and target swap together."""

import dataclasses

import numpy as np
import pytest

from nao_tf.controller.batches import BatchSource, hold_out, token_array
from nao_tf.controller.config import STEPS
from nao_tf.controller.masks import prefix_states
from nao_tf.errors import InputError
from nao_tf.spaces.architecture import Architecture
from nao_tf.spaces.registry import get_space


def source(space, config, count, rng):
    architectures = [space.sample(rng) for _ in range(count)]
    tokens = token_array(space, architectures)
    return architectures, BatchSource(
        space, config, tokens=tokens, targets=np.arange(count, dtype=np.float32), rng=np.random.default_rng(1)
    )


@pytest.mark.parametrize('count', [1, 3, 8, 13, 50])
@pytest.mark.parametrize('symmetry', ['none', 'doubled', 'online', 'isomorphic'])
def test_every_architecture_is_used_equally_often(count, symmetry, configs, rng):
    config = dataclasses.replace(configs['paper'], symmetry=symmetry)
    _, batches = source(get_space('enas_cnn'), config, count, rng)
    used = np.zeros(count, int)
    for _ in range(3):
        targets = batches.draw().targets
        used += np.bincount(targets.ravel().astype(int), minlength=count)
    # Each permutation uses each architecture once (twice where doubled); only the last one may be cut.
    assert used.sum() == 3 * STEPS * config.batch
    assert used.max() - used.min() <= (2 if symmetry == 'doubled' else 1)


@pytest.mark.parametrize('name', ['nao_cnn', 'enas_cnn', 'nao_rnn'])
@pytest.mark.parametrize('symmetry', ['doubled', 'online', 'isomorphic'])
def test_copies_are_the_same_architecture_with_the_same_score_and_states(name, symmetry, configs, rng):
    space = get_space(name)
    config = dataclasses.replace(configs['paper'], symmetry=symmetry)
    architectures, batches = source(space, config, 6, rng)
    drawn = batches.draw()
    tokens = drawn.tokens.reshape(-1, space.length)
    copies = 0
    for row, target in zip(tokens[:60].tolist(), drawn.targets.ravel(), strict=False):
        original = architectures[int(target)]
        architecture = Architecture(name, tuple(row))
        space.validate(architecture)
        assert space.canonical(architecture) == space.canonical(original)
        copies += architecture != original
    assert (copies > 0) == (name != 'nao_rnn')
    np.testing.assert_array_equal(drawn.states.reshape(-1, space.length), prefix_states(space, tokens))


def test_every_node_can_be_swapped(configs, rng):
    space = get_space('enas_cnn')
    config = dataclasses.replace(configs['paper'], symmetry='online')
    architectures, batches = source(space, config, 1, rng)
    original = np.array(architectures[0].tokens)
    changed = (batches.draw().tokens.reshape(-1, space.length) != original).any(axis=0).reshape(-1, 4).any(axis=1)
    left, right = original.reshape(-1, 2, 2)[:, 0], original.reshape(-1, 2, 2)[:, 1]
    np.testing.assert_array_equal(changed, (left != right).any(axis=1))


@pytest.mark.parametrize('name', ['nao_cnn', 'nao_rnn'])
def test_isomorphs_stay_on_one_side(name, rng):
    space = get_space(name)
    distinct = [space.sample(rng) for _ in range(60)]
    copies = space.random_isomorph(np.array([x.tokens for x in distinct]), rng)
    architectures = distinct + [Architecture(name, tuple(row)) for row in copies.tolist()]
    train, held = hold_out(space, architectures, 0.1, rng)
    assert sorted([*train, *held]) == list(range(120))
    assert len(held) == 12
    sides = [{space.canonical(architectures[index]) for index in rows} for rows in (train, held)]
    assert not sides[0] & sides[1]


@pytest.mark.parametrize(
    ('count', 'share', 'held'), [(1, 0.1, 0), (24, 0.1, 0), (25, 0.1, 5), (200, 0.1, 20), (200, 0.0, 0)]
)
def test_how_many_are_held_out(count, share, held, rng):
    space = get_space('nao_cnn')
    architectures = [space.sample(rng) for _ in range(count)]
    assert len(hold_out(space, architectures, share, rng)[1]) == held


def test_rates_end_with_the_schedule(configs, rng):
    config = dataclasses.replace(configs['paper'], schedule='cosine', epochs=5, learning_rate=1.0)
    _, batches = source(get_space('enas_cnn'), config, 64, rng)  # doubled: 16 steps an epoch
    rates = np.concatenate([batches.draw().rates for _ in range(3)])
    assert batches.total_steps == 80
    assert np.all(rates[:80] > 0)
    assert np.all(rates[80:] == 0)
    step = 41  # Adam's bias corrections on top of the cosine
    expected = 0.5 * (1 + np.cos(np.pi * 40 / 80)) * np.sqrt(1 - 0.999**step) / (1 - 0.9**step)
    np.testing.assert_allclose(rates[40], expected, rtol=1e-5)


@pytest.mark.parametrize('tokens', [(1,) * 40, (1, 7) * 19 + (1, 99), (1, 7)])
def test_invalid_architectures_are_refused(tokens):
    with pytest.raises(InputError, match='enas_cnn'):
        token_array(get_space('enas_cnn'), [Architecture('enas_cnn', tokens)])


def test_architectures_of_another_space_are_refused(rng):
    with pytest.raises(InputError, match="'nao_rnn', not 'enas_cnn'"):
        token_array(get_space('enas_cnn'), [get_space('nao_rnn').sample(rng)])
