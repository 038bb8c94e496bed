"""From a config, a path, arrays or a dataset to a task."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import ml_collections
import tensorflow as tf

from nao_tf.errors import InputError
from nao_tf.files import as_path, is_stored
from nao_tf.tasks.assemble import assemble
from nao_tf.tasks.config import TaskConfig, read_task_config
from nao_tf.tasks.corpus import make_corpus
from nao_tf.tasks.image import ImageTask
from nao_tf.tasks.sources.arrays import load_arrays
from nao_tf.tasks.sources.digits import load_digits
from nao_tf.tasks.sources.folder import load_folder
from nao_tf.tasks.sources.npz import load_npz
from nao_tf.tasks.sources.pydoc import load_pydoc
from nao_tf.tasks.sources.raw import RawImages
from nao_tf.tasks.sources.text_files import load_text_files, recognised
from nao_tf.tasks.sources.tf_dataset import load_datasets
from nao_tf.tasks.sources.tfds import PREFIX, load_tfds
from nao_tf.tasks.store import MIB, Storage, user_cache
from nao_tf.tasks.text import TextTask
from nao_tf.tasks.text_config import TextConfig, read_text_config

Task = ImageTask | TextTask
TaskMaker = Callable[[Mapping[str, Any]], Task]  # of the fields of a config's `task`

# A new source is a file in nao_tf/tasks/sources and one line here.
SOURCES: Mapping[str, Callable[[TaskConfig, Storage], RawImages]] = {
    'digits': lambda config, storage: load_digits(config),
    'folder': load_folder,
    'npz': load_npz,
}

TEXT_SOURCES: Mapping[str, Callable[[TextConfig], Mapping[str, Sequence[str]]]] = {
    'pydoc': lambda config: load_pydoc(),
    'ptb': load_text_files,
    'wikitext': load_text_files,
    'text': load_text_files,
}


def make_task(config: Mapping[str, Any] | ml_collections.ConfigDict) -> Task:
    """Returns the task that a config describes.

    Args:
        config: fields of `default_task_config`, or of `default_text_task_config` where the name is that of a text;
            those that are missing have their defaults.

    Raises:
        InputError: if the config or the data it names is wrong.
    """
    if config.get('name') in TEXT_SOURCES:
        text = read_text_config(config)
        limits = {'min_count': text.min_count, 'limit': text.vocabulary_limit, 'train_tokens': text.train_tokens}
        return TextTask(text.name, make_corpus(text.name, TEXT_SOURCES[text.name](text), **limits))
    checked = read_task_config(config)
    storage = _storage(checked)
    if checked.name.startswith(PREFIX):
        return _task(load_tfds(checked, storage), checked)
    if checked.name not in SOURCES:
        known = ', '.join([*SOURCES, f'{PREFIX}<name of tensorflow-datasets>', *TEXT_SOURCES])
        raise InputError(f'task.name {checked.name!r} does not exist; there are {known}')
    return _task(SOURCES[checked.name](checked, storage), checked)


def task_from_arrays(
    images: Any,
    labels: Any,
    *,
    validation: tuple[Any, Any] | float = 0.2,
    test: tuple[Any, Any] | float = 0.2,
    class_names: Sequence[str] | None = None,
    **options: Any,
) -> ImageTask:
    """Returns a task on arrays.

    Args:
        images: [n, H, W] or [n, H, W, C], uint8 (0 to 255) or floating-point. The trained model takes images of the
            same range. A np.memmap stays on disk.
        labels: [n], whole numbers from 0 on.
        validation: (images, labels) of their own, or the share or number of images to set apart.
        test: likewise; 0 for none.
        class_names: one per class; None for '0', '1', ...
        **options: other fields of `default_task_config`, such as `metric='auc'` or `augment={'flip': True}`.

    Raises:
        InputError: if images, labels or an option are wrong.
    """
    splits = {'train': (images, labels)}
    for name, given in (('valid', validation), ('test', test)):
        if isinstance(given, tuple | list):
            splits[name] = tuple(given)
        else:
            options['validation' if name == 'valid' else name] = given
    config = read_task_config(options)
    return _task(load_arrays(splits, config), config, class_names)


def is_text(value: Any) -> bool:
    """Returns whether what a person gives for a task is a text: a TextTask, `pydoc`, or the folder of a corpus."""
    if isinstance(value, str | os.PathLike):
        return os.fspath(value) == 'pydoc' or recognised(as_path(value)) is not None
    return isinstance(value, TextTask)


def as_task(value: Any, *, class_names: Sequence[str] | None = None, **options: Any) -> Task:
    """Returns whatever a person gives for a task as a task.

    Args:
        value: an ImageTask or TextTask; a config; the path of a folder of class folders, of a folder with the files
            of Penn Treebank or WikiText-2, or of a .npz file; `digits`, `pydoc` or `tfds:<name>`; (images, labels); a
            tf.data.Dataset of (image, label); or a dict of the last two by split name: train, valid, test.
        class_names: one per class, for arrays and datasets; None for '0', '1', ...
        **options: fields of `default_task_config`, such as `image_size=32`, `validation=500`,
            `augment={'flip': True}` or `**{'augment.flip': True}`. What the value itself says goes before them: the
            `name` and `path` of a path, the source of arrays and datasets, and everything of a task.

    Raises:
        InputError: if it is none of these, or the data or an option is wrong.
    """
    if isinstance(value, Task):
        return value
    named = isinstance(value, str | os.PathLike)
    configured = isinstance(value, ml_collections.ConfigDict) or (isinstance(value, Mapping) and 'train' not in value)
    if class_names is not None and (named or configured):
        raise InputError('class_names are given with arrays and datasets only; other data brings its own')
    if named:
        return make_task({**options, **_named(value)})
    if configured:
        return make_task({**options, **value})
    splits = value if isinstance(value, Mapping) else {'train': value}
    if all(isinstance(split, tf.data.Dataset) for split in splits.values()):
        config = read_task_config(options)
        return _task(load_datasets(splits, config, _storage(config)), config, class_names)
    if all(isinstance(split, tuple | list) and len(split) == 2 for split in splits.values()):
        config = read_task_config(options)
        return _task(load_arrays(splits, config), config, class_names)
    kinds = ', '.join(type(split).__name__ for split in splits.values())
    raise InputError(
        f'task: cannot make a task of {kinds}; it may be a folder of class folders, a .npz file, digits, '
        'tfds:<name>, (images, labels), a tf.data.Dataset of (image, label), or a dict of these by train, valid, test'
    )


def _named(value: str | os.PathLike[str]) -> dict[str, str]:
    """Returns the config fields that a name or path stands for."""
    text = os.fspath(value)
    if text in ('digits', 'pydoc') or text.startswith(PREFIX):
        return {'name': text}
    path = as_path(text)
    corpus = recognised(path)
    if corpus is not None:
        return {'name': corpus, 'data_dir': str(path)}
    if path.is_dir():
        return {'name': 'folder', 'path': str(path)}
    if path.is_file():
        return {'name': 'npz', 'path': str(path)}
    raise InputError(
        f'task {text!r} does not exist; it may be digits, pydoc, tfds:<name of tensorflow-datasets>, a folder of class '
        'folders, a folder with the files of Penn Treebank or WikiText-2, or a .npz file'
    )


def _storage(config: TaskConfig) -> Storage:
    directory = as_path(config.cache_dir) if config.cache_dir else user_cache()
    if is_stored(directory):
        raise InputError(f'task.cache_dir is {directory}; images are read from it in pieces: name a local folder')
    return Storage(directory, memory_bytes=config.memory_mb * MIB, keep=bool(config.cache_dir))


def _task(raw: RawImages, config: TaskConfig, class_names: Sequence[str] | None = None) -> ImageTask:
    data = assemble(raw, config, class_names=None if class_names is None else tuple(class_names))
    augmentation = config.augmentation(data.image_shape)
    return ImageTask(raw.name, data, augmentation, metric=config.metric, class_weight=config.class_weight)
