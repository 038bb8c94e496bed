from unittest import mock

import numpy as np
import psutil
import pytest
import tensorflow as tf

from nao_tf.tasks import augment, pipeline
from nao_tf.tasks.make import as_task, task_from_arrays
from nao_tf.tasks.pipeline import StreamKey, shuffled_positions

AUGMENT = {'pad': 1, 'flip': True, 'cutout': 2}


@pytest.fixture
def numbered():
    """A task of 50 training images whose every pixel is the image's number, not augmented."""
    images = np.broadcast_to(np.arange(70, dtype=np.uint8)[:, None, None, None], (70, 4, 4, 1)).copy()
    return task_from_arrays(images, np.arange(70) % 2, validation=10, test=10, augment={'pad': 0})


def numbers(task, batches):
    """Returns the image numbers of normalised batches."""
    return [np.round(images.numpy()[:, 0, 0, 0] * task.std[0] + task.mean[0]).astype(int) for images, _, _ in batches]


def as_numpy(batches):
    return [tuple(part.numpy() for part in batch) for batch in batches]


def assert_same(some, others):
    assert len(some) == len(others)
    for one, other in zip(some, others, strict=True):
        for part, same in zip(one, other, strict=True):
            np.testing.assert_array_equal(part, same)


ROWS = np.array([[0, 1, 2, 3, 4, 5], [6, 7, 8, 9, 10, -1]])  # a batch of 11 in two parts, one with filler


def test_parts_of_batches_are_their_rows(arrays):
    task = task_from_arrays(*arrays, augment=AUGMENT)
    for whole, parts in (
        (task.train_batches(11, seed=4, steps=3), task.train_batches(11, seed=4, steps=3, rows=ROWS)),
        (task.eval_batches('valid', 11), task.eval_batches('valid', 11, ROWS)),
    ):
        for batch, part in zip(as_numpy(whole), as_numpy(parts), strict=True):
            assert part[0].shape[:2] == ROWS.shape
            for tensor, divided in zip(batch, part, strict=True):
                np.testing.assert_array_equal(divided[ROWS >= 0], tensor)
            assert (part[2][ROWS < 0] == 0).all()


def test_every_epoch_shows_every_image_once_in_a_new_order(numbered):
    stream = np.concatenate(numbers(numbered, numbered.train_batches(16, seed=1, steps=25)))
    epochs = stream.reshape(8, 50)
    train = np.sort(numbered.arrays('train')[0][:, 0, 0, 0])
    for epoch in epochs:
        np.testing.assert_array_equal(np.sort(epoch), train)
    assert len({tuple(epoch) for epoch in epochs}) == 8


def test_labels_belong_to_their_images(numbered):
    for images, labels, weights in numbered.train_batches(16, seed=1, steps=5):
        np.testing.assert_array_equal(numbers(numbered, [(images, labels, weights)])[0] % 2, labels)
        np.testing.assert_array_equal(weights, np.ones(16))


def test_a_batch_may_be_larger_than_the_data(numbered):
    (stream,) = numbers(numbered, numbered.train_batches(120, seed=1, steps=1))
    assert sorted(set(np.bincount(stream)[np.unique(stream)])) == [2, 3]


def test_a_training_stopped_in_the_middle_continues_identically(arrays):
    task = task_from_arrays(*arrays, augment=AUGMENT)
    whole = as_numpy(task.train_batches(16, seed=5, steps=12))
    assert len(whole) == 12
    assert_same(whole[7:], as_numpy(task.train_batches(16, seed=5, steps=12, start_step=7)))
    again = task_from_arrays(*arrays, augment=AUGMENT)
    assert_same(whole, as_numpy(again.train_batches(16, seed=5, steps=12)))
    assert as_numpy(task.train_batches(16, seed=5, steps=12, start_step=12)) == []


def test_two_trainings_at_a_time_do_not_disturb_each_other(arrays):
    task = task_from_arrays(*arrays, augment=AUGMENT)
    one, two = (iter(task.train_batches(16, seed=seed, steps=6)) for seed in (1, 2))
    mixed = [(next(one), next(two)) for _ in range(6)]
    assert_same(as_numpy(pair[0] for pair in mixed), as_numpy(task.train_batches(16, seed=1, steps=6)))
    assert_same(as_numpy(pair[1] for pair in mixed), as_numpy(task.train_batches(16, seed=2, steps=6)))


@pytest.mark.parametrize('seed', [0, 1, 2**31, 2**63, 2**80])
def test_seeds_of_any_size_give_streams_of_their_own(arrays, seed):
    task = task_from_arrays(*arrays, augment=AUGMENT)
    (images, labels, _), *_ = as_numpy(task.train_batches(32, seed=seed, steps=1))
    (other_images, other_labels, _), *_ = as_numpy(task.train_batches(32, seed=seed + 1, steps=1))
    assert (labels != other_labels).any()
    assert (images != other_images).any()


def test_shapes_are_static(arrays):
    task = task_from_arrays(*arrays)
    for dataset in (task.train_batches(16, seed=0, steps=3), task.eval_batches('valid', 16)):
        assert dataset.element_spec == (
            tf.TensorSpec([16, 8, 6, 3], tf.float32),
            tf.TensorSpec([16], tf.int32),
            tf.TensorSpec([16], tf.float32),
        )
        assert int(dataset.cardinality()) == len(list(dataset))


def test_evaluation_shows_every_image_once_and_fills_up_with_weight_zero(numbered):
    batches = list(numbered.eval_batches('valid', 4))
    weights = np.concatenate([weights for _, _, weights in batches])
    assert weights.tolist() == [1] * 10 + [0] * 2
    images, labels = numbered.arrays('valid')
    np.testing.assert_array_equal(np.concatenate(numbers(numbered, batches))[:10], images[:, 0, 0, 0])
    np.testing.assert_array_equal(np.concatenate([labels for _, labels, _ in batches])[:10], labels)


def test_evaluation_images_are_not_augmented(arrays):
    task = task_from_arrays(*arrays, augment=AUGMENT)
    images, _, _ = next(iter(task.eval_batches('valid', 18)))
    np.testing.assert_allclose(images, (task.arrays('valid')[0] - task.mean) / task.std, atol=1e-5)


def test_images_on_disk_give_the_same_batches(arrays, tmp_path):
    images, labels = arrays
    on_disk = np.lib.format.open_memmap(tmp_path / 'images.npy', 'w+', images.dtype, images.shape)
    on_disk[:] = images
    memory, disk = (task_from_arrays(part, labels, augment=AUGMENT) for part in (images, on_disk))
    assert disk.data.splits['train'].store.tensor is None
    assert memory.fingerprint == disk.fingerprint
    for split in ('valid', 'test'):
        assert_same(as_numpy(memory.eval_batches(split, 16)), as_numpy(disk.eval_batches(split, 16)))
    assert_same(as_numpy(memory.train_batches(16, seed=3, steps=9)), as_numpy(disk.train_batches(16, seed=3, steps=9)))


def test_the_order_has_golden_values():
    key = StreamKey.from_seed(7)
    positions = shuffled_positions(key, tf.constant(2, tf.int64), batch_size=6, size=10).numpy()
    assert positions.tolist() == [7, 2, 4, 9, 5, 3]


@pytest.mark.parametrize('stream', ['seeds', 'epochs'])
def test_orders_are_uniform(stream):
    """Every image at every place as often as any other; one permutation no closer to the next than chance."""
    size, repeats = 20, 3000
    # Epochs of one seed in one call; or one seed after another, some epochs each.
    epochs = repeats if stream == 'epochs' else 5
    order = tf.function(
        lambda words: shuffled_positions(
            StreamKey(words, words), tf.constant(0, tf.int64), batch_size=epochs * size, size=size
        ),
        autograph=False,
    )
    calls = [order(tf.constant(StreamKey.from_seed(seed).order)) for seed in range(repeats // epochs)]
    orders = np.concatenate(calls).reshape(repeats, size)
    counts = np.zeros((size, size))
    for row in orders:
        counts[np.arange(size), row] += 1
    expected = repeats / size
    chi_squared = ((counts - expected) ** 2 / expected).sum() / (size - 1) ** 2
    assert 0.8 < chi_squared < 1.25
    assert len({tuple(row) for row in orders}) > 0.99 * repeats
    assert 0.9 < (orders[1:] == orders[:-1]).sum(axis=1).mean() < 1.1


def test_a_thousand_trainings_trace_once(arrays):
    task = task_from_arrays(*arrays, augment=AUGMENT)
    with mock.patch.object(pipeline.augment, 'draw', wraps=augment.draw) as traced:
        for seed in range(30):
            task.train_batches(16, seed=seed, steps=5 + seed, start_step=seed % 3)
        first = traced.call_count
        task.train_batches(8, seed=0, steps=5)
    assert first == traced.call_count / 2
    assert first <= 2


def test_a_new_training_leaves_nothing_behind():
    """A pipeline traced anew for each training would leave 0.2 MiB behind every time."""
    task = as_task('digits', augment={'pad': 1, 'cutout': 2})
    process = psutil.Process()
    memory = []
    for seed in range(150):
        for _ in task.train_batches(64, seed=seed, steps=8):
            pass
        memory.append(process.memory_info().rss)
    assert memory[149] - memory[29] < 8 * 2**20
