"""Real Keras models through NAOTuner: the HyperModel's own fit, the best models, cells."""

import keras
import keras_tuner
import numpy as np
import pytest

import nao_tf
from nao_tf.errors import InputError
from nao_tf.spaces.conv_cell import ConvCellSpace
from nao_tf.tuner.cell_choices import CellChoices
from tests.tuner.black_box import QUICK

QUICK_NAO = {'initial': 4, 'per_round': 2, 'seeds': 2, 'controller': QUICK}


class Mlp(keras_tuner.HyperModel):
    """Knows nothing of cells; its `fit` declares a hyper-parameter of its own, as KerasTuner allows."""

    def build(self, hp):
        keras.utils.set_random_seed(0)
        layers = [keras.layers.Dense(hp.Int('units', 4, 16, step=4), hp.Choice('act', ['relu', 'tanh']))]
        model = keras.Sequential([keras.layers.Input((4,)), *layers, keras.layers.Dense(3)])
        model.compile(keras.optimizers.SGD(hp.Float('rate', 1e-3, 1.0, sampling='log')),
                      keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=['accuracy'])  # fmt: skip
        return model

    def fit(self, hp, model, inputs, labels, **options):
        return model.fit(inputs, labels, batch_size=hp.Choice('batch', [16, 32]), **options)


def iris():
    from sklearn.datasets import load_iris

    inputs, labels = load_iris(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(inputs))
    return inputs[order].astype(np.float32), labels[order]


def test_a_hypermodel_that_knows_nothing_of_cells(tmp_path):
    inputs, labels = iris()
    tuner = nao_tf.NAOTuner(
        Mlp(), objective='val_accuracy', max_trials=8, seed=0, oracle=QUICK_NAO, directory=str(tmp_path),
        project_name='iris',
    )  # fmt: skip
    tuner.search(inputs, labels, validation_split=0.3, epochs=2, verbose=0)
    assert len(tuner.oracle.trials) == 8
    assert {trial.hyperparameters.values.get('batch') for trial in tuner.oracle.trials.values()} == {16, 32}
    model = tuner.get_best_models()[0]
    best = tuner.oracle.get_best_trials()[0]
    figures = model.evaluate(inputs[-45:], labels[-45:], return_dict=True, verbose=0)
    assert figures['accuracy'] == pytest.approx(best.score, abs=1e-6)
    again = nao_tf.NAOTuner(Mlp(), objective='val_accuracy', max_trials=8, seed=0, oracle=QUICK_NAO,
                            directory=str(tmp_path), project_name='iris')  # fmt: skip
    assert again.remaining_trials == 0
    assert np.allclose(again.get_best_models()[0].predict(inputs, verbose=0), model.predict(inputs, verbose=0))


def images():
    rng = np.random.default_rng(0)
    labels = rng.integers(2, size=32)
    return (rng.normal(size=(32, 8, 8, 1)) + labels[:, None, None, None]).astype(np.float32), labels


def test_cells(tmp_path):
    space = ConvCellSpace('tiny', ('identity', 'conv 3x3'), nodes=1)
    model = nao_tf.CellHyperModel(space, image_shape=(8, 8, 1), classes=2, filters=2)
    tuner = nao_tf.NAOTuner(model, objective='val_accuracy', max_trials=2, seed=0, oracle=QUICK_NAO,
                            directory=str(tmp_path))  # fmt: skip
    assert tuner.oracle.get_space().space[0].name == f'tiny/{0:0{len(str(space.length - 1))}d}'
    data, labels = images()
    tuner.search(data, labels, validation_split=0.5, epochs=1, verbose=0)
    assert tuner.oracle.searcher.space is space
    choices = CellChoices(space)
    for trial in tuner.oracle.trials.values():
        architecture = choices.from_values(trial.hyperparameters.values)
        assert space.canonical(architecture) == architecture
        assert trial.status == 'COMPLETED'
    best = tuner.get_best_models()[0]
    expected = tuner.oracle.get_best_trials()[0].score
    assert best.evaluate(data[16:], labels[16:], return_dict=True, verbose=0)['accuracy'] == pytest.approx(expected)


@pytest.mark.parametrize('name', ['nao_cnn', 'pnas_cnn', 'nasbench101', 'nasbench201'])
def test_choices_of_every_space_are_written_and_read_back(name):
    space = nao_tf.get_space(name)
    choices, rng = CellChoices(space), np.random.default_rng(0)
    hp = choices.hyperparameters()
    space.validate(choices.from_values(hp.values))
    for _ in range(5):
        architecture = space.canonical(space.sample(rng))
        values = choices.values(architecture)
        assert choices.from_values(values) == architecture
        assert all(values[entry.name] in entry.values for entry in hp.space)


def test_what_is_no_architecture_is_a_failed_trial():
    model = nao_tf.CellHyperModel('pnas_cnn', image_shape=(8, 8, 1), classes=2)
    hp = keras_tuner.HyperParameters()
    model.build(hp)
    first = next(entry for entry in hp.space if 'absent' in entry.values)
    hp.values[first.name] = 'absent'
    hp.values = {name: 'node_1' if 'node_1' in entry.values else entry.values[0]
                 for name, entry in ((entry.name, entry) for entry in hp.space)} | {first.name: 'absent'}  # fmt: skip
    with pytest.raises(keras_tuner.errors.FailedTrialError, match='not valid there'):
        model.build(hp)


def test_a_space_without_convolutional_cells():
    with pytest.raises(InputError, match='no space of convolutional cells'):
        nao_tf.CellHyperModel('nasbench201', image_shape=(8, 8, 1), classes=2)
