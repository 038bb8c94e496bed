"""Checks of images and labels from outside: what is wrong with them is said before any training starts."""

from __future__ import annotations

import numpy as np

from nao_tf.errors import InputError

CHUNK = 4096


def checked_images(images: np.ndarray, *, origin: str) -> np.ndarray:
    """Returns images as [n, H, W, C] of uint8 or float32; a np.memmap of these types stays one.

    Args:
        images: [n, H, W] or [n, H, W, C]; uint8, or finite floating-point or other integer values.
        origin: where they come from, for the error.

    Raises:
        InputError: if the images have unequal shapes, no pixels, a wrong rank or type, or values that are not finite.
    """
    if not isinstance(images, np.ndarray):
        try:
            images = np.asarray(images)
        except ValueError as error:
            raise InputError(f'{origin}: the images are of unequal shape; all must be of one shape') from error
    if images.dtype == object:
        raise InputError(f'{origin}: the images are of unequal shape (an object array); all must be of one shape')
    if images.ndim == 3:
        images = images[..., None]
    if images.ndim != 4:
        raise InputError(f'{origin}: images have shape {images.shape}; it must be [n, H, W] or [n, H, W, C]')
    if 0 in images.shape:
        raise InputError(f'{origin}: there are no images (shape {images.shape})')
    if images.shape[1] in (1, 3) and images.shape[3] > 4:
        raise InputError(
            f'{origin}: images have shape {images.shape}, channels first; it must be [n, H, W, C]: '
            'images.transpose(0, 2, 3, 1)'
        )
    if images.dtype != np.uint8:
        if not (np.issubdtype(images.dtype, np.floating) or np.issubdtype(images.dtype, np.integer)):
            raise InputError(f'{origin}: images are of type {images.dtype}; it must be uint8 or floating-point')
        images = np.asarray(images, np.float32) if images.dtype != np.float32 else images
        for start in range(0, len(images), CHUNK):
            finite = np.isfinite(images[start : start + CHUNK]).all(axis=(1, 2, 3))
            if not finite.all():
                first = start + int(np.argmin(finite))
                raise InputError(f'{origin}: image {first} has pixels that are NaN or infinite; all must be finite')
    return images


def checked_labels(labels: np.ndarray, *, images: int, classes: int | None = None, origin: str) -> np.ndarray:
    """Returns labels as int32 [n].

    Args:
        labels: [n] or [n, 1], integers, or floating-point numbers without a fraction.
        images: n, the number of images they belong to.
        classes: labels are 0 to classes - 1; None if that is not known.
        origin: where they come from, for the error.

    Raises:
        InputError: if number, shape or values are wrong.
    """
    labels = np.asarray(labels)
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.ndim != 1:
        remedy = '; one-hot labels become numbers by labels.argmax(axis=1)' if labels.ndim == 2 else ''
        raise InputError(f'{origin}: labels have shape {labels.shape}; it must be [n], one number an image{remedy}')
    if len(labels) != images:
        raise InputError(f'{origin}: {len(labels)} labels for {images} images; there must be one for each')
    if labels.dtype.kind not in 'iuf':
        raise InputError(f'{origin}: labels are of type {labels.dtype}; they must be whole numbers from 0 on')
    broken = ~np.isfinite(labels) | (labels != np.floor(labels)) if labels.dtype.kind == 'f' else labels < 0
    limit = np.iinfo(np.int32).max if classes is None else classes - 1
    broken = broken | (labels < 0) | (labels > limit)
    if broken.any():
        first = int(np.argmax(broken))
        upto = '' if classes is None else f' to {classes - 1}'
        raise InputError(f'{origin}: label {labels[first]} of image {first} is wrong; labels are whole numbers 0{upto}')
    return labels.astype(np.int32)
