"""A small CNN on the scikit-learn digits: 864 configurations, the validation accuracy to be maximised.

`SPACE` is the space of the table, for `nao benchmark --config.space.module=tools/tuning/digits_cnn.py`.
"""

import functools

import keras_tuner

from nao_tf.spaces.hyperparameters import HyperParameterSpace

OBJECTIVE = ('val_accuracy', 'max')


class HyperModel(keras_tuner.HyperModel):
    """One or two blocks of convolution and pooling, trained for six epochs with momentum SGD."""

    def declare_hyperparameters(self, hp: keras_tuner.HyperParameters) -> None:
        """Declares all hyper-parameters at once, so that nothing has to be built to know the space."""
        hp.Choice('filters', [4, 8, 16])
        hp.Choice('kernel', [3, 5])
        hp.Choice('activation', ['relu', 'tanh'])
        hp.Int('blocks', 1, 2)
        with hp.conditional_scope('blocks', [2]):
            hp.Choice('growth', [1, 2])
        hp.Float('rate', 1e-3, 1.0, step=10**0.6, sampling='log')
        hp.Choice('momentum', [0.0, 0.9])
        hp.Choice('decay', [0.0, 1e-3])

    def build(self, hp: keras_tuner.HyperParameters):
        """Returns the network, which gives logits, with initial weights that depend on its form only."""
        self.declare_hyperparameters(hp)
        return _network(*self.form(hp))

    def form(self, hp: keras_tuner.HyperParameters) -> tuple:
        """Returns what the network's graph depends on."""
        blocks = hp.get('blocks')
        return (
            hp.get('filters'), hp.get('kernel'), hp.get('activation'), blocks, hp.get('growth') if blocks == 2 else 1,
        )  # fmt: skip

    def fit(self, hp: keras_tuner.HyperParameters, model, *, callbacks=(), **options) -> dict[str, float]:
        """Trains it and returns the best validation figures."""
        del options
        from tuning.training import train

        form = self.form(hp)
        return train(
            model, data(), form=('cnn', *form), build=functools.partial(_network, *form), rate=hp.get('rate'),
            momentum=hp.get('momentum'), decay=hp.get('decay'), epochs=6, batch=32, callbacks=callbacks,
        )  # fmt: skip


def _network(filters: int, kernel: int, activation: str, blocks: int, growth: int):
    import keras

    keras.utils.set_random_seed(0)
    layers = [keras.layers.Input((8, 8, 1))]
    for block in range(blocks):
        layers.append(keras.layers.Conv2D(filters * growth**block, kernel, padding='same', activation=activation))
        layers.append(keras.layers.MaxPooling2D())
    return keras.Sequential([*layers, keras.layers.Flatten(), keras.layers.Dense(10)])


@functools.cache
def data():
    """Returns 800 images for training and the other 997 for validation, 0 to 1."""
    import numpy as np
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split
    from tuning.training import Split

    images, labels = load_digits(return_X_y=True)
    images = images.reshape(-1, 8, 8, 1).astype(np.float32) / 16
    train_x, val_x, train_y, val_y = train_test_split(images, labels, train_size=800, random_state=0, stratify=labels)
    return Split(train_x, train_y.astype(np.int32), val_x, val_y.astype(np.int32))


def _space() -> HyperParameterSpace:
    hyperparameters = keras_tuner.HyperParameters()
    HyperModel().declare_hyperparameters(hyperparameters)
    return HyperParameterSpace(hyperparameters, 'digits_cnn')


SPACE = _space()
