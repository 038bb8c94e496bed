"""Arrays, and the digits."""

import numpy as np
import pytest
from sklearn import datasets

from nao_tf.tasks.make import as_task
from tests.support.tasks import by_label, error


def test_digits():
    task = as_task('digits')
    assert task.image_shape == (8, 8, 1)
    assert task.classes == 10
    assert task.splits == {'train': 1079, 'valid': 359, 'test': 359}
    assert task.describe() == '1,079 training, 359 validation, 359 test images of 8 x 8 x 1, 10 classes'
    sixteenths = datasets.load_digits()
    expected = np.sort(np.round(sixteenths.images[sixteenths.target == 3] * 15.9375).astype(np.uint8).ravel())
    np.testing.assert_array_equal(by_label(task)['3'], expected)
    assert expected.max() == 255


def test_arrays_with_splits_of_their_own(arrays):
    images, labels = arrays
    task = as_task({'train': (images, labels), 'valid': (images[:9], labels[:9])}, test=0, class_names=['a', 'b', 'c'])
    assert task.splits == {'train': 90, 'valid': 9}
    assert task.class_names == ('a', 'b', 'c')
    assert 'train, valid and test' in error({'train': arrays, 'exam': arrays})


def test_lists_of_different_sizes_are_resized(arrays):
    images = [np.full((4 + index % 3, 5, 3), index, np.uint8) for index in range(30)]
    labels = np.arange(30) % 2
    assert as_task((images, labels), image_size=6).image_shape == (6, 6, 3)
    assert as_task((images, labels), image_size=6, channels=1).image_shape == (6, 6, 1)
    assert 'unequal shape' in error((images, labels))


def test_grey_arrays_become_colour(arrays):
    task = as_task((arrays[0][..., 0], arrays[1]), channels=3)
    assert task.image_shape == (8, 6, 3)
    assert 'images of 2 channels cannot be turned into 3' in error((arrays[0][..., :2], arrays[1]), channels=3)


def test_later_changes_of_an_array_do_not_reach_the_task(arrays):
    images, labels = arrays
    task = as_task((images, labels))
    before = task.arrays('train')[0].copy()
    images[:] = 0
    np.testing.assert_array_equal(task.arrays('train')[0], before)
    (batch, _, _), *_ = task.eval_batches('train', 4)
    np.testing.assert_allclose(batch, (before[:4] - task.mean) / task.std, atol=1e-5)


def test_floating_point_images_between_0_and_1(arrays):
    task = as_task((arrays[0] / 255, arrays[1]))
    assert task.white == 1
    assert task.mean[0] == pytest.approx(0.5, abs=0.05)
    assert as_task((arrays[0].astype(np.float32), arrays[1])).white == 255
    for beyond in (arrays[0] / 127.5 - 1, arrays[0] * 257.0):
        assert as_task((beyond, arrays[1])).white is None


def test_pixels_that_are_nan(arrays):
    images = arrays[0].astype(np.float32)
    images[5, 0, 0, 0] = np.nan
    assert 'image 5 has pixels that are NaN' in error((images, arrays[1]))


def test_no_images_at_all():
    assert 'there are no images' in error((np.zeros((0, 8, 8, 1)), np.zeros(0, int)))


def test_splits_of_different_shapes(arrays):
    images, labels = arrays
    message = error({'train': arrays, 'valid': (images[:, :4], labels)})
    assert 'the arrays, valid: images of shape (4, 6, 3)' in message


def test_arrays_of_one_class(arrays):
    assert "has one class, '0'; at least two are needed" in error((arrays[0], np.zeros(90, int)))
