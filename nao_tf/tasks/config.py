"""The fields of an image task's config, and the same fields checked."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

import ml_collections

from nao_tf.errors import InputError
from nao_tf.tasks.augment import Augmentation


def default_task_config() -> ml_collections.ConfigDict:
    """Returns the config of an image task with every field at its default: the embedded digits."""
    config = ml_collections.ConfigDict()
    # digits | tfds:<tensorflow-datasets name, such as cifar10> | folder | npz
    config.name = 'digits'
    # folder: the folder of class folders, or of train/ valid/ test/ with class folders in each. npz: the file.
    config.path = ''
    # tfds: the folder that holds the data sets; '' for $TFDS_DATA_DIR or else ~/tensorflow_datasets.
    config.data_dir = ''
    # tfds: fetch what is not there. Nothing is ever fetched without it.
    config.download = False
    # Pixels; images of any other size are resized to image_size x image_size. 0: as they are, all of one size.
    config.image_size = 0
    # 1 grey, 3 colour, 0: as the data is (one colour image makes all of them colour).
    config.channels = 0
    # Size of the validation split, a share below 1 or a number of images; unused where the source brings its own.
    # 0 for none, which a final training may do (child.score='last') and a search may not.
    config.validation = 0.2
    # Size of the test split, likewise; 0 for none.
    config.test = 0.2
    # Which images go into which split; the same seed gives the same splits on any machine.
    config.split_seed = 0
    # The score to maximise: accuracy | balanced_accuracy (mean recall of the classes) | auc (one against the rest)
    config.metric = 'accuracy'
    # Weight of a training image: none | balanced (all classes count the same in the loss)
    config.class_weight = 'none'
    # Where decoded images are kept for the next run; '' keeps them in memory, and only those beyond memory_mb on disk.
    config.cache_dir = ''
    # Decoded images larger than this many MiB are read from a file on disk during training.
    config.memory_mb = 2048
    config.augment = ml_collections.ConfigDict()
    # Zero pixels on each side before a random crop; 0 for no crop, -1 for one eighth of the shorter image side, or for
    # none where `area` says how images are cropped.
    config.augment.pad = -1
    # Mirror half of the images left to right. Never for digits, text or anything that has a handedness.
    config.augment.flip = False
    # Side of the erased square in pixels; 0 for none.
    config.augment.cutout = 0
    # For photographs: least share of an image that a crop of random size and shape keeps; 1 for no such crop.
    config.augment.area = 1.0
    # For photographs: how far brightness, contrast and saturation are from 1 at most; 0 for no change.
    config.augment.colour = 0.0
    return config


@dataclasses.dataclass(frozen=True)
class TaskConfig:
    """An image task's config, checked; the fields are those of `default_task_config`, where they are explained.

    Args:
        image_size: (H, W), or None for the images' own; a config file or command line gives one number for both.
        augment: with pad = -1 still to be replaced, which takes the image size.

    Raises:
        InputError: if a value cannot be right whatever the data is.
    """

    name: str = 'digits'
    path: str = ''
    data_dir: str = ''
    download: bool = False
    image_size: tuple[int, int] | None = None
    channels: int = 0
    validation: float = 0.2
    test: float = 0.2
    split_seed: int = 0
    metric: str = 'accuracy'
    class_weight: str = 'none'
    cache_dir: str = ''
    memory_mb: int = 2048
    pad: int = -1
    flip: bool = False
    cutout: int = 0
    area: float = 1.0
    colour: float = 0.0

    def __post_init__(self) -> None:
        size = self.image_size
        if size is not None and (
            len(size) != 2 or any(not isinstance(side, int) or isinstance(side, bool) or side < 1 for side in size)
        ):
            raise InputError(f'task.image_size is {size}; it is a number of pixels, or (height, width)')
        if self.channels not in (0, 1, 3):
            raise InputError(f'task.channels is {self.channels!r}; it is 1 (grey), 3 (colour) or 0 (as the data is)')
        for name in ('validation', 'test'):
            value = getattr(self, name)
            number = isinstance(value, int | float) and math.isfinite(value)
            if not number or value < 0 or (value >= 1 and value != int(value)):
                raise InputError(f'task.{name} is {value!r}; it is a share below 1 or a whole number of images')
        for name in ('split_seed', 'memory_mb'):
            value = getattr(self, name)
            if not isinstance(value, int) or value < 0:
                raise InputError(f'task.{name} is {value!r}; it is a whole number, 0 or more')

    def augmentation(self, image_shape: tuple[int, int, int]) -> Augmentation:
        """Returns the augmentation for images of (H, W, C)."""
        pad = self.pad
        if pad == -1:
            pad = min(image_shape[:2]) // 8 if self.area == 1 else 0
        return Augmentation(pad, flip=self.flip, cutout=self.cutout, area=self.area, colour=self.colour)


def read_task_config(config: Mapping[str, Any] | ml_collections.ConfigDict) -> TaskConfig:
    """Returns a config checked; fields that are missing have their defaults.

    Args:
        config: the fields of `default_task_config`; `augment` as a mapping or ConfigDict of its own, or its fields
            as `augment.pad` and so on.

    Raises:
        InputError: if a field does not exist or its value cannot be right.
    """
    augment = dict(config.get('augment') or {})
    fields = {key: value for key, value in config.items() if key != 'augment'}
    for key in [key for key in fields if key.startswith('augment.')]:
        augment[key.removeprefix('augment.')] = fields.pop(key)
    defaults = default_task_config()
    for given, known, prefix in ((fields, defaults, 'task.'), (augment, defaults.augment, 'task.augment.')):
        for key, value in given.items():
            if key not in known:
                raise InputError(f'{prefix}{key} does not exist; the fields are {", ".join(known)}')
            if isinstance(known[key], str) and not isinstance(value, str):
                given[key] = str(value)
    size = fields.pop('image_size', 0)
    if isinstance(size, int) and not isinstance(size, bool):
        size = None if size == 0 else (size, size)
    elif isinstance(size, list | tuple):
        size = tuple(size)
    else:
        raise InputError(f'task.image_size is {size!r}; it is a number of pixels, or (height, width)')
    return TaskConfig(**fields, **augment, image_size=size)
