"""NAO for anyone's KerasTuner search."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras_tuner

from nao_tf.controller.config import ControllerConfig
from nao_tf.controller.presets import preset
from nao_tf.searchers.base import Searcher, check_at_least
from nao_tf.searchers.nao import NAO
from nao_tf.spaces.base import SearchSpace
from nao_tf.tuner.oracle import SearcherOracle

INITIAL = 15  # trials of the random start, where there are three times as many in all


class NAOOracle(SearcherOracle):
    """Chooses trials by Neural Architecture Optimization: Alg. 1 on the hyper-parameters of any HyperModel.

    The first trials are drawn at random; then, in every round, encoder, predictor and decoder are trained on all
    trials, the best configurations climb the prediction in the continuous space, and are decoded into new ones.

        tuner = keras_tuner.Tuner(nao_tf.NAOOracle(objective='val_accuracy', max_trials=100, seed=0), build_model)

    Args:
        objective: name of the metric, or a `keras_tuner.Objective`.
        max_trials: how many trials; None for no end.
        initial: trials of the random start, |X|; None for 15, or a third of `max_trials` where that is less.
        per_round: trials between two fits.
        seeds: K, how many of the best configurations climb.
        per_query: candidates that are decoded and scored for each trial.
        preset: of the controller (docs/controller.md).
        controller: fields of its `ControllerConfig` that replace the preset's.
        cells: a cell space, if that is what is searched.
        seed: of the search; None draws one.
        options: of `keras_tuner.Oracle` (`SearcherOracle`).

    Raises:
        InputError: if a setting is out of range.
    """

    def __init__(
        self,
        objective: Any = None,
        max_trials: int | None = 10,
        *,
        initial: int | None = None,
        per_round: int = 5,
        seeds: int = 20,
        per_query: int = 20,
        preset: str = 'default',
        controller: Mapping[str, Any] | None = None,
        cells: SearchSpace | None = None,
        seed: int | None = None,
        **options: Any,
    ):
        if initial is None:
            initial = INITIAL if max_trials is None else min(INITIAL, max(1, max_trials // 3))
        check_at_least(1, initial=initial, per_round=per_round, seeds=seeds, per_query=per_query)
        config = _controller_config(preset, controller or {})
        start = initial

        def make(space: SearchSpace, seed: int) -> Searcher:
            return NAO(
                space, initial=start, per_round=per_round, seeds=seeds, per_query=per_query, controller=config,
                seed=seed,
            )  # fmt: skip

        super().__init__(make, objective, max_trials, cells=cells, seed=seed, **options)


class NAOTuner(keras_tuner.Tuner):
    """Tunes a HyperModel by NAO, in one line; calls the HyperModel's own `fit`.

        tuner = nao_tf.NAOTuner(build_model, objective='val_accuracy', max_trials=100, seed=0, directory='runs')
        tuner.search(images, labels, validation_split=0.2, epochs=5)

    Args:
        hypermodel: a `keras_tuner.HyperModel`, or a function of HyperParameters that returns a compiled model.
        objective: as for `NAOOracle`.
        max_trials: as for `NAOOracle`.
        seed: as for `NAOOracle`.
        oracle: further settings of `NAOOracle` by name, such as `{'initial': 20}`.
        hyperparameters: to override or declare in advance.
        tune_new_entries: whether what `hyperparameters` does not have is tuned.
        allow_new_entries: whether the HyperModel may declare what `hyperparameters` does not have.
        max_retries_per_trial: how often a trial that failed is tried again.
        max_consecutive_failed_trials: after so many failed trials in a row the search ends with an error.
        options: of `keras_tuner.Tuner`: `directory`, `project_name`, `overwrite`, `executions_per_trial`, ...
    """

    def __init__(
        self,
        hypermodel: Any = None,
        objective: Any = None,
        max_trials: int | None = 10,
        seed: int | None = None,
        oracle: Mapping[str, Any] | None = None,
        hyperparameters: keras_tuner.HyperParameters | None = None,
        tune_new_entries: bool = True,
        allow_new_entries: bool = True,
        max_retries_per_trial: int = 0,
        max_consecutive_failed_trials: int = 3,
        **options: Any,
    ):
        chosen = {'cells': getattr(hypermodel, 'cells', None), **(oracle or {})}
        super().__init__(
            NAOOracle(
                objective,
                max_trials,
                seed=seed,
                hyperparameters=hyperparameters,
                tune_new_entries=tune_new_entries,
                allow_new_entries=allow_new_entries,
                max_retries_per_trial=max_retries_per_trial,
                max_consecutive_failed_trials=max_consecutive_failed_trials,
                **chosen,
            ),
            hypermodel,
            **options,
        )


def _controller_config(name: str, fields: Mapping[str, Any]) -> ControllerConfig:
    return ControllerConfig.from_json(preset(name).to_json() | dict(fields))
