"""Augmentation of a batch on the host, a pure function of (key, step): crop, colours, flip and cutout."""

from __future__ import annotations

import dataclasses

import numpy as np
import tensorflow as tf

from nao_tf.errors import InputError
from nao_tf.tasks import photographs

PHOTOGRAPHS = np.uint64(2**63)  # where their stream of random numbers begins, far from the end of the other


@dataclasses.dataclass(frozen=True)
class Augmentation:
    """What is done to a training image; evaluation images are never augmented.

    Args:
        pad: pixels of raw zeros added on every side before a crop of the image's own size; 0 for no crop.
        flip: mirrors every second image left to right. Not for data in which left and right matter (digits, text).
        cutout: side of the erased square in pixels; 0 for none. DeVries and Taylor, 2017 (arXiv:1708.04552).
        area: least share of an image that a crop of random size and shape keeps; 1 for no such crop.
        colour: how far brightness, contrast and saturation go from 1 at most; 0 for no change.

    Raises:
        InputError: if a size is negative or no integer, flip is no boolean, area or colour is out of range, or there
            are crops of both kinds.
    """

    pad: int = 0
    flip: bool = False
    cutout: int = 0
    area: float = 1.0
    colour: float = 0.0

    def __post_init__(self) -> None:
        for name in ('pad', 'cutout'):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < 0:
                raise InputError(f'task.augment.{name} is {value!r}; it is a number of pixels, 0 or more')
        if not isinstance(self.flip, bool):
            raise InputError(f'task.augment.flip is {self.flip!r}; it is True or False')
        for name in ('area', 'colour'):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise InputError(f'task.augment.{name} is {value!r}; it is a number from 0 to 1')
        if not 0 < self.area <= 1:
            raise InputError(f'task.augment.area is {self.area!r}; it is a share above 0, and 1 for no such crop')
        if not 0 <= self.colour <= 1:
            raise InputError(f'task.augment.colour is {self.colour!r}; it is from 0 (no change) to 1')
        if self.area < 1 and self.pad:
            raise InputError(
                f'task.augment.area is {self.area!r} and task.augment.pad {self.pad}; an image is cropped once'
            )

    def check(self, image_shape: tuple[int, int, int]) -> None:
        """Checks the sizes against the images.

        Args:
            image_shape: (H, W, C).

        Raises:
            InputError: if a crop or a cutout square could hide the whole image.
        """
        side = min(image_shape[:2])
        for name in ('pad', 'cutout'):
            value = getattr(self, name)
            if value >= side:
                height, width = image_shape[:2]
                raise InputError(
                    f'task.augment.{name} is {value}; images of {height} x {width} pixels allow 0 to {side - 1}'
                )


@dataclasses.dataclass(frozen=True)
class Draws:
    """The random choices for one batch, int32 [B, 1] each unless it says otherwise.

    Args:
        top: first row of the crop in the padded image, 0 to 2 pad.
        left: first column of the crop, 0 to 2 pad.
        mirrored: 1 where the image is flipped, else 0.
        row: row of the centre of the cutout square, 0 to H - 1.
        column: column of that centre, 0 to W - 1.
        photograph: float32 [B, 7] from 0 to 1, of crops of random size and of colours; None where there are none.
    """

    top: tf.Tensor
    left: tf.Tensor
    mirrored: tf.Tensor
    row: tf.Tensor
    column: tf.Tensor
    photograph: tf.Tensor | None = None

    def rows(self, rows: np.ndarray) -> Draws:
        """Returns the choices for some rows of the batch, int [b]."""
        values = (getattr(self, field.name) for field in dataclasses.fields(self))
        return Draws(*(None if value is None else tf.gather(value, rows) for value in values))


# The functions below count their operations, constants included: TensorFlow instantiates the graph anew for every
# iterator, at about 0.2 ms an operation, and a search makes an iterator for every child. Hence the NumPy constants.


def draw(
    augmentation: Augmentation, image_shape: tuple[int, int, int], *, batch_size: int, key: tf.Tensor, step: tf.Tensor
) -> Draws:
    """Returns the random choices for one batch.

    Args:
        augmentation: what is drawn; the draws of one field do not depend on the others.
        image_shape: (H, W, C).
        batch_size: B.
        key: uint64 [1], the stream of random numbers.
        step: uint64 scalar, the place in the stream.
    """
    height, width, _ = image_shape
    crops = 2 * augmentation.pad + 1
    ranges = np.array([crops, crops, 2, height, width], np.float32).reshape(5, 1, 1)

    # Philox, named because 'auto' differs between devices. Its counter counts in the low half within one call, so
    # that a step in the high half never meets another's numbers.
    def uniform(shape: list[int], first: np.uint64) -> tf.Tensor:
        return tf.raw_ops.StatelessRandomUniformV2(shape=shape, key=key, counter=tf.stack([first, step]), alg=1)

    photograph = None
    if augmentation.area < 1 or augmentation.colour:
        photograph = uniform([batch_size, photographs.DRAWS], PHOTOGRAPHS)
    numbers = tf.cast(uniform([5, batch_size, 1], np.uint64(0)) * ranges, tf.int32)
    top, left, mirrored, row, column = tf.unstack(numbers)
    return Draws(top, left, mirrored, row, column, photograph)


def change(images: tf.Tensor, draws: Draws, augmentation: Augmentation) -> tf.Tensor:
    """Crops, changes colours and mirrors.

    Args:
        images: [B, H, W, C], raw pixels of any type, static shape.
        draws: how.
        augmentation: what is done.

    Returns:
        [B, H, W, C] of the same type, or float32 after a crop of random size or a change of colours.
    """
    if draws.photograph is not None and augmentation.colour:
        images = photographs.jitter_colour(images, draws.photograph, augmentation.colour)
    if draws.photograph is not None and augmentation.area < 1:
        images = photographs.random_resized_crop(images, draws.photograph, augmentation.area)
    return crop_and_flip(images, draws, augmentation)


def crop_and_flip(images: tf.Tensor, draws: Draws, augmentation: Augmentation) -> tf.Tensor:
    """Pads with zeros, crops at (top, left), then mirrors left to right.

    One gather of pixels serves crop and flip of the whole batch.

    Args:
        images: [B, H, W, C], raw pixels of any type, static shape.
        draws: where to crop and what to flip.
        augmentation: the pad size, and whether images are flipped.

    Returns:
        [B, H, W, C] of the same type.
    """
    if not augmentation.pad and not augmentation.flip:
        return images
    batch_size, height, width, channels = images.shape
    pad = augmentation.pad
    if pad:
        # As rows of W * C values: with the 1 or 3 channels as its last axis the operation is several times slower.
        rows = tf.reshape(images, [batch_size, height, width * channels])
        images = tf.pad(rows, [[0, 0], [pad, pad], [pad * channels, pad * channels]])
    padded_height, padded_width = height + 2 * pad, width + 2 * pad
    down = np.arange(height, dtype=np.int32)
    across = np.arange(width, dtype=np.int32)
    # Pixel (b, i, j) of the crop is pixel (b * padded_height + top + i) * padded_width + left + j of the batch.
    first = padded_width * (padded_height * np.arange(batch_size, dtype=np.int32)[:, None] + down)
    rows = draws.top * padded_width + first
    columns = draws.left + across
    if augmentation.flip:
        columns = columns + draws.mirrored * (width - 1 - 2 * across)
    pixels = tf.expand_dims(rows, 2) + tf.expand_dims(columns, 1)
    return tf.gather(tf.reshape(images, [-1, channels]), pixels)


def normalise(images: tf.Tensor, *, mean: np.ndarray, std: np.ndarray) -> tf.Tensor:
    """Returns (images - mean) / std as float32.

    Args:
        images: [B, H, W, C], raw pixels of any type, static shape.
        mean: [C], in units of the raw pixels.
        std: [C], in units of the raw pixels.
    """
    scale = _row(1 / np.asarray(std, np.float32), images.shape)
    return tf.reshape(_shifted(images, mean) * scale, images.shape)


def normalise_and_cut_out(
    images: tf.Tensor, draws: Draws, augmentation: Augmentation, *, mean: np.ndarray, std: np.ndarray
) -> tf.Tensor:
    """Normalises, then sets one square of each image to zero, centred anywhere in it and clipped on all four sides.

    The square covers rows row - cutout // 2 up to but not row - cutout // 2 + cutout, columns alike.

    Args:
        images: [B, H, W, C], raw pixels of any type, static shape.
        draws: the centres.
        augmentation: the size of the square.
        mean: [C], in units of the raw pixels.
        std: [C], in units of the raw pixels.

    Returns:
        float32 [B, H, W, C].
    """
    size = augmentation.cutout
    if not size:
        return normalise(images, mean=mean, std=std)
    batch_size, height, width, channels = images.shape
    # Twice the distance from the square's middle, which lies between two pixels where the size is even.
    even = 1 - size % 2
    down = (2 * np.arange(height, dtype=np.int32) + even) - 2 * draws.row
    across = (2 * np.repeat(np.arange(width, dtype=np.int32), channels) + even) - 2 * draws.column
    # A row of pixels is multiplied by 1 / std, or where it meets the square by its image's own row with zeros in it.
    scale = _row(1 / np.asarray(std, np.float32), images.shape)
    scales = tf.concat([scale[None], tf.where(tf.abs(across) < size, np.float32(0), scale)], axis=0)
    chosen = tf.cast(tf.abs(down) < size, tf.int32) * np.arange(1, batch_size + 1, dtype=np.int32)[:, None]
    return tf.reshape(_shifted(images, mean) * tf.gather(scales, chosen), images.shape)


def _row(values: np.ndarray, shape: tf.TensorShape) -> np.ndarray:
    """Returns the values [C] once for every pixel of a row, [W * C]."""
    return np.tile(np.asarray(values, np.float32), shape[2])


def _shifted(images: tf.Tensor, mean: np.ndarray) -> tf.Tensor:
    """Returns images - mean as rows, float32 [B, H, W * C]: to broadcast over a last axis of 1 or 3 is slow."""
    batch_size, height, width, channels = images.shape
    rows = tf.reshape(tf.cast(images, tf.float32), [batch_size, height, width * channels])
    return rows - _row(mean, images.shape)
