"""Stratified splits, fixed by a seed."""

from __future__ import annotations

import numpy as np

from nao_tf.errors import InputError

FIELDS = {'valid': 'task.validation', 'test': 'task.test'}


def split_size(given: float, *, images: int, name: str) -> int:
    """Returns the number of images of a split.

    Args:
        given: a share below 1, or a number of images.
        images: how many there are to share out.
        name: of the split, for the error.

    Raises:
        InputError: if there are not as many images.
    """
    size = round(given * images) if given < 1 else int(given)
    if size >= images:
        raise InputError(
            f'{FIELDS[name]} asks for {size} images and the data has {images}; a number below that, or a share '
            'below 1, leaves some to train on'
        )
    return size


def allocate(counts: np.ndarray, size: int) -> np.ndarray:
    """Shares a split out to the classes in proportion, at least one image each.

    Args:
        counts: int [classes], images of each class; one of each stays behind.
        size: images of the split; classes <= size <= sum(counts - 1).

    Returns:
        int [classes], of sum `size`; the largest remainders are rounded up.
    """
    quota = size * counts / counts.sum()
    share = np.clip(np.floor(quota), 1, counts - 1).astype(np.int64)
    while share.sum() < size:
        share[np.argmax(np.where(share < counts - 1, quota - share, -np.inf))] += 1
    while share.sum() > size:
        share[np.argmin(np.where(share > 1, quota - share, np.inf))] -= 1
    return share


def stratified(
    labels: np.ndarray, sizes: dict[str, int], *, class_names: tuple[str, ...], seed: int
) -> dict[str, np.ndarray]:
    """Cuts splits out of the images of one source; what is left is the training split.

    Args:
        labels: int [n].
        sizes: number of images of each split to cut out, in this order: a later one does not change an earlier one.
        class_names: one per class.
        seed: of the choice, 0 or more.

    Returns:
        rows int64 of each split and of `train`, ascending, without overlap, all n together.

    Raises:
        InputError: if a class has too few images for one in each split, or a split is too small for one of each class.
    """
    classes = len(class_names)
    counts = np.bincount(labels, minlength=classes)
    needed = 1 + len(sizes)
    if counts.min() < needed:
        label = int(counts.argmin())
        names = ', '.join(['train', *sizes])
        raise InputError(
            f'class {class_names[label]!r} has {counts[label]} images; at least {needed} are needed, one for each '
            f'of {names}'
        )
    for name, size in sizes.items():
        if size < classes:
            raise InputError(
                f'{FIELDS[name]} asks for {size} of {len(labels)} images, fewer than the {classes} classes; '
                f'at least {classes} are needed, one of each class'
            )
    if sum(sizes.values()) > len(labels) - classes:
        raise InputError(
            f'{" and ".join(f"{FIELDS[name]}={size}" for name, size in sizes.items())} are more than the {len(labels)} '
            f'images of the data allow; {classes} must be left to train on, one of each class'
        )
    result = {}
    left = np.arange(len(labels))
    for stream, (name, size) in enumerate(sizes.items()):
        rng = np.random.default_rng([seed, stream])
        here = labels[left]
        # The splits still to be cut need one image of each class as well.
        later = len(sizes) - 1 - stream
        share = allocate(np.bincount(here, minlength=classes) - later, size)
        members = np.argsort(here, kind='stable')
        starts = np.cumsum(np.bincount(here, minlength=classes)) - np.bincount(here, minlength=classes)
        chosen = np.zeros(len(left), bool)
        for label in range(classes):
            end = starts[label + 1] if label + 1 < classes else len(left)
            chosen[rng.permutation(members[starts[label] : end])[: share[label]]] = True
        result[name] = left[chosen]
        left = left[~chosen]
    result['train'] = left
    return result
