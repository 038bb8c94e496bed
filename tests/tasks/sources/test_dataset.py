"""A `tf.data.Dataset`."""

import numpy as np
import tensorflow as tf

from nao_tf.tasks.make import as_task
from tests.support.tasks import by_label, error


def dataset(arrays):
    return tf.data.Dataset.from_tensor_slices(arrays)


def test_datasets_batched_shuffled_or_plain_are_the_same_task(arrays):
    tasks = [
        as_task(dataset(arrays)),
        as_task(dataset(arrays).batch(16)),
        as_task(dataset(arrays).shuffle(90, seed=1).batch(7)),
    ]
    assert len({task.fingerprint for task in tasks}) == 1
    np.testing.assert_array_equal(by_label(tasks[0])['2'], np.sort(arrays[0][arrays[1] == 2].ravel()))
    first, *_ = zip(*(task.train_batches(8, seed=1, steps=1) for task in tasks), strict=True)
    np.testing.assert_array_equal(first[0][0], first[2][0])


def test_large_datasets_go_to_disk(arrays, tmp_path):
    memory = as_task(dataset(arrays).shuffle(90, seed=1))
    disk = as_task(dataset(arrays).shuffle(90, seed=2), memory_mb=0, cache_dir=str(tmp_path))
    assert disk.data.splits['train'].store.tensor is None
    assert disk.fingerprint == memory.fingerprint


def test_datasets_by_split(arrays):
    images, labels = arrays
    task = as_task({'train': dataset(arrays), 'valid': dataset((images[:9], labels[:9])).batch(4)}, test=0)
    assert task.splits == {'train': 90, 'valid': 9}


def test_datasets_of_different_sizes(arrays):
    def images():
        for index in range(30):
            yield np.full((4 + index % 2, 5, 1), index, np.uint8), index % 2

    spec = (tf.TensorSpec([None, 5, 1], tf.uint8), tf.TensorSpec([], tf.int64))
    ragged = tf.data.Dataset.from_generator(images, output_signature=spec)
    assert as_task(ragged, image_size=4).image_shape == (4, 4, 1)
    message = error(ragged)
    assert 'image 1 has shape (5, 5, 1), the first (4, 5, 1); set task.image_size' in message


def test_datasets_that_cannot_be_read(arrays):
    assert 'is empty' in error(dataset(arrays).take(0))
    assert 'is empty' in error(dataset(arrays).batch(4).filter(lambda images, labels: False))
    assert 'repeats for ever' in error(dataset(arrays).repeat())
    assert 'must be pairs (image, label)' in error(dataset(arrays[0]))
    square = np.zeros((30, 10, 10, 3), np.uint8), np.eye(10, dtype=np.int64)[np.arange(30) % 10]
    for each in (dataset(square), dataset(square).batch(4)):
        assert 'one-hot labels become numbers by labels.argmax(axis=1)' in error(each)
    grey = dataset((arrays[0][..., 0], arrays[1]))
    assert as_task(grey).fingerprint == as_task(grey.batch(4)).fingerprint
    assert '3 labels for 4 images' in error(tf.data.Dataset.from_tensors((arrays[0][:4], arrays[1][:3])))
