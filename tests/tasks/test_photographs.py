import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from nao_tf.errors import InputError
from nao_tf.tasks.augment import Augmentation, change, draw
from nao_tf.tasks.config import read_task_config
from nao_tf.tasks.photographs import DRAWS, jitter_colour, random_resized_crop


def draws_of(rows):
    return tf.constant(np.asarray(rows, np.float32).reshape(-1, DRAWS))


def uniform(count, seed=0):
    return draws_of(np.random.default_rng(seed).random((count, DRAWS)))


def test_the_largest_crop_is_the_image():
    images = tf.constant(np.random.default_rng(0).integers(0, 256, (3, 9, 7, 3), dtype=np.uint8))
    result = random_resized_crop(images, draws_of([[1, 0.5, 0.3, 0.9, 0, 0, 0]] * 3), 0.08)
    np.testing.assert_allclose(result, images, atol=1e-3)


def test_a_crop_is_what_pillow_cuts_and_stretches():
    rng = np.random.default_rng(1)
    images = rng.random((40, 24, 32, 1), np.float32)
    draws = uniform(40, seed=2)
    result = random_resized_crop(tf.constant(images), draws, 0.1).numpy()
    compared = 0
    for image, (share, ratio, down, across, *_), mine in zip(images, draws.numpy(), result, strict=True):
        stretch = (4 / 3) ** (ratio - 0.5)
        side = np.sqrt(0.1 + 0.9 * share)
        tall, wide = min(side / stretch, 1), min(side * stretch, 1)
        top, left = down * (1 - tall) * 24, across * (1 - wide) * 32
        box = (left, top, left + wide * 32, top + tall * 24)
        if top < 1 or left < 1 or box[2] > 31 or box[3] > 23:  # beyond its border each does as it likes
            continue
        theirs = np.asarray(Image.fromarray(image[..., 0]).resize((32, 24), Image.Resampling.BILINEAR, box=box))
        np.testing.assert_allclose(mine[..., 0], theirs, atol=1e-4)
        compared += 1
    assert compared > 10


def test_shares_and_ratios_are_what_was_asked_for():
    height, width = 40, 60
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    images = np.broadcast_to(np.stack([rows, columns], -1), (2000, height, width, 2))
    result = random_resized_crop(tf.constant(images), uniform(2000), 0.25).numpy()
    tall = (result[:, -1, 0, 0] - result[:, 0, 0, 0]) / (height - 1)
    wide = (result[:, 0, -1, 1] - result[:, 0, 0, 1]) / (width - 1)
    inside = (tall < 0.95) & (wide < 0.95)
    shares, ratios = (tall * wide)[inside], (wide / tall)[inside]
    assert 0.22 < shares.min() < 0.27
    assert 0.7 < ratios.min() < 0.8
    assert 1.25 < ratios.max() < 1.4


def test_colours_worked_out_by_hand():
    image = np.array([[[[100.0, 50.0, 200.0], [20.0, 20.0, 20.0]]]], np.float32)
    weights = np.array([0.2989, 0.587, 0.114])
    expected = image * 1.2
    mean = (expected @ weights).mean()
    expected = mean + (expected - mean) * 0.8
    grey = (expected @ weights)[..., None]
    expected = grey + (expected - grey) * 1.4
    result = jitter_colour(tf.constant(image), draws_of([0, 0, 0, 0, 0.75, 0.25, 1.0]), 0.4)
    np.testing.assert_allclose(result, expected, rtol=1e-4)


def test_middle_draws_change_no_colour_and_bytes_stay_in_range():
    images = tf.constant(np.random.default_rng(0).integers(0, 256, (20, 6, 5, 3), dtype=np.uint8))
    same = jitter_colour(images, draws_of([[0.5] * DRAWS] * 20), 0.4)
    np.testing.assert_allclose(same, images, atol=1e-3)
    changed = jitter_colour(images, uniform(20), 1.0).numpy()
    assert changed.min() >= 0
    assert changed.max() <= 255
    grey = tf.constant(np.full((1, 4, 4, 1), 100, np.uint8))
    np.testing.assert_allclose(jitter_colour(grey, draws_of([0.5, 0.5, 0.5, 0.5, 1, 0, 0]), 0.4), 140, rtol=1e-5)


def test_the_other_draws_stay_what_they_are():
    place = {'batch_size': 50, 'key': tf.constant([3], tf.uint64), 'step': tf.constant(2, tf.uint64)}
    plain = draw(Augmentation(flip=True), (32, 32, 3), **place)
    both = draw(Augmentation(flip=True, area=0.08, colour=0.4), (32, 32, 3), **place)
    np.testing.assert_array_equal(plain.mirrored, both.mirrored)
    assert plain.photograph is None
    assert both.photograph.shape == (50, DRAWS)
    np.testing.assert_array_equal(both.rows(np.array([4, 7])).photograph, both.photograph.numpy()[[4, 7]])
    images = tf.constant(np.random.default_rng(0).integers(0, 256, (50, 32, 32, 3), dtype=np.uint8))
    changed = change(images, both, Augmentation(flip=True, area=0.08, colour=0.4))
    assert changed.shape == images.shape
    assert changed.dtype == tf.float32
    assert change(images, plain, Augmentation(flip=True)).dtype == tf.uint8


@pytest.mark.parametrize(
    ('fields', 'words'),
    [
        ({'area': 0.0}, 'task.augment.area is 0.0'),
        ({'area': 'half'}, "task.augment.area is 'half'"),
        ({'colour': 1.5}, 'task.augment.colour is 1.5'),
        ({'area': 0.5, 'pad': 4}, 'an image is cropped once'),
    ],
)
def test_wrong_fields_are_named(fields, words):
    with pytest.raises(InputError, match=words):
        Augmentation(**fields)


def test_a_config_with_such_crops_has_no_padding():
    assert read_task_config({'augment': {'area': 0.5}}).augmentation((32, 32, 3)) == Augmentation(0, area=0.5)
    assert read_task_config({}).augmentation((32, 32, 3)) == Augmentation(4)
