"""From a config to the shared weights that its search trains: convolutional on images, recurrent on a text."""

from __future__ import annotations

import dataclasses

import ml_collections

from nao_tf.errors import InputError
from nao_tf.evaluators.shared_images import SharedImages
from nao_tf.evaluators.shared_text import SharedText
from nao_tf.evaluators.shared_weights import SharedWeights
from nao_tf.networks.recurrent_config import RecurrentConfig
from nao_tf.search.setup import Parts, derived_seed
from nao_tf.spaces.conv_cell import ConvCellSpace
from nao_tf.spaces.recurrent_cell import RecurrentCellSpace
from nao_tf.supernets.codes import check_space
from nao_tf.supernets.config import SupernetConfig
from nao_tf.supernets.train_config import SharedTextConfig, SharedTrainConfig
from nao_tf.tasks.text import TextTask
from nao_tf.training.distribution import OFF, Distribution


def make_shared(config: ml_collections.ConfigDict, parts: Parts, distribution: Distribution = OFF) -> SharedWeights:
    """Returns the shared weights of a search, untrained.

    Args:
        config: of `nao_tf.search.sharing.config`.
        parts: of the search.
        distribution: the devices that train them together.

    Raises:
        InputError: if the space, the task and the config do not belong together, or a value is wrong.
    """
    task, space, sharing = parts.task, parts.space, config.sharing.to_dict()
    kind, start = (
        ('text', 'default_text_sharing_config') if isinstance(task, TextTask) else ('images', 'default_sharing_config')
    )
    recipe = SharedTextConfig if isinstance(task, TextTask) else SharedTrainConfig
    missing = [field.name for field in dataclasses.fields(recipe) if field.name not in sharing]
    if missing:
        raise InputError(
            f'task {task.name} is {kind}, but the config is not: there is no sharing.{missing[0]} in it; start from '
            f'{start}() of nao_tf.search.sharing.config'
        )
    training = {field.name: sharing[field.name] for field in dataclasses.fields(recipe)}
    seed = derived_seed(config.seed, 'shared weights')
    if isinstance(task, TextTask):
        check_space(space, RecurrentCellSpace)
        assert isinstance(space, RecurrentCellSpace)
        fields = [field.name for field in dataclasses.fields(RecurrentConfig) if field.name != 'vocabulary']
        try:
            model = RecurrentConfig(vocabulary=len(task.vocabulary), **{name: sharing[name] for name in fields})
        except InputError as error:
            raise InputError(str(error).replace('child.', 'sharing.', 1)) from None
        return SharedText(
            task,
            space,
            network=model,
            training=SharedTextConfig(**training),
            seed=seed,
            distribution=distribution,
        )
    check_space(space, ConvCellSpace)
    assert isinstance(space, ConvCellSpace)
    fields = ['cells_per_stage', 'filters', 'drop_path_keep', 'dense_keep', 'auxiliary']
    try:
        network = SupernetConfig(
            image_shape=task.image_shape, classes=task.classes, **{name: sharing[name] for name in fields}
        )
    except InputError as error:
        raise InputError(str(error).replace('network:', 'sharing:', 1)) from None
    epochs = (config.searcher.rounds + 1) * sharing['epochs']
    return SharedImages(
        task,
        space,
        network=network,
        training=SharedTrainConfig(**training),
        epochs=epochs,
        seed=seed,
        distribution=distribution,
    )
