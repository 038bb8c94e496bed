import numpy as np
import pytest
import tensorflow as tf

from nao_tf.errors import InputError
from nao_tf.tasks.augment import Augmentation, Draws, crop_and_flip, draw, normalise, normalise_and_cut_out


def drawn(augmentation, shape, *, batch_size, key=1, step=0):
    draws = draw(
        augmentation,
        shape,
        batch_size=batch_size,
        key=tf.constant([key], tf.uint64),
        step=tf.constant(step, tf.uint64),
    )
    return {name: value.numpy()[:, 0] for name, value in vars(draws).items() if value is not None}


def as_draws(**values):
    size = len(next(iter(values.values())))
    fields = ('top', 'left', 'mirrored', 'row', 'column')
    return Draws(*(tf.constant(values.get(name, [0] * size), tf.int32)[:, None] for name in fields))


def test_draws_have_golden_values():
    draws = drawn(Augmentation(4, flip=True, cutout=16), (32, 32, 3), batch_size=6, key=7, step=3)
    assert {name: values.tolist() for name, values in draws.items()} == {
        'top': [3, 3, 2, 0, 6, 4],
        'left': [4, 3, 8, 8, 0, 0],
        'mirrored': [1, 1, 0, 1, 0, 0],
        'row': [26, 14, 12, 22, 19, 11],
        'column': [3, 24, 11, 18, 26, 20],
    }


def test_draws_are_uniform_over_their_ranges():
    draws = drawn(Augmentation(2, flip=True, cutout=3), (8, 6, 1), batch_size=40_000)
    for name, count in {'top': 5, 'left': 5, 'mirrored': 2, 'row': 8, 'column': 6}.items():
        shares = np.bincount(draws[name], minlength=count) / 40_000
        assert len(shares) == count
        np.testing.assert_allclose(shares, 1 / count, atol=0.01)
    correlation = np.corrcoef(np.stack(list(draws.values())))
    assert np.abs(correlation - np.eye(5)).max() < 0.02


def test_draws_of_different_steps_and_keys_differ():
    base = drawn(Augmentation(4), (32, 32, 3), batch_size=1000)['row']
    for other in ({'step': 1}, {'key': 2}, {'step': 2**33}):
        assert np.mean(base == drawn(Augmentation(4), (32, 32, 3), batch_size=1000, **other)['row']) < 0.1


@pytest.mark.parametrize('dtype', [np.uint8, np.float32])
def test_crop_and_flip_is_what_slicing_gives(dtype):
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (50, 8, 6, 3)).astype(dtype)
    top, left, mirrored = rng.integers(0, 5, 50), rng.integers(0, 5, 50), rng.integers(0, 2, 50)
    result = crop_and_flip(
        tf.constant(images), as_draws(top=top, left=left, mirrored=mirrored), Augmentation(2, flip=True)
    )
    assert result.dtype == dtype
    padded = np.pad(images, ((0, 0), (2, 2), (2, 2), (0, 0)))
    for index in range(50):
        expected = padded[index, top[index] : top[index] + 8, left[index] : left[index] + 6]
        np.testing.assert_array_equal(result[index], expected[:, ::-1] if mirrored[index] else expected)


def test_nothing_is_flipped_without_flip():
    images = tf.constant(np.arange(4 * 3 * 3, dtype=np.uint8).reshape(4, 3, 3, 1))
    draws = as_draws(top=[1] * 4, left=[1] * 4, mirrored=[0, 1, 0, 1])
    np.testing.assert_array_equal(crop_and_flip(images, draws, Augmentation(1)), images)
    assert crop_and_flip(images, draws, Augmentation()) is images


def test_flip_without_pad():
    images = tf.constant(np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 4, 1))
    result = crop_and_flip(images, as_draws(mirrored=[1, 0]), Augmentation(flip=True))
    np.testing.assert_array_equal(result[0], images[0][:, ::-1])
    np.testing.assert_array_equal(result[1], images[1])


def cut_out(images, draws, augmentation):
    """Cuts squares out of raw images that are already of mean 0 and standard deviation 1."""
    channels = images.shape[-1]
    return normalise_and_cut_out(images, draws, augmentation, mean=np.zeros(channels), std=np.ones(channels))


@pytest.mark.parametrize('size', [1, 2, 3, 4, 5])
def test_cutout_is_clipped_on_every_side(size):
    rows, columns = (grid.ravel() for grid in np.mgrid[:6, :5])
    images = np.ones((30, 6, 5, 2), np.float32)
    result = cut_out(tf.constant(images), as_draws(row=rows, column=columns), Augmentation(cutout=size)).numpy()
    for index, (row, column) in enumerate(zip(rows, columns, strict=True)):
        expected = np.ones((6, 5, 2), np.float32)
        top, left = row - size // 2, column - size // 2
        expected[max(top, 0) : top + size, max(left, 0) : left + size] = 0
        np.testing.assert_array_equal(result[index], expected, err_msg=f'{row}, {column}')


def test_cutout_at_a_corner_leaves_a_quarter_of_the_square():
    images = tf.ones([4, 32, 32, 3])
    result = cut_out(images, as_draws(row=[0, 0, 31, 16], column=[0, 31, 31, 16]), Augmentation(cutout=16)).numpy()
    assert (1 - result[..., 0]).sum(axis=(1, 2)).tolist() == [64, 8 * 9, 81, 256]


def test_normalise_uses_the_statistics_of_each_channel():
    images = np.random.default_rng(0).integers(0, 256, (3, 5, 4, 2), dtype=np.uint8)
    result = normalise(tf.constant(images), mean=np.array([10.0, 20.0]), std=np.array([2.0, 5.0]))
    assert result.dtype == tf.float32
    np.testing.assert_allclose(result, (images - np.array([10.0, 20.0])) / np.array([2.0, 5.0]), rtol=1e-5, atol=1e-5)


def test_cutout_leaves_the_rest_normalised():
    images = tf.constant(np.random.default_rng(0).integers(0, 256, (30, 6, 5, 3), dtype=np.uint8))
    rows, columns = (grid.ravel() for grid in np.mgrid[:6, :5])
    draws = as_draws(row=rows, column=columns)
    statistics = {'mean': np.array([10.0, 20.0, 30.0]), 'std': np.array([2.0, 5.0, 7.0])}
    plain = normalise(images, **statistics)
    keep = cut_out(tf.ones(images.shape), draws, Augmentation(cutout=3))
    result = normalise_and_cut_out(images, draws, Augmentation(cutout=3), **statistics)
    np.testing.assert_allclose(result, plain * keep, rtol=1e-6)
    none = normalise_and_cut_out(images, draws, Augmentation(), **statistics)
    np.testing.assert_array_equal(none, plain)


@pytest.mark.parametrize(
    ('fields', 'words'),
    [
        ({'pad': -1}, 'task.augment.pad is -1'),
        ({'cutout': 1.5}, 'task.augment.cutout is 1.5'),
        ({'flip': 'yes'}, "task.augment.flip is 'yes'"),
    ],
)
def test_wrong_fields_are_named(fields, words):
    with pytest.raises(InputError, match=words):
        Augmentation(**fields)


@pytest.mark.parametrize('fields', [{'pad': 8}, {'cutout': 8}])
def test_sizes_that_hide_the_image_are_refused(fields):
    Augmentation(7, cutout=7).check((8, 9, 1))
    with pytest.raises(InputError, match='images of 8 x 9 pixels allow 0 to 7'):
        Augmentation(**fields).check((8, 9, 1))
