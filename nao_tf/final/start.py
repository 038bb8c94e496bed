"""What the training of a classifier starts from: architectures and a network of a size, or a trained model."""

from __future__ import annotations

import dataclasses
import hashlib
from pathlib import Path
from typing import Any

import ml_collections
import numpy as np

from nao_tf.errors import InputError
from nao_tf.evaluators.predict import load_classifier
from nao_tf.files import as_path
from nao_tf.final.chosen import chosen_architectures
from nao_tf.final.winners import Candidate, fingerprint
from nao_tf.networks.config import NetworkConfig
from nao_tf.networks.plan import plan_network
from nao_tf.search.children import PRECISIONS, check_precision, image_network, image_recipe, image_training
from nao_tf.spaces.registry import get_space
from nao_tf.tasks.image import ImageTask
from nao_tf.tasks.make import TEXT_SOURCES, Task, TaskMaker
from nao_tf.training.config import TrainConfig

HEAD = 'classifier/'


@dataclasses.dataclass(frozen=True, eq=False)
class Start:
    """What a training starts from.

    Args:
        task: the images.
        candidates: the architectures, all of pairs of cells; each is trained, and the best is taken.
        network: size, image and regularisation of their networks.
        training: their recipe.
        identity: what the config alone does not tell: the content of the files that it names.
        weights: initial values by their places (`CellNetwork.places`); the others are drawn.
        notes: lines for the person.
    """

    task: ImageTask
    candidates: list[Candidate]
    network: NetworkConfig
    training: TrainConfig
    identity: dict[str, Any]
    weights: dict[str, np.ndarray] = dataclasses.field(default_factory=dict)
    notes: tuple[str, ...] = ()


def make_start(config: ml_collections.ConfigDict, make: TaskMaker, workdir: str | Path) -> Start:
    """Returns what a config says to start from, every value checked.

    Args:
        config: of `default_image_train_config` or `default_finetune_config`.
        make: makes the task of the fields of `config.task`.
        workdir: of the training, begun or not.

    Raises:
        InputError: for a value that is wrong, before any training starts.
    """
    if config.task.name in TEXT_SOURCES:
        raise InputError(f'task {config.task.name} is a text, but the config is of images; start from a text config')
    check_precision(config, PRECISIONS)
    if 'weights' in config:
        return _from_weights(config, make)
    space = config.space
    found = chosen_architectures(config.architecture, config.top_k, workdir, space=space.name, module=space.module)
    for candidate in found:
        candidate.pair  # noqa: B018 - raises where it is none
    _check_early(config)
    task = _images(make(config.task.to_dict()))
    _check_validation(config, task)
    network, training = image_recipe(config, task)
    for candidate in found:
        plan_network(candidate.pair, network)  # which raises where an operation is not known
    identity = {'architecture.fingerprint': fingerprint(found), 'space.module': found[0].module}
    return Start(task, found, network, training, identity)


def _check_early(config: ml_collections.ConfigDict) -> None:
    """Raises what can be known to be wrong before any image is decoded, which may take hours."""
    image_training(config)
    side = config.task.image_size
    if isinstance(side, int) and side > 0:
        image_network(config, (side, side, 3), 2)


def _from_weights(config: ml_collections.ConfigDict, make: TaskMaker) -> Start:
    """Returns a start from a trained model; images take the size and the channels that it was trained on."""
    if not config.weights:
        raise InputError('config.weights is empty; it is a .keras file of a classifier, from a search or a training')
    image_training(config)
    path = as_path(config.weights)
    if config.space.module:
        get_space('', module=config.space.module)
    model = load_classifier(path)
    trained = model.network.config
    height, width, channels = trained.image_shape
    fields = config.task.to_dict()
    fields['image_size'] = fields['image_size'] or (height, width)
    fields['channels'] = fields['channels'] or channels
    task = _images(make(fields))
    _check_validation(config, task)
    if task.image_shape[2] != channels:
        raise InputError(
            f'{path} takes images of {channels} channels, those of task {task.name} have {task.image_shape[2]}; set '
            f'task.channels to {channels}, or to 0'
        )
    notes = _check_classes(config, path, model.class_names, task)
    network = dataclasses.replace(
        trained,
        image_shape=task.image_shape,
        classes=task.classes,
        **{name: config.child[name] for name in ('drop_path_keep', 'dense_keep', 'auxiliary')},
    )
    weights = {
        place: variable.numpy()
        for place, variable in model.network.places().items()
        if not place.startswith('auxiliary') and not (config.replace_head and place.startswith(HEAD))
    }
    candidate = Candidate(model.network.cells, str(path), config.space.module)
    identity = {'weights.fingerprint': hashlib.sha256(path.read_bytes()).hexdigest()[:16]}
    return Start(task, [candidate], network, image_training(config), identity, weights, notes)


def _check_classes(
    config: ml_collections.ConfigDict, path: Path, before: tuple[str, ...], task: ImageTask
) -> tuple[str, ...]:
    """Raises an InputError if the last layer does not fit; returns what a person should know of one that does."""
    after = task.class_names
    if config.replace_head or before == after:
        return ()
    if len(before) != len(after):
        raise InputError(
            f'{path} is of {len(before)} classes ({_some(before)}), task {task.name} has {len(after)} '
            f'({_some(after)}); --config.replace_head=True keeps every layer but the last, which starts anew'
        )
    return (
        f'the classes were {_some(before)} and are {_some(after)}; the last layer goes on from its weights all the '
        'same (--config.replace_head=True starts it anew)',
    )


def _images(task: Task) -> ImageTask:
    if not isinstance(task, ImageTask):
        raise InputError(f'task {task.name} is a text, but the config is of images; start from a text config')
    return task


def _check_validation(config: ml_collections.ConfigDict, task: ImageTask) -> None:
    if 'valid' in task.splits:
        return
    if config.child.score == 'best':
        raise InputError(
            "task.validation is 0 and child.score is 'best': no epoch is the best without validation images; set "
            "child.score to 'last', or validation to a number of images"
        )
    if config.get('top_k', 1) > 1:
        raise InputError(f'task.validation is 0, but top_k is {config.top_k}: the best is chosen by validation images')


def _some(names: tuple[str, ...]) -> str:
    return ', '.join(names[:4]) + (', ...' if len(names) > 4 else '')
