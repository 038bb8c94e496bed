"""From what a source hands over to the checked data of a task, in its splits."""

from __future__ import annotations

import numpy as np

from nao_tf.errors import InputError
from nao_tf.tasks.check import checked_images, checked_labels
from nao_tf.tasks.config import TaskConfig
from nao_tf.tasks.data import SPLITS, ImageData, ImageSplit, ImageStore
from nao_tf.tasks.sources.raw import RawImages
from nao_tf.tasks.split import split_size, stratified


def assemble(raw: RawImages, config: TaskConfig, *, class_names: tuple[str, ...] | None = None) -> ImageData:
    """Checks the images and labels of a source and cuts the splits that it does not bring out of its training images.

    Args:
        raw: from a source.
        config: `validation`, `test` and `split_seed` are kept to.
        class_names: one per class; None for those of the source.

    Returns:
        the data with the splits train and, unless `config.validation` or `config.test` is 0, valid and test.

    Raises:
        InputError: if images or labels are wrong, or there are too few of them for the splits.
    """
    names = class_names or raw.class_names
    images, labels = {}, {}
    for name in SPLITS:
        if name not in raw.splits:
            continue
        split = raw.splits[name]
        origin = raw.origin if len(raw.splits) == 1 else f'{raw.origin}, {name}'
        images[name] = checked_images(split.images, origin=origin)
        labels[name] = checked_labels(
            split.labels, images=len(images[name]), classes=None if names is None else len(names), origin=origin
        )
        if images[name].shape[1:] != images['train'].shape[1:] or images[name].dtype != images['train'].dtype:
            raise InputError(
                f'{origin}: images of shape {images[name].shape[1:]} and type {images[name].dtype}; those of train '
                f'have {images["train"].shape[1:]} and {images["train"].dtype}, and all must be alike'
            )
    if names is None:
        names = tuple(str(label) for label in range(1 + max(int(part.max()) for part in labels.values())))
    if len(names) < 2:
        raise InputError(f'{raw.origin}: has one class, {names[0]!r}; at least two are needed')
    orders = {name: split.order for name, split in raw.splits.items()}
    available = len(labels['train'])
    wanted = {'test': config.test, 'valid': config.validation}
    wanted = {name: given for name, given in wanted.items() if name not in labels}
    sizes = {name: split_size(given, images=available, name=name) for name, given in wanted.items() if given}
    train_order = _order(orders['train'], available)
    rows = stratified(labels['train'][train_order], sizes, class_names=names, seed=config.split_seed)
    store = ImageStore(images['train'])
    splits = {}
    for name, positions in rows.items():
        chosen = train_order[positions]
        splits[name] = ImageSplit(store, chosen, labels['train'][chosen])
    for name in labels:
        if name != 'train':
            order = _order(orders[name], len(labels[name]))
            splits[name] = ImageSplit(ImageStore(images[name]), order, labels[name][order])
    return ImageData(raw.name, tuple(names), splits, _white(images['train']))


def _order(given: np.ndarray | None, size: int) -> np.ndarray:
    return np.arange(size) if given is None else given


def _white(images: np.ndarray) -> float | None:
    """Returns 1 for floating-point images between 0 and 1, 255 for any others up to it, None beyond."""
    if images.dtype == np.uint8:
        return 255.0
    least, most = images.min(), images.max()
    if least < 0 or most > 255:
        return None
    return 1.0 if most <= 1 else 255.0
