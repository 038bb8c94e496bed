"""Images from a tf.data.Dataset given in Python."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping

import numpy as np
import tensorflow as tf

from nao_tf.errors import InputError
from nao_tf.tasks.check import checked_images, checked_labels
from nao_tf.tasks.config import TaskConfig
from nao_tf.tasks.data import SPLITS
from nao_tf.tasks.reading import chunks
from nao_tf.tasks.sources.raw import RawImages, RawSplit, fitted
from nao_tf.tasks.store import ImageWriter, Storage, cache_key

CHUNK = 256


def load_datasets(splits: Mapping[str, tf.data.Dataset], config: TaskConfig, storage: Storage) -> RawImages:
    """Returns the images of datasets of (image, label), batched or not, each read through exactly once.

    The splits do not depend on the order in which the images come, so a dataset that shuffles gives the same task
    every time.

    Args:
        splits: by split name; `train`, and `valid` and `test` where they exist.
        config: `image_size` and `channels` are kept to.
        storage: images that are too large for memory go to a file.

    Raises:
        InputError: if the elements are no pairs, the images differ in size, or a dataset is empty or endless.
    """
    unknown = [name for name in splits if name not in SPLITS]
    if unknown or 'train' not in splits:
        raise InputError(f'task: the splits given are {", ".join(splits)}; they are train, valid and test')
    result = {name: _load(dataset, config, storage, f'the {name} dataset') for name, dataset in splits.items()}
    return RawImages('dataset', 'the dataset', result)


def _load(dataset: tf.data.Dataset, config: TaskConfig, storage: Storage, origin: str) -> RawSplit:
    spec = dataset.element_spec
    if not isinstance(spec, tuple) or len(spec) != 2 or not all(isinstance(part, tf.TensorSpec) for part in spec):
        raise InputError(f'{origin}: its elements are {spec}; they must be pairs (image, label)')
    if dataset.cardinality() == tf.data.INFINITE_CARDINALITY:
        raise InputError(f'{origin}: repeats for ever; give it without repeat()')
    labels: list[np.ndarray] = []
    digests: list[bytes] = []
    stream = chunks(_fitted_images(dataset, config, origin), CHUNK)
    first = next(stream, None)
    if first is None:
        raise InputError(f'{origin}: is empty; it must have images')
    shape, dtype = first[0][0].shape, first[0][0].dtype
    with ImageWriter(shape, dtype, storage=storage) as writer:
        chunk: list | None = first
        while chunk:
            for image, label in chunk:
                if image.shape != shape:
                    raise InputError(
                        f'{origin}: image {len(labels)} has shape {image.shape}, the first {shape}; set '
                        'task.image_size, and images of any size are resized to it'
                    )
                labels.append(label)
                digests.append(hashlib.sha256(image.tobytes() + str(label).encode()).digest())
            writer.append(np.stack([image for image, _ in chunk]))
            chunk = next(stream, None)
        key = cache_key('dataset', hashlib.sha256(b''.join(digests)).hexdigest())
        images, stored_labels = writer.finish(key, np.array(labels))
    return RawSplit(images, stored_labels, np.array(sorted(range(len(digests)), key=digests.__getitem__), np.int64))


def _fitted_images(
    dataset: tf.data.Dataset, config: TaskConfig, origin: str
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yields one image [H, W, C] of the asked size and its label after another."""
    for images, labels in dataset.as_numpy_iterator():
        # [H, W] and [H, W, C] are one image; three numbers of an image whose last is large are a batch of grey ones.
        if np.ndim(labels) == 0 or np.ndim(images) == 2 or (np.ndim(images) == 3 and images.shape[-1] <= 4):
            images, labels = images[None], labels[None]
        if np.ndim(labels) > 1:
            checked_labels(labels, images=len(images), origin=origin)
        if len(images) != len(labels):
            raise InputError(f'{origin}: {len(labels)} labels for {len(images)} images in one batch; give one for each')
        if not len(images):
            continue
        images = fitted(checked_images(images, origin=origin), config.image_size, config.channels, origin=origin)
        yield from zip(images, labels, strict=True)
