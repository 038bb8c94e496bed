"""Boosted trees on scikit-learn's diabetes data: 1,440 configurations, R2 over three folds to be maximised.

No Keras model is built: KerasTuner runs anything whose `run_trial` returns the objective (`Tuner` below).
`SPACE` is the space of the table, for `nao benchmark --config.space.module=tools/tuning/diabetes_trees.py`.
"""

import functools
from typing import Any

import keras_tuner
import numpy as np

from nao_tf.spaces.hyperparameters import HyperParameterSpace

OBJECTIVE = ('val_r2', 'max')


class HyperModel(keras_tuner.HyperModel):
    """Gradient boosting (Friedman 2001) as scikit-learn has it."""

    def declare_hyperparameters(self, hp: keras_tuner.HyperParameters) -> None:
        """Declares all hyper-parameters at once."""
        hp.Int('trees', 10, 80, step=2, sampling='log')
        hp.Float('rate', 0.02, 0.64, step=2.0, sampling='log')
        hp.Int('depth', 1, 5)
        hp.Choice('subsample', [0.5, 0.75, 1.0])
        hp.Choice('features', ['all', 'sqrt'])
        hp.Int('leaf', 1, 16, step=15)

    def build(self, hp: keras_tuner.HyperParameters):
        """Returns the unfitted regressor."""
        self.declare_hyperparameters(hp)
        return regressor(hp.values)

    def fit(self, hp: keras_tuner.HyperParameters, model, *args, **options) -> dict[str, float]:
        """Returns the mean R2 of three folds."""
        del hp, args, options
        from sklearn.model_selection import cross_val_score

        return {'val_r2': float(cross_val_score(model, *data(), cv=folds(), scoring='r2').mean())}


class Tuner(keras_tuner.Tuner):
    """Runs a model that Keras does not know; give it the oracle."""

    def run_trial(self, trial, *args, **options) -> dict[str, float]:
        """Builds and fits the model of a trial."""
        hp = trial.hyperparameters
        return self.hypermodel.fit(hp, self.hypermodel.build(hp), *args)


def regressor(values: dict[str, Any]):
    """Returns the unfitted regressor of some hyper-parameters."""
    from sklearn.ensemble import GradientBoostingRegressor

    return GradientBoostingRegressor(
        n_estimators=values['trees'], learning_rate=values['rate'], max_depth=values['depth'],
        subsample=values['subsample'], max_features=None if values['features'] == 'all' else 'sqrt',
        min_samples_leaf=values['leaf'], random_state=0,
    )  # fmt: skip


def folds():
    """Returns the three folds."""
    from sklearn.model_selection import KFold

    return KFold(3, shuffle=True, random_state=0)


@functools.cache
def data() -> tuple[np.ndarray, np.ndarray]:
    """Returns 442 patients' ten features and the progression of the illness."""
    from sklearn.datasets import load_diabetes

    return load_diabetes(return_X_y=True)


def _space() -> HyperParameterSpace:
    hyperparameters = keras_tuner.HyperParameters()
    HyperModel().declare_hyperparameters(hyperparameters)
    return HyperParameterSpace(hyperparameters, 'diabetes_trees')


SPACE = _space()
