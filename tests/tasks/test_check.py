import numpy as np
import pytest

from nao_tf.errors import InputError
from nao_tf.tasks.check import checked_images, checked_labels


def images_error(images):
    with pytest.raises(InputError) as caught:
        checked_images(images, origin='here')
    assert '\n' not in str(caught.value)
    return str(caught.value)


def labels_error(labels, **known):
    with pytest.raises(InputError) as caught:
        checked_labels(labels, origin='here', **{'images': len(labels), **known})
    assert '\n' not in str(caught.value)
    return str(caught.value)


def test_right_images_stay_as_they_are():
    images = np.zeros((3, 4, 5, 1), np.uint8)
    assert checked_images(images, origin='here') is images
    assert checked_images(images[..., 0], origin='here').shape == (3, 4, 5, 1)
    assert checked_images(images.astype(np.float64), origin='here').dtype == np.float32
    assert checked_images(images.astype(np.int64), origin='here').dtype == np.float32


def test_images_of_unequal_shape():
    unequal = [np.zeros((4, 4, 1)), np.zeros((5, 4, 1))]
    assert 'unequal shape' in images_error(unequal)
    boxed = np.empty(2, object)
    boxed[:] = unequal
    assert 'unequal shape' in images_error(boxed)


def test_images_that_are_none():
    assert 'there are no images' in images_error(np.zeros((0, 4, 4, 1), np.uint8))
    assert 'shape (4, 4)' in images_error(np.zeros((4, 4), np.uint8))
    assert 'type <U1' in images_error(np.full((2, 4, 4, 1), 'a'))


def test_images_with_channels_first():
    message = images_error(np.zeros((10, 3, 32, 32), np.uint8))
    assert 'channels first' in message
    assert 'transpose(0, 2, 3, 1)' in message


@pytest.mark.parametrize('value', [np.nan, np.inf])
def test_pixels_that_are_not_finite(value):
    images = np.zeros((5000, 2, 2, 1), np.float32)
    images[4321, 1, 1, 0] = value
    assert 'image 4321 has pixels that are NaN or infinite' in images_error(images)


def test_right_labels_become_int32():
    for labels in (np.arange(3), np.arange(3)[:, None], [0, 1, 2], np.arange(3.0)):
        result = checked_labels(labels, images=3, classes=3, origin='here')
        assert result.dtype == np.int32
        assert result.tolist() == [0, 1, 2]


def test_another_number_of_labels():
    assert '4 labels for 5 images' in labels_error([0, 1, 2, 3], images=5)


def test_negative_labels():
    assert 'label -1 of image 2 is wrong' in labels_error([0, 1, -1])


def test_labels_that_are_no_whole_numbers():
    assert 'label 0.5 of image 1 is wrong' in labels_error([0, 0.5, 1])
    assert 'label nan of image 1 is wrong' in labels_error([0, np.nan, 1])
    assert 'of type <U1' in labels_error(['a', 'b'])


def test_labels_out_of_range():
    assert 'label 3 of image 2 is wrong; labels are whole numbers 0 to 2' in labels_error([0, 1, 3], classes=3)


def test_one_hot_labels_name_the_remedy():
    assert 'labels.argmax(axis=1)' in labels_error(np.eye(3))
