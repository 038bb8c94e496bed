"""From a config to the evaluator that trains children: convolutional ones on images, recurrent ones on text."""

from __future__ import annotations

import dataclasses

import ml_collections

from nao_tf.errors import InputError
from nao_tf.evaluators.child import Child
from nao_tf.evaluators.recurrent_child import RecurrentChild
from nao_tf.evaluators.trained_child import TrainedChild
from nao_tf.networks.config import NetworkConfig
from nao_tf.networks.recurrent_config import RecurrentConfig
from nao_tf.networks.recurrent_plan import check_activation
from nao_tf.spaces.base import SearchSpace
from nao_tf.spaces.cell_pair import CellPairSpace
from nao_tf.spaces.recurrent_cell import RecurrentCellSpace
from nao_tf.tasks.image import ImageTask
from nao_tf.tasks.make import Task
from nao_tf.tasks.text import TextTask
from nao_tf.training.config import TrainConfig
from nao_tf.training.distribution import OFF, Distribution
from nao_tf.training.language_config import LanguageTrainConfig

PRECISIONS = ('float32', 'mixed_bfloat16', 'mixed_float16')


def make_child(
    config: ml_collections.ConfigDict, task: Task, space: SearchSpace, distribution: Distribution = OFF
) -> Child:
    """Returns the evaluator of a search.

    Args:
        config: of the search, of the kind that the task belongs to.
        task: that children are trained on.
        space: of their architectures.
        distribution: the devices that train a child together.

    Raises:
        InputError: if the space, the task and the config do not belong together, or a field of the child is wrong.
    """
    expected = LanguageTrainConfig if isinstance(task, TextTask) else TrainConfig
    missing = [field.name for field in dataclasses.fields(expected) if field.name not in config.child]
    if missing:
        kind, start = ('text', 'default_text_config') if isinstance(task, TextTask) else ('images', 'default_config')
        raise InputError(
            f'task {task.name} is {kind}, but the config is not: there is no child.{missing[0]} in it; start from '
            f'{start}() of nao_tf.search.config'
        )
    make = recurrent_child if isinstance(task, TextTask) else image_child
    return make(config, task, space, distribution)  # type: ignore[arg-type]


def image_child(
    config: ml_collections.ConfigDict, task: ImageTask, space: SearchSpace, distribution: Distribution = OFF
) -> TrainedChild:
    """Returns the evaluator of convolutional children; arguments and errors are those of `make_child`."""
    if not isinstance(space, CellPairSpace):
        raise InputError(
            f'space {space.name} has no convolutional cells: an image task needs a space such as nao_cnn or enas_cnn'
        )
    if 'valid' not in task.splits:
        raise InputError('task.validation is 0; a search needs a validation split to compare architectures by')
    network, training = image_recipe(config, task)
    return TrainedChild(task, space, network=network, training=training, seed=config.seed, distribution=distribution)


def image_recipe(config: ml_collections.ConfigDict, task: ImageTask) -> tuple[NetworkConfig, TrainConfig]:
    """Returns what `config.child` says of a convolutional network and of its training.

    Args:
        config: of a search on images, or of `nao train`.
        task: the images.

    Raises:
        InputError: if a value is wrong, or the images are too small for the network.
    """
    check_precision(config, PRECISIONS)
    return image_network(config, task.image_shape, task.classes), image_training(config)


def image_network(config: ml_collections.ConfigDict, image_shape: tuple[int, int, int], classes: int) -> NetworkConfig:
    """Returns what `config.child` says of a convolutional network.

    Args:
        config: of a search on images, or of `nao train`.
        image_shape: (height, width, channels).
        classes: of the images.

    Raises:
        InputError: if a value is wrong, or the images are too small for the network.
    """
    child = config.child.to_dict()
    shape = ('cells_per_stage', 'filters', 'stem', 'rules', 'drop_path_keep', 'dense_keep', 'auxiliary')
    return NetworkConfig(image_shape=image_shape, classes=classes, **{name: child[name] for name in shape})


def image_training(config: ml_collections.ConfigDict) -> TrainConfig:
    """Returns the recipe in `config.child` of a convolutional network.

    Raises:
        InputError: if a value is wrong.
    """
    return TrainConfig(**{field.name: config.child[field.name] for field in dataclasses.fields(TrainConfig)})


def recurrent_child(
    config: ml_collections.ConfigDict, task: TextTask, space: SearchSpace, distribution: Distribution = OFF
) -> RecurrentChild:
    """Returns the evaluator of recurrent children; arguments and errors are those of `make_child`."""
    if not isinstance(space, RecurrentCellSpace):
        raise InputError(f'space {space.name} has no recurrent cells: a text needs a space such as nao_rnn')
    for name in space.activations:
        check_activation(name, f'space {space.name}')
    network, training = recurrent_recipe(config, task)
    return RecurrentChild(task, space, network=network, training=training, seed=config.seed, distribution=distribution)


def recurrent_recipe(config: ml_collections.ConfigDict, task: TextTask) -> tuple[RecurrentConfig, LanguageTrainConfig]:
    """Returns what `config.child` says of a language model and of its training.

    Args:
        config: of a search on text, or of `nao train`.
        task: the text.

    Raises:
        InputError: if a value is wrong, or the text is shorter than one batch.
    """
    check_precision(config, PRECISIONS[:1])
    child = config.child.to_dict()
    fields = [field.name for field in dataclasses.fields(RecurrentConfig) if field.name != 'vocabulary']
    network = RecurrentConfig(vocabulary=len(task.vocabulary), **{name: child[name] for name in fields})
    training = LanguageTrainConfig(
        **{field.name: child[field.name] for field in dataclasses.fields(LanguageTrainConfig)}
    )
    task.check(training.batch_size, training.sequence_length)
    return network, training


def check_precision(config: ml_collections.ConfigDict, choices: tuple[str, ...]) -> None:
    """Raises an InputError if `child.precision` is none of the choices."""
    if config.child.precision not in choices:
        raise InputError(f'child.precision is {config.child.precision!r}; it is one of {", ".join([*choices, "auto"])}')
