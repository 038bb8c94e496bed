"""The evaluator of a search, made again in the process of a worker."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ml_collections

from nao_tf.evaluators.base import Evaluator
from nao_tf.training.distribution import OFF, Distribution


@dataclasses.dataclass(frozen=True)
class Recipe:
    """How another process makes an evaluator; both functions are sent to it by pickle.

    Args:
        prepare: called first, before `make` is unpickled, whose data may already use TensorFlow.
        make: returns the evaluator.
    """

    prepare: Callable[[], None]
    make: Callable[[], Evaluator]


def evaluator_recipe(config: ml_collections.ConfigDict, task: Any, distribution: Distribution = OFF) -> Recipe:
    """Returns the recipe of a search's evaluator.

    Args:
        config: of the search. Its `space.module` has to lie at the same place wherever the recipe is used.
        task: of the search; it is sent with its data. Images that are kept in a file (too many for
            `task.memory_mb`) are not: that file has to lie at the same place too.
        distribution: of a child, over the devices of its worker.
    """
    config = config.copy_and_resolve_references()
    if config.space.module:
        config.space.module = str(Path(config.space.module).expanduser().resolve())
    return Recipe(functools.partial(_prepare, config), functools.partial(_make, config, task, distribution))


def _prepare(config: ml_collections.ConfigDict) -> None:
    """Sets TensorFlow and Keras as the search's own process does."""
    import keras

    from nao_tf.search.devices import prepare_devices

    prepare_devices(config)
    keras.config.set_dtype_policy(config.child.precision)


def _make(config: ml_collections.ConfigDict, task: Any, distribution: Distribution) -> Evaluator:
    from nao_tf.search.setup import build_parts

    return build_parts(config, task, distribution).evaluator
