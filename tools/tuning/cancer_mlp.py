"""An MLP on scikit-learn's breast cancer data: 1,008 configurations, the validation loss to be minimised.

`SPACE` is the space of the table, for `nao benchmark --config.space.module=tools/tuning/cancer_mlp.py`.
"""

import functools

import keras_tuner

from nao_tf.spaces.hyperparameters import HyperParameterSpace

OBJECTIVE = ('val_loss', 'min')


class HyperModel(keras_tuner.HyperModel):
    """One to three hidden layers, each with a width of its own, trained for ten epochs with momentum SGD."""

    def declare_hyperparameters(self, hp: keras_tuner.HyperParameters) -> None:
        """Declares all hyper-parameters at once, so that nothing has to be built to know the space."""
        hp.Int('layers', 1, 3)
        hp.Choice('units_1', [8, 32, 128])
        with hp.conditional_scope('layers', [2, 3]):
            hp.Choice('units_2', [8, 32])
        with hp.conditional_scope('layers', [3]):
            hp.Choice('units_3', [8, 32])
        hp.Boolean('relu')
        hp.Float('rate', 1e-3, 1.0, step=10.0, sampling='log')
        hp.Choice('momentum', [0.0, 0.9])
        hp.Choice('smoothing', [0.0, 0.03, 0.1])

    def build(self, hp: keras_tuner.HyperParameters):
        """Returns the network, which gives logits, with initial weights that depend on its form only."""
        self.declare_hyperparameters(hp)
        return _network(*self.form(hp))

    def form(self, hp: keras_tuner.HyperParameters) -> tuple:
        """Returns what the network's graph depends on."""
        return (hp.get('relu'), *(hp.get(f'units_{layer + 1}') for layer in range(hp.get('layers'))))

    def fit(self, hp: keras_tuner.HyperParameters, model, *, callbacks=(), **options) -> dict[str, float]:
        """Trains it and returns the best validation figures."""
        del options
        from tuning.training import train

        form = self.form(hp)
        return train(
            model, data(), form=('mlp', *form), build=functools.partial(_network, *form), rate=hp.get('rate'),
            momentum=hp.get('momentum'), decay=0.0, smoothing=hp.get('smoothing'), epochs=10, batch=32,
            callbacks=callbacks,
        )  # fmt: skip


def _network(relu: bool, *units: int):
    import keras

    keras.utils.set_random_seed(0)
    layers = [keras.layers.Dense(width, activation='relu' if relu else 'tanh') for width in units]
    return keras.Sequential([keras.layers.Input((30,)), *layers, keras.layers.Dense(2)])


@functools.cache
def data():
    """Returns 285 examples for training and the other 284 for validation, standardised by the former."""
    import numpy as np
    from sklearn.datasets import load_breast_cancer
    from sklearn.model_selection import train_test_split
    from tuning.training import Split

    inputs, labels = load_breast_cancer(return_X_y=True)
    train_x, val_x, train_y, val_y = train_test_split(inputs, labels, train_size=285, random_state=0, stratify=labels)
    mean, deviation = train_x.mean(0), train_x.std(0)
    train_x, val_x = (((part - mean) / deviation).astype(np.float32) for part in (train_x, val_x))
    return Split(train_x, train_y.astype(np.int32), val_x, val_y.astype(np.int32))


def _space() -> HyperParameterSpace:
    hyperparameters = keras_tuner.HyperParameters()
    HyperModel().declare_hyperparameters(hyperparameters)
    return HyperParameterSpace(hyperparameters, 'cancer_mlp')


SPACE = _space()
