"""The controller as searchers use it, beyond `test_promises.py`: fits, early stopping, storage."""

import dataclasses
import json

import keras
import numpy as np
import pytest

from nao_tf.controller import metrics
from nao_tf.controller.batches import hold_out
from nao_tf.controller.config import STEPS
from nao_tf.controller.controller import Controller
from nao_tf.controller.scores import ScoreScale
from nao_tf.errors import InputError
from nao_tf.spaces.registry import get_space

SPACE = get_space('enas_cnn')


@pytest.fixture(scope='module')
def pool():
    rng = np.random.default_rng(3)
    return [SPACE.sample(rng) for _ in range(250)], 0.9 + 0.02 * rng.normal(size=250)


def test_the_report_is_about_the_held_out_architectures(configs, pool):
    report = Controller(SPACE, dataclasses.replace(configs['default'], held_out=0.1)).fit(*pool)
    assert report.held_out == 25
    assert 0 <= report.pairwise_accuracy <= 1
    assert -1 <= report.kendall_tau <= 1
    assert 0 < report.hamming_distance <= SPACE.length
    assert 0 < report.best_epoch <= report.epochs <= 2 * STEPS
    assert report.seconds > 0


def test_the_training_knows_nothing_of_what_is_held_out(configs, pool):
    config = dataclasses.replace(configs['default'], held_out=0.1, posterior='none', growth=1, epochs=1)
    architectures, scores = pool
    rows, held = hold_out(SPACE, architectures, 0.1, np.random.default_rng([0, 1, 1]))
    scales = []
    for outlier in (0.0, 100.0):
        changed = scores.copy()
        changed[held] += outlier
        controller = Controller(SPACE, config)
        controller.fit(architectures, changed)
        scales.append(controller.scale)
    assert scales[0] == scales[1] == ScoreScale.fit(config.scores, scores[rows])


def test_few_architectures_hold_none_out_and_still_get_enough_steps(configs, pool):
    config = dataclasses.replace(configs['default'], least_steps=3 * STEPS)
    report = Controller(SPACE, config).fit(pool[0][:3], pool[1][:3])
    assert (report.held_out, report.pairwise_accuracy, report.hamming_distance) == (0, None, None)
    assert report.epochs == 3 * STEPS


def test_patience_ends_the_training_and_the_best_weights_are_kept(configs, pool):
    config = dataclasses.replace(
        configs['paper'], symmetry='none', held_out=0.1, epochs=1000, patience=12, learning_rate=1e-9
    )
    controller = Controller(SPACE, config)
    before = controller.models.flat()
    report = controller.fit(*pool)
    assert report.epochs < 100
    np.testing.assert_allclose(controller.models.flat(), before, atol=1e-4)


def test_training_learns_to_rank_and_to_recover(configs):
    """A score that is the number of one operation is found from 200 cells with a small controller."""
    rng = np.random.default_rng(0)
    cells = [SPACE.sample(rng) for _ in range(500)]
    scores = np.array([cell.tokens.count(7) for cell in cells], float)
    config = dataclasses.replace(
        configs['default'], embedding=16, hidden=32, batch=32, epochs=60, held_out=0.1, decoder_interval=2
    )
    controller = Controller(SPACE, config)
    report = controller.fit(cells[:200], scores[:200])
    assert report.pairwise_accuracy > 0.8
    distinct = scores[200:] + 1e-6 * rng.normal(size=300)
    assert metrics.pairwise_accuracy(controller.predict(cells[200:]), distinct) > 0.85
    assert report.hamming_distance < 4
    assert np.corrcoef(controller.predict(cells[200:]), scores[200:])[0, 1] > 0.9


def test_warm_starts_go_on_and_cold_ones_begin_anew(configs, pool):
    still = {'learning_rate': 1e-9, 'epochs': 1, 'posterior': 'none', 'growth': 1.0}
    for start in ('warm', 'cold'):
        controller = Controller(SPACE, dataclasses.replace(configs['default'], start=start, **still))
        controller.fit(pool[0][:30], pool[1][:30])
        first = controller.models.flat()
        controller.fit(pool[0][:30], pool[1][:30])
        assert np.allclose(controller.models.flat(), first, atol=1e-3) is (start == 'warm')


def test_a_second_round_does_not_depend_on_what_was_asked_in_between(configs, pool):
    outcomes = []
    for asks in (0, 3):
        controller = Controller(SPACE, configs['default'])
        controller.fit(pool[0][:40], pool[1][:40])
        for _ in range(asks):
            controller.ascend(pool[0][:5])
            controller.predict(pool[0])
        controller.fit(pool[0][:60], pool[1][:60])
        outcomes.append((controller.models.flat(), controller.ascend(pool[0][:10], per_parent=2)))
    np.testing.assert_array_equal(outcomes[0][0], outcomes[1][0])
    assert outcomes[0][1] == outcomes[1][1]


def test_any_number_of_architectures(configs, pool):
    controller = Controller(SPACE, configs['default'])
    controller.fit(pool[0][:20], pool[1][:20])
    everything = controller.predict(pool[0])
    assert everything.shape == (250,)
    np.testing.assert_allclose(controller.predict(pool[0][:1]), everything[:1], rtol=1e-5)
    np.testing.assert_allclose(controller.predict(pool[0][100:201]), everything[100:201], rtol=1e-5)
    assert controller.predict([]).shape == (0,)
    assert controller.decode(controller.encode([])) == []


@pytest.mark.parametrize('kind', ['default', 'paper', 'released'])
def test_the_models_are_keras_models_that_load_by_themselves(kind, configs, pool, tmp_path):
    controller = Controller(SPACE, configs[kind])
    embeddings = controller.encode(pool[0][:3])
    tokens = np.array([cell.tokens for cell in pool[0][:3]], np.int32)
    outputs = {
        'encoder': (tokens,),
        'predictor': (embeddings,),
        'decoder': (embeddings, tokens),
    }
    for name, inputs in outputs.items():
        model = getattr(controller, name)
        assert isinstance(model, keras.Model)
        model.save(tmp_path / f'{name}.keras')
        loaded = keras.saving.load_model(tmp_path / f'{name}.keras')
        np.testing.assert_allclose(loaded(*inputs), model(*inputs), atol=1e-5)


def test_saving_replaces_the_last_save_as_a_whole(configs, pool, tmp_path):
    controller = Controller(SPACE, configs['default'])
    for count in (20, 30):
        controller.fit(pool[0][:count], pool[1][:count])
        controller.save(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        'controller.json', 'decoder-2.keras', 'encoder-2.keras', 'predictor-2.keras',
    ]  # fmt: skip
    loaded = Controller(SPACE, configs['default'])
    loaded.load(tmp_path)
    np.testing.assert_array_equal(loaded.predict(pool[0]), controller.predict(pool[0]))
    again = [(item.fit(pool[0][:40], pool[1][:40]), item.predict(pool[0]))[1] for item in (controller, loaded)]
    np.testing.assert_array_equal(*again)


def test_loading_what_does_not_fit(configs, pool, tmp_path):
    controller = Controller(SPACE, configs['default'])
    with pytest.raises(InputError, match='no saved controller'):
        controller.load(tmp_path / 'nothing')
    controller.save(tmp_path)
    with pytest.raises(InputError, match="space 'enas_cnn', not 'nao_rnn'"):
        Controller(get_space('nao_rnn'), configs['default']).load(tmp_path)
    with pytest.raises(InputError, match='hidden = 16, not 8'):
        Controller(SPACE, dataclasses.replace(configs['default'], hidden=8)).load(tmp_path)
    state = json.loads((tmp_path / 'controller.json').read_text())
    (tmp_path / 'controller.json').write_text(json.dumps(state)[:50])
    with pytest.raises(InputError, match='no saved controller'):
        controller.load(tmp_path)


def test_variable_names_are_fixed(configs):
    """Every new name would leave memory behind for good."""
    names = [[variable.path for variable in Controller(SPACE, configs['default']).models.variables] for _ in range(2)]
    assert names[0] == names[1]


def test_fewer_points_than_architectures(configs, pool):
    controller = Controller(SPACE, dataclasses.replace(configs['default'], points=12))
    controller.fit(pool[0][:40], pool[1][:40])
    controller.condition(pool[0][:60], pool[1][:60])
    assert np.all(np.isfinite(controller.predict(pool[0])))
