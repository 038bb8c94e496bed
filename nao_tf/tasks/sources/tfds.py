"""Images from a tensorflow-datasets folder."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from nao_tf.errors import InputError
from nao_tf.files import as_path
from nao_tf.tasks.config import TaskConfig
from nao_tf.tasks.reading import chunks, resize
from nao_tf.tasks.sources.raw import RawImages, RawSplit, with_channels
from nao_tf.tasks.store import ImageWriter, Storage, cache_key, load_decoded

PREFIX = 'tfds:'
CHUNK = 256


def data_folder(config: TaskConfig) -> Path:
    """Returns the folder that holds the prepared data sets."""
    return as_path(config.data_dir or os.environ.get('TFDS_DATA_DIR') or '~/tensorflow_datasets')


def prepared_datasets(folder: Path) -> dict[str, Path]:
    """Returns the data sets that can be read without a download: `name[/config]:version` -> its folder."""
    found = {}
    for depth in ('*/*', '*/*/*'):
        for info in folder.glob(f'{depth}/dataset_info.json'):
            *name, version = info.parent.relative_to(folder).parts
            if 'incomplete' not in version:
                found['/'.join(name) + ':' + version] = info.parent
    return dict(sorted(found.items(), key=lambda item: [_natural(part) for part in item[0].split(':')]))


def load_tfds(config: TaskConfig, storage: Storage) -> RawImages:
    """Returns the images of a data set that lies prepared in a folder, or is fetched where the config allows it.

    Args:
        config: `name` is `tfds:` and a name, optionally with `/config` and `:version`; `data_dir`, `download`,
            `image_size` and `channels` are kept to.
        storage: where decoded images may lie.

    Raises:
        InputError: if the data set is not there, is not for image classification, or its images differ in size.
    """
    wanted = config.name.removeprefix(PREFIX)
    folder = data_folder(config)
    directory = _find(wanted, prepared_datasets(folder))
    if directory is None:
        if not config.download:
            there = ', '.join(prepared_datasets(folder)) or 'no prepared data set'
            found = f'{folder} holds {there}' if folder.is_dir() else f'there is no folder {folder}'
            raise InputError(
                f'task.name is {config.name!r}: {found}; set task.data_dir to the folder of '
                f'tensorflow-datasets that has {wanted!r}, or task.download=True to fetch it'
            )
        directory = _download(wanted, folder)
    # Here, because its import takes a second that the other sources need not wait for.
    import tensorflow_datasets as tfds

    builder = tfds.builder_from_directory(str(directory))
    image_key, label_key = _features(builder.info, config.name)
    shape = _shape(builder.info.features[image_key].shape, config)
    splits = {}
    for name, theirs in (('train', 'train'), ('valid', 'validation'), ('test', 'test')):
        if theirs not in builder.info.splits or not builder.info.splits[theirs].num_examples:
            continue
        key = cache_key('tfds', builder.info.full_name, name, str(directory.resolve()), shape)
        decoded = load_decoded(key, storage)
        if decoded is None and (name == 'train' or _is_labelled(builder, theirs, (image_key, label_key))):
            decoded = _decode(builder, theirs, (image_key, label_key), shape, key, storage)
        if decoded is not None and (name == 'train' or (decoded[1] >= 0).any()):
            splits[name] = RawSplit(*decoded)
    if 'train' not in splits:
        raise InputError(f'{config.name}: has the splits {", ".join(builder.info.splits)}, and none is called train')
    return RawImages(config.name, f'{config.name} in {folder}', splits, tuple(builder.info.features[label_key].names))


def _natural(text: str) -> list:
    """Sorts 10.0.0 behind 9.0.0."""
    return [(0, int(part), '') if part.isdigit() else (1, 0, part) for part in text.replace('/', '.').split('.')]


def _find(wanted: str, prepared: dict[str, Path]) -> Path | None:
    """Returns the highest version of the wanted data set; its only config may be left out."""
    if wanted in prepared:
        return prepared[wanted]
    for given in (lambda name: name, lambda name: name.split('/')[0]):
        versions = {name: path for name, path in prepared.items() if given(name.split(':')[0]) == wanted}
        configs = sorted({name.split(':')[0] for name in versions})
        if len(configs) > 1:
            raise InputError(
                f'task.name is {PREFIX + wanted!r}, which has several configs; one of {", ".join(configs)}'
            )
        if versions:
            return list(versions.values())[-1]
    return None


def _download(wanted: str, folder: Path) -> Path:
    import tensorflow_datasets as tfds

    try:
        builder = tfds.builder(wanted, data_dir=str(folder))
    except (tfds.core.DatasetNotFoundError, ValueError) as error:
        known = tfds.list_builders(with_community_datasets=False)
        near = ', '.join(difflib.get_close_matches(wanted, known, 5)) or 'none'
        raise InputError(f'task.name: tensorflow-datasets has no {wanted!r}; names like it: {near}') from error
    try:
        builder.download_and_prepare()
    except Exception as error:
        reason = str(error).strip().split('\n')[0]
        raise InputError(f'{PREFIX}{wanted}: could not be fetched into {folder} ({reason})') from error
    return as_path(builder.data_path)


def _features(info: Any, name: str) -> tuple[str, str]:
    """Returns the keys of image and label."""
    import tensorflow_datasets as tfds

    features = info.features
    if info.supervised_keys and all(isinstance(key, str) for key in info.supervised_keys[:2]):
        image, label = info.supervised_keys[:2]
        images, labels = [image], [label]
    elif isinstance(features, tfds.features.FeaturesDict):
        images = [key for key, feature in features.items() if isinstance(feature, tfds.features.Image)]
        labels = [key for key, feature in features.items() if isinstance(feature, tfds.features.ClassLabel)]
    else:
        images = labels = []
    if (
        len(images) != 1
        or len(labels) != 1
        or not isinstance(features[images[0]], tfds.features.Image)
        or not isinstance(features[labels[0]], tfds.features.ClassLabel)
    ):
        raise InputError(f'{name}: is no image classification; its features are {", ".join(features)}')
    return images[0], labels[0]


def _shape(given: tuple, config: TaskConfig) -> tuple[int, int, int]:
    height, width, channels = given
    if config.image_size is not None:
        height, width = config.image_size
    elif height is None or width is None:
        raise InputError(f'{config.name}: its images differ in size; set task.image_size, and they are resized to it')
    return height, width, config.channels or channels or 3


def _is_labelled(builder: Any, split: str, keys: tuple[str, str]) -> bool:
    """Returns whether some of the first images of a split have labels; some test splits have none, all -1."""
    import tensorflow_datasets as tfds

    decoders = {keys[0]: tfds.decode.SkipDecoding()}
    dataset = builder.as_dataset(split=split, shuffle_files=False, decoders=decoders).take(CHUNK)
    return any(label >= 0 for label in dataset.map(lambda element: element[keys[1]]).as_numpy_iterator())


def _decode(
    builder: Any, split: str, keys: tuple[str, str], shape: tuple[int, int, int], key: str, storage: Storage
) -> tuple[np.ndarray, np.ndarray]:
    dataset = builder.as_dataset(split=split, shuffle_files=False)
    dataset = dataset.map(lambda element: (element[keys[0]], element[keys[1]]))
    labels: list[np.ndarray] = []
    stored = builder.info.features[keys[0]].shape
    as_they_are = stored[:2] == shape[:2] and stored[2] == shape[2]
    with ImageWriter(shape, np.uint8, storage=storage, count=builder.info.splits[split].num_examples) as writer:
        if as_they_are:
            for images, batch_labels in dataset.batch(CHUNK).prefetch(1).as_numpy_iterator():
                writer.append(images)
                labels.append(batch_labels)
        else:
            for images, batch_labels in _resized(dataset, shape, builder.info.name):
                writer.append(images)
                labels.append(batch_labels)
        return writer.finish(key, np.concatenate(labels))


def _resized(dataset: Any, shape: tuple[int, int, int], name: str) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    def one(image: np.ndarray) -> np.ndarray:
        return with_channels(resize(image, shape[:2]), shape[2], origin=name)

    with ThreadPoolExecutor() as pool:
        for chunk in chunks(dataset.prefetch(CHUNK).as_numpy_iterator(), CHUNK):
            yield np.stack(list(pool.map(one, [image for image, _ in chunk]))), np.array([label for _, label in chunk])
