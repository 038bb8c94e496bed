"""The score of one configuration of a tuning problem, trained from scratch."""

import math

import keras_tuner


def measure(problem, values: dict) -> float:
    """Returns the score of one configuration: trained from scratch, as KerasTuner would."""
    hyperparameters = keras_tuner.HyperParameters()
    model = problem.HyperModel()
    model.declare_hyperparameters(hyperparameters)
    hyperparameters.values = dict(values)
    metric, direction = problem.OBJECTIVE
    value = model.fit(hyperparameters, model.build(hyperparameters))[metric]
    return (value if direction == 'max' else -value) if math.isfinite(value) else math.nan
