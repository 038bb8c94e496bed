"""Augmentation of photographs: crops of random size and shape, and changes of their colours."""

from __future__ import annotations

import math

import numpy as np
import tensorflow as tf

LARGEST_RATIO = 4 / 3  # of width to height, and of height to width
DRAWS = 7  # uniform numbers that an image takes


def random_resized_crop(images: tf.Tensor, draws: tf.Tensor, area: float) -> tf.Tensor:
    """Cuts out a rectangle of each image and stretches it to the image's size, bilinearly (Szegedy et al., 2015).

    Its share of the image is uniform from `area` to 1, the logarithm of its ratio of sides (times that of the image)
    uniform between those of 3/4 and 4/3; a side that would be longer than the image's is cut to that.

    Args:
        images: [B, H, W, C], raw pixels of any type, static shape.
        draws: float32 [B, 7], uniform from 0 to 1; the first four are used.
        area: least share of the image, above 0.

    Returns:
        float32 [B, H, W, C].
    """
    batch_size, height, width, _ = images.shape
    share = area + (1 - area) * draws[:, 0]
    stretch = tf.exp((draws[:, 1] - 0.5) * math.log(LARGEST_RATIO))  # the root of the ratio
    tall = tf.minimum(tf.sqrt(share) / stretch, 1.0)
    wide = tf.minimum(tf.sqrt(share) * stretch, 1.0)
    first_row, last_row = _centres(draws[:, 2] * (1 - tall), tall, height)
    first_column, last_column = _centres(draws[:, 3] * (1 - wide), wide, width)
    boxes = tf.clip_by_value(tf.stack([first_row, first_column, last_row, last_column], axis=1), 0.0, 1.0)
    return tf.image.crop_and_resize(images, boxes, np.arange(batch_size), [height, width])


def jitter_colour(images: tf.Tensor, draws: tf.Tensor, strength: float) -> tf.Tensor:
    """Multiplies brightness, then contrast, then saturation by factors uniform from 1 - strength to 1 + strength.

    Contrast is the distance of a pixel from the mean brightness of its image, saturation that from its own brightness
    (ITU-R BT.601 weights; of a grey image there is none). Howard, 2013 (arXiv:1312.5402).

    Args:
        images: [B, H, W, C] with C 1 or 3, raw pixels of any type.
        draws: float32 [B, 7], uniform from 0 to 1; the last three are used.
        strength: from 0 to 1.

    Returns:
        float32 [B, H, W, C], cut to what a byte holds if the images were bytes.
    """
    whole_bytes = images.dtype == tf.uint8
    factors = 1 - strength + 2 * strength * draws[:, 4:7]
    brightness, contrast, saturation = (factors[:, index, None, None, None] for index in range(3))
    images = _cut(tf.cast(images, tf.float32) * brightness, whole_bytes)
    mean = tf.reduce_mean(_grey(images), axis=[1, 2, 3], keepdims=True)
    images = _cut(mean + (images - mean) * contrast, whole_bytes)
    grey = _grey(images)
    return _cut(grey + (images - grey) * saturation, whole_bytes)


def _centres(start: tf.Tensor, side: tf.Tensor, pixels: int) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns where the centres of a cut's outermost pixels lie, as shares of the way between those of the image."""
    first = start * pixels + side / 2 - 0.5
    return first / max(pixels - 1, 1), (first + side * (pixels - 1)) / max(pixels - 1, 1)


def _grey(images: tf.Tensor) -> tf.Tensor:
    return images if images.shape[-1] == 1 else tf.image.rgb_to_grayscale(images)


def _cut(images: tf.Tensor, whole_bytes: bool) -> tf.Tensor:
    return tf.clip_by_value(images, 0.0, 255.0) if whole_bytes else images
