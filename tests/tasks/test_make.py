import ml_collections
import numpy as np
import pytest

from nao_tf.errors import InputError
from nao_tf.tasks.augment import Augmentation
from nao_tf.tasks.config import default_task_config, read_task_config
from nao_tf.tasks.make import as_task, make_task, task_from_arrays


def error(config):
    with pytest.raises(InputError) as caught:
        make_task(config)
    assert '\n' not in str(caught.value)
    return str(caught.value)


def test_the_default_config_is_the_digits():
    config = default_task_config()
    task = make_task(config)
    assert task.name == 'digits'
    assert task.augment == Augmentation(1, flip=False, cutout=0)
    assert task.fingerprint == make_task({}).fingerprint


def test_fields_are_overridden_as_a_command_line_does():
    config = default_task_config().lock()
    config.update_from_flattened_dict({'validation': 297, 'test': 500, 'image_size': 16, 'augment.cutout': 4})
    task = make_task(config)
    assert task.splits == {'train': 1000, 'valid': 297, 'test': 500}
    assert task.image_shape == (16, 16, 1)
    assert task.augment == Augmentation(2, cutout=4)


def test_dotted_fields_are_read():
    read = read_task_config({'augment.pad': 2, 'augment.flip': True, 'image_size': [8, 9]})
    assert (read.pad, read.flip, read.image_size) == (2, True, (8, 9))


def test_a_source_that_does_not_exist_lists_those_that_do():
    assert error({'name': 'mnist'}) == (
        "task.name 'mnist' does not exist; there are digits, folder, npz, tfds:<name of tensorflow-datasets>, pydoc, "
        'ptb, wikitext, text'
    )


def test_a_path_that_does_not_exist():
    with pytest.raises(InputError, match=r"task 'nowhere' does not exist; it may be digits, pydoc, tfds:<name"):
        as_task('nowhere')
    assert "task.path is 'nowhere'; it must be a folder" in error({'name': 'folder', 'path': 'nowhere'})
    assert "task.path is ''; it must be a .npz file" in error({'name': 'npz'})


@pytest.mark.parametrize(
    ('config', 'words'),
    [
        ({'nam': 'digits'}, 'task.nam does not exist; the fields are augment, cache_dir, channels, class_weight'),
        (
            {'augment': {'rotate': 3}},
            'task.augment.rotate does not exist; the fields are area, colour, cutout, flip, pad',
        ),
        ({'image_size': -1}, 'task.image_size is (-1, -1)'),
        ({'image_size': 'large'}, "task.image_size is 'large'"),
        ({'image_size': (8, 8, 3)}, 'task.image_size is (8, 8, 3)'),
        ({'channels': 4}, 'task.channels is 4'),
        ({'validation': -0.1}, 'task.validation is -0.1'),
        ({'validation': 10.5}, 'task.validation is 10.5'),
        ({'validation': float('inf')}, 'task.validation is inf'),
        ({'test': float('nan')}, 'task.test is nan'),
        ({'validation': 1797}, 'task.validation asks for 1797 images and the data has 1797'),
        ({'test': 'some'}, "task.test is 'some'"),
        ({'split_seed': -1}, 'task.split_seed is -1'),
        ({'memory_mb': 0.5}, 'task.memory_mb is 0.5'),
        ({'metric': 'f1'}, "task.metric 'f1' does not exist; there are accuracy, balanced_accuracy, auc"),
        ({'class_weight': 'yes'}, "task.class_weight is 'yes'; it is one of none, balanced"),
        ({'augment': {'pad': 8}}, 'task.augment.pad is 8; images of 8 x 8 pixels allow 0 to 7'),
        ({'augment': {'cutout': -2}}, 'task.augment.cutout is -2'),
    ],
)
def test_wrong_values_are_named(config, words):
    assert words in error(config)


def test_what_is_no_task():
    for value in (7, [1, 2, 3], np.zeros((3, 4, 4, 1))):
        with pytest.raises(InputError, match='cannot make a task of'):
            as_task(value)


def test_as_task_takes_whatever_a_person_has(arrays, tmp_path):
    np.savez(tmp_path / 'a.npz', images=arrays[0], labels=arrays[1])
    by_arrays = as_task(arrays, validation=9)
    assert by_arrays.splits == {'train': 63, 'valid': 9, 'test': 18}
    assert as_task(by_arrays, validation=30) is by_arrays
    assert as_task(list(arrays), name='digits', path='elsewhere', validation=9).fingerprint == by_arrays.fingerprint
    assert as_task(str(tmp_path / 'a.npz'), name='digits').name == 'a.npz'
    assert as_task('digits', split_seed=1).fingerprint != as_task('digits').fingerprint
    assert as_task(ml_collections.ConfigDict({'name': 'digits'})).fingerprint == as_task('digits').fingerprint
    with pytest.raises(InputError, match='class_names are given with arrays and datasets only'):
        as_task('digits', class_names=['a'])


def test_task_from_arrays_takes_splits_as_pairs_or_sizes(arrays):
    images, labels = arrays
    task = task_from_arrays(images, labels, validation=(images[:9], labels[:9]), test=9, metric='auc')
    assert task.splits == {'train': 81, 'valid': 9, 'test': 9}
    assert task.metric == 'auc'


def test_balanced_class_weights_average_to_one_over_the_training_split():
    rng = np.random.default_rng(0)
    labels = np.array([0] * 160 + [1] * 40)
    task = task_from_arrays(rng.integers(0, 256, (200, 8, 8, 1), dtype=np.uint8), labels, class_weight='balanced')
    np.testing.assert_allclose(task.class_weights, [120 / (2 * 96), 120 / (2 * 24)])
    assert task.class_weights[task.labels('train')].mean() == pytest.approx(1)
    assert as_task('digits').class_weights is None


def test_fingerprints_differ_with_data_and_splits(arrays):
    images, labels = arrays
    changed = images.copy()
    changed[:] = 255 - images
    tasks = [
        task_from_arrays(images, labels),
        task_from_arrays(changed, labels),
        task_from_arrays(images, labels[::-1].copy()),
        task_from_arrays(images, labels, split_seed=1),
        task_from_arrays(images, labels, validation=20),
        task_from_arrays(images, labels, class_names=['a', 'b', 'c']),
    ]
    assert len({task.fingerprint for task in tasks}) == len(tasks)
    assert task_from_arrays(images, labels, augment={'flip': True}, metric='auc').fingerprint == tasks[0].fingerprint


def test_the_test_split_is_read_by_name_only(arrays):
    """A task whose test images differ gives the same statistics, training and validation batches."""
    images, labels = arrays
    tasks = [
        task_from_arrays(images, labels, validation=15, test=(np.full_like(images, value), labels))
        for value in (0, 255)
    ]
    np.testing.assert_array_equal(tasks[0].mean, tasks[1].mean)
    np.testing.assert_array_equal(tasks[0].std, tasks[1].std)
    for batches in (lambda task: task.train_batches(8, seed=0, steps=3), lambda task: task.eval_batches('valid', 8)):
        for one, other in zip(*map(batches, tasks), strict=True):
            np.testing.assert_array_equal(one[0], other[0])


def test_a_split_that_is_not_there(arrays):
    task = task_from_arrays(*arrays, test=0)
    for ask in (task.arrays, task.labels, lambda name: task.eval_batches(name, 4)):
        with pytest.raises(InputError, match="task arrays has no split 'test'; it has train, valid"):
            ask('test')


def test_an_epoch_shows_all_images(arrays):
    task = task_from_arrays(*arrays)
    assert task.splits['train'] == 54
    assert [task.steps_per_epoch(size) for size in (1, 9, 10, 54, 100)] == [54, 6, 6, 1, 1]
