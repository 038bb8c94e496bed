"""`nao_tf.train` and `nao_tf.finetune`: what `nao train` does, from Python in one call."""

from __future__ import annotations

import dataclasses
import functools
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import ml_collections

from nao_tf.errors import InputError
from nao_tf.files import as_path, local_file
from nao_tf.final.config import default_finetune_config, default_image_train_config, default_train_config
from nao_tf.final.run import train as run_training
from nao_tf.search.api import task_of
from nao_tf.search.config import set_field
from nao_tf.search.result import Result
from nao_tf.search.workdir import MODEL
from nao_tf.spaces.architecture import Architecture
from nao_tf.spaces.reading import cells_of, read_cells
from nao_tf.tasks.make import is_text, make_task
from nao_tf.training.distribution import OFF, Distribution


@dataclasses.dataclass(frozen=True)
class Trained:
    """What a training came to.

    Args:
        summary: what summary.json holds (docs/train.md).
        workdir: where everything lies.
    """

    summary: dict[str, Any]
    workdir: Path

    @property
    def best_model(self) -> keras.Model:
        """The trained model: an `ImageClassifier`, or a `LanguageModel` of a text."""
        with local_file(self.workdir / MODEL) as file:
            return keras.models.load_model(file)


def train(
    architecture: Any,
    task: Any = None,
    *,
    workdir: str | Path,
    top_k: int = 1,
    config: ml_collections.ConfigDict | None = None,
    overrides: Mapping[str, Any] | None = None,
    max_hours: float | None = None,
    distribution: Distribution = OFF,
) -> Trained | None:
    """Trains an architecture from scratch and to the end, as `nao train` does.

    Args:
        architecture: the result of a search or its work directory, for its best; an `Architecture`; a name such as
            `NAONet_A`, a line of tokens, or a file that holds one.
        task: what `nao_tf.search` takes; None for the one that the config describes.
        workdir: where the training lives; the same call continues it, or returns what it came to.
        top_k: above 1 trains so many of a search's best cells and takes the best of them.
        config: of `nao_tf.final.config`, or what a file of `configs/` returns; the default has
            the sizes of the paper's training on CIFAR-10 (N=6, F=36, 600 epochs), or of its language model for a text.
        overrides: fields by their full names, such as `{'child.epochs': 50, 'child.filters': 16}`.
        max_hours: of this call.
        distribution: the devices that train it together (docs/scaling.md).

    Returns:
        What came of it, or None if the time was over before the end.

    Raises:
        InputError: for a value that is wrong, before any training starts.
    """
    default = default_train_config if task is not None and is_text(task) else default_image_train_config
    settings = _settings(config, default, 'architecture', overrides)
    if isinstance(architecture, Result | Trained):
        settings.architecture = str(architecture.workdir)
    elif isinstance(architecture, Architecture):
        settings.architecture = str(architecture)
        if 'space' in settings:
            settings.space.name = architecture.space
        elif read_cells(str(architecture)) != cells_of(architecture):
            raise InputError(
                f'the tokens of an architecture of space {architecture.space} mean another cell where no space is '
                'named; give the result of its search, or its work directory'
            )
    elif isinstance(architecture, str | os.PathLike):
        settings.architecture = str(architecture)
    else:
        raise InputError(
            f'architecture is of type {type(architecture).__name__}; it may be the result of a search, an '
            'Architecture, a name, a line of tokens, a file or a work directory'
        )
    if top_k != 1:
        set_field(settings, 'top_k', top_k, origin='top_k')
    return _run(settings, task, workdir, max_hours, distribution)


def finetune(
    weights: Any,
    task: Any = None,
    *,
    workdir: str | Path,
    replace_head: bool = False,
    config: ml_collections.ConfigDict | None = None,
    overrides: Mapping[str, Any] | None = None,
    max_hours: float | None = None,
    distribution: Distribution = OFF,
) -> Trained | None:
    """Goes on with the training of a classifier, on other images, as `nao train` with `configs/finetune.py` does.

    Args:
        weights: what a search or a training on images returned, or a `.keras` file that it left.
        task: images, as `nao_tf.search` takes them; None for those that the config describes. They are resized to
            the size that the weights were trained on.
        workdir: where the training lives; the same call continues it, or returns what it came to.
        replace_head: whether the last layer starts anew, for other classes.
        config: of `nao_tf.final.config.default_finetune_config`, the default.
        overrides: fields by their full names, such as `{'child.epochs': 50}`.
        max_hours: of this call.
        distribution: the devices that train it together (docs/scaling.md).

    Returns:
        What came of it, or None if the time was over before the end.

    Raises:
        InputError: for a value that is wrong, before any training starts.
    """
    settings = _settings(config, default_finetune_config, 'weights', overrides)
    if isinstance(weights, Result | Trained):
        weights = weights.workdir / MODEL
    if not isinstance(weights, str | os.PathLike):
        raise InputError(
            f'weights is of type {type(weights).__name__}; it may be a .keras file, or what a search or a training '
            'returned'
        )
    settings.weights = str(weights)
    settings.replace_head = replace_head
    return _run(settings, task, workdir, max_hours, distribution)


def _settings(
    config: ml_collections.ConfigDict | None, default: Any, field: str, overrides: Mapping[str, Any] | None
) -> ml_collections.ConfigDict:
    """Returns a config of a training of one's own, with the given fields."""
    settings = default() if config is None else config.copy_and_resolve_references()
    if field not in settings:
        raise InputError(f'that config has no field {field}; take one of nao_tf.final.config.{default.__name__}')
    settings.lock()
    for name, value in (overrides or {}).items():
        set_field(settings, name, value, origin='overrides')
    return settings


def _run(
    settings: ml_collections.ConfigDict,
    task: Any,
    workdir: str | Path,
    max_hours: float | None,
    distribution: Distribution,
) -> Trained | None:
    make = make_task if task is None else functools.partial(task_of, task)
    summary = run_training(settings, workdir, make=make, max_hours=max_hours, distribution=distribution)
    return None if summary is None else Trained(summary, as_path(workdir))
