"""What the controller promises whatever its preset: valid decoding, one compile, repeatability, saving."""

import dataclasses

import numpy as np
import pytest

from nao_tf.controller.controller import Controller
from nao_tf.controller.presets import DEFAULT, PAPER, RELEASED, preset
from nao_tf.errors import InputError
from nao_tf.spaces.registry import get_space

SPACES = ('nao_cnn', 'nao_cnn_op', 'enas_cnn', 'nao_rnn')


def quick(base=DEFAULT):
    return dataclasses.replace(base, epochs=3, least_steps=0, embedding=8, hidden=16, batch=16)


def cells(space, count, seed=0):
    rng = np.random.default_rng(seed)
    return [space.canonical(space.sample(rng)) for _ in range(count)]


def scores(count):
    return np.random.default_rng(1).random(count)


@pytest.mark.parametrize('name', SPACES)
def test_whatever_is_decoded_is_valid(name):
    space = get_space(name)
    controller = Controller(space, quick())
    shape = controller.encode(cells(space, 2)).shape[1:]
    noise = np.random.default_rng(0).normal(size=(64, *shape)) * 10.0 ** np.random.default_rng(1).integers(
        -2, 3, (64, 1, 1)
    )
    for architecture in controller.decode(noise):
        space.validate(architecture)


@pytest.mark.parametrize('base', [PAPER, RELEASED, DEFAULT], ids=['paper', 'released', 'default'])
def test_states_have_unit_length(base):
    space = get_space('enas_cnn')
    states = Controller(space, quick(base)).encode(cells(space, 8))
    np.testing.assert_allclose(np.linalg.norm(states, axis=-1), 1, rtol=1e-5)
    assert states.shape[1] == space.length // (1 if base.encoder_step == 'token' else space.branch_length)


@pytest.mark.parametrize('base', [PAPER, RELEASED, DEFAULT], ids=['paper', 'released', 'default'])
def test_one_compile_serves_every_round(base):
    space, config = get_space('enas_cnn'), quick(base)
    controller, pool = Controller(space, config), cells(space, 90)

    def work(count):
        controller.fit(pool[:count], scores(count))
        controller.predict(pool[:count])
        controller.ascend(pool[: count // 3], set(pool))

    work(33)
    traces = controller.traces
    assert traces > 0
    for count in (20, 60, 90):
        work(count)
    other = Controller(space, config, seed=5)
    other.fit(pool[:40], scores(40))
    assert controller.traces == traces


def test_repeats_under_a_seed_and_differs_under_another():
    space = get_space('enas_cnn')
    pool, values = cells(space, 40), scores(40)

    def outcome(seed):
        controller = Controller(space, quick(), seed=seed)
        report = controller.fit(pool, values)
        return (
            dataclasses.replace(report, seconds=0.0),
            controller.predict(pool),
            controller.ascend(pool[:5], set(pool)),
        )

    first, second, other = outcome(0), outcome(0), outcome(1)
    assert first[0] == second[0]
    np.testing.assert_array_equal(first[1], second[1])
    assert first[2] == second[2]
    assert not np.array_equal(first[1], other[1])


def test_ascent_finds_new_cells_and_reports_them():
    space = get_space('enas_cnn')
    controller, pool = Controller(space, quick()), cells(space, 30)
    controller.fit(pool, scores(30))
    ascents = controller.ascend(pool[:10], set(pool))
    found = [ascent.architecture for ascent in ascents if ascent.architecture is not None]
    assert found
    assert len(set(found)) == len(found)
    assert not set(found) & set(pool)
    assert all(space.canonical(architecture) == architecture for architecture in found)
    assert {ascent.parent for ascent in ascents} == set(pool[:10])
    for ascent in ascents:
        assert np.isfinite([ascent.before, ascent.after, ascent.predicted]).all()
        assert ascent.step_size > 0
        assert ascent.steps >= 1


def test_saved_and_loaded(tmp_path):
    space = get_space('enas_cnn')
    controller, pool = Controller(space, quick()), cells(space, 30)
    controller.fit(pool, scores(30))
    controller.save(tmp_path / 'controller')
    loaded = Controller(space, quick(), seed=9)
    loaded.load(tmp_path / 'controller')
    np.testing.assert_allclose(loaded.predict(pool), controller.predict(pool), rtol=1e-6)
    assert loaded.decode(loaded.encode(pool)) == controller.decode(controller.encode(pool))


@pytest.mark.parametrize('values', [np.full(12, 0.5), np.array([0.3])], ids=['all equal', 'one'])
def test_scores_that_tell_nothing(values):
    space = get_space('enas_cnn')
    controller, pool = Controller(space, quick()), cells(space, len(values))
    controller.fit(pool, values)
    assert np.isfinite(controller.predict(pool)).all()


def test_wrong_input():
    space = get_space('enas_cnn')
    controller, pool = Controller(space, quick()), cells(space, 3)
    with pytest.raises(InputError, match='one score for each architecture'):
        controller.fit(pool, [0.5])
    with pytest.raises(InputError, match='finite'):
        controller.fit(pool, [0.5, np.nan, 0.1])
    with pytest.raises(InputError, match='paper, released, default'):
        preset('best')
