import io
import os
import tracemalloc
import zipfile
from unittest import mock

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from sklearn import datasets

from nao_tf.errors import InputError
from nao_tf.tasks import reading
from nao_tf.tasks.make import as_task, make_task
from nao_tf.tasks.sources import folder, npz_member

SPLIT = {'validation': 0.2, 'test': 0.2}


def by_label(task):
    """Returns all pixels of each class over all splits, sorted."""
    parts = [task.arrays(name) for name in task.splits]
    images, labels = (np.concatenate(part) for part in zip(*parts, strict=True))
    return {name: np.sort(images[labels == label].ravel()) for label, name in enumerate(task.class_names)}


def error(*args, **options):
    with pytest.raises(InputError) as caught:
        as_task(*args, **options)
    assert '\n' not in str(caught.value)
    return str(caught.value)


# --- digits


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


# --- a folder of class folders


def test_folder(class_folders):
    root = class_folders('data', ('dog', 'cat', 'ant'))
    (root / '.cache').mkdir()
    (root / 'cat' / '.DS_Store').write_text('')
    (root / 'LICENSE.txt').write_text('')
    task = as_task(root, **SPLIT)
    assert task.name == 'data'
    assert task.class_names == ('ant', 'cat', 'dog')
    assert task.image_shape == (9, 7, 3)
    assert sum(task.splits.values()) == 18
    assert sorted(set(by_label(task)['cat'])) == [40, 41, 42, 43, 44, 45]
    assert sorted(set(by_label(task)['dog'])) == [0, 1, 2, 3, 4, 5]


def test_grey_folder_stays_grey_and_one_colour_image_colours_all(class_folders):
    root = class_folders('data', ('a', 'b'), mode='L')
    assert as_task(root, **SPLIT).image_shape == (9, 7, 1)
    Image.fromarray(np.zeros((9, 7, 3), np.uint8)).save(root / 'a' / 'colour.png')
    assert as_task(root, **SPLIT).image_shape == (9, 7, 3)
    assert as_task(root, channels=1, **SPLIT).image_shape == (9, 7, 1)


def test_folder_of_different_sizes_is_resized(class_folders):
    root = class_folders('data', ('a', 'b'))
    Image.fromarray(np.zeros((30, 20, 3), np.uint8)).save(root / 'b' / 'large.png')
    assert as_task(root, image_size=5, **SPLIT).image_shape == (5, 5, 3)
    assert as_task(root, image_size=(5, 6), **SPLIT).image_shape == (5, 6, 3)
    message = error(root, **SPLIT)
    assert 'large.png: has 30 x 20 pixels, 0.png 9 x 7' in message
    assert 'set task.image_size' in message


def test_folder_with_splits_of_its_own(class_folders):
    root = class_folders('data/train', ('a', 'b')).parent
    class_folders('data/val', ('a', 'b'), count=3)
    class_folders('data/test', ('b',), count=2)
    task = as_task(root)
    assert task.splits == {'train': 12, 'valid': 6, 'test': 2}
    assert task.arrays('test')[1].tolist() == [1, 1]


def test_folder_with_a_test_split_only_sets_validation_images_apart(class_folders):
    root = class_folders('data/train', ('a', 'b')).parent
    class_folders('data/test', ('a', 'b'), count=2)
    assert as_task(root, validation=4).splits == {'train': 8, 'valid': 4, 'test': 4}


def test_a_split_with_a_class_of_its_own(class_folders):
    root = class_folders('data/train', ('a', 'b')).parent
    class_folders('data/test', ('a', 'c'))
    assert "there is no class 'c' to train on; classes are a, b" in error(root)


def test_a_folder_with_one_class(class_folders):
    root = class_folders('data', ('only',))
    assert f"{root}: has one class folder, 'only'; at least two classes are needed" in error(root)


def test_a_folder_without_class_folders(tmp_path):
    assert 'has no class folders' in error(tmp_path)


def test_a_class_without_images(class_folders):
    root = class_folders('data', ('a', 'b'))
    (root / 'empty').mkdir()
    assert "class 'empty' has no images" in error(root)


@pytest.mark.parametrize('options', [{}, {'image_size': 8, 'channels': 3}])
def test_a_file_that_is_no_image(class_folders, options):
    root = class_folders('data', ('a', 'b'))
    (root / 'b' / 'readme.txt').write_text('text')
    assert f'{root / "b" / "readme.txt"}: is no image' in error(root, **options, **SPLIT)


def test_a_folder_is_decoded_once(class_folders, tmp_path):
    root = class_folders('data', ('a', 'b'))
    options = {'cache_dir': str(tmp_path / 'cache'), **SPLIT}
    with mock.patch.object(reading, 'read_image', wraps=reading.read_image) as decoded:
        first = as_task(root, **options)
        assert decoded.call_count == 12
        for _ in range(2):
            for name in first.splits:
                list(first.eval_batches(name, 4))
            list(first.train_batches(4, seed=0, steps=9))
        second = as_task(root, **options)
        assert decoded.call_count == 12
        assert first.fingerprint == second.fingerprint
        on_disk = as_task(root, memory_mb=0, **options)
        assert decoded.call_count == 12
        assert on_disk.fingerprint == first.fingerprint
        assert on_disk.data.splits['train'].store.tensor is None
        os.utime(root / 'a' / '0.png', (1, 1))
        as_task(root, **options)
        assert decoded.call_count == 24


def test_a_broken_folder_leaves_no_half_written_cache(class_folders, tmp_path):
    root = class_folders('data', ('a', 'b'))
    (root / 'b' / '5.png').write_text('text')
    error(root, cache_dir=str(tmp_path / 'cache'), image_size=4, channels=3, **SPLIT)
    assert os.listdir(tmp_path / 'cache') == []


def test_large_folders_without_a_cache_folder_go_to_the_users(class_folders, tmp_path, monkeypatch):
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path / 'xdg'))
    task = as_task(class_folders('data', ('a', 'b')), memory_mb=0, **SPLIT)
    assert len(os.listdir(tmp_path / 'xdg' / 'nao_tf')) == 2
    assert len(list(task.train_batches(4, seed=0, steps=3))) == 3


def test_split_folders_by_other_words_twice(class_folders):
    root = class_folders('data/train', ('a', 'b')).parent
    class_folders('data/valid', ('a', 'b'))
    class_folders('data/val', ('a', 'b'))
    assert 'has val and valid; there may be one of them' in error(root)
    assert folder.SPLIT_FOLDERS['valid'] == ('valid', 'validation', 'val')


# --- .npz


def test_npz(tmp_path, arrays):
    images, labels = arrays
    np.savez(tmp_path / 'whole.npz', images=images, labels=labels, class_names=['x', 'y', 'z'])
    task = as_task(tmp_path / 'whole.npz')
    assert task.class_names == ('x', 'y', 'z')
    np.testing.assert_array_equal(by_label(task)['y'], np.sort(images[labels == 1].ravel()))
    np.savez(tmp_path / 'split.npz', x_train=images, y_train=labels, x_test=images[:6], y_test=labels[:6])
    task = make_task({'name': 'npz', 'path': str(tmp_path / 'split.npz'), 'validation': 9})
    assert task.splits == {'train': 81, 'valid': 9, 'test': 6}
    np.testing.assert_array_equal(task.arrays('test')[0], images[:6])


def test_large_npz_goes_to_disk(tmp_path, arrays):
    np.savez(tmp_path / 'whole.npz', images=arrays[0], labels=arrays[1])
    task, small = (
        as_task(tmp_path / 'whole.npz', cache_dir=str(tmp_path / 'cache'), memory_mb=limit) for limit in (0, 1)
    )
    assert task.data.splits['train'].store.tensor is None
    assert task.fingerprint == small.fingerprint


def test_large_npz_is_copied_once_and_part_by_part(tmp_path, monkeypatch):
    images = np.random.default_rng(0).integers(0, 256, (600, 64, 64, 1), dtype=np.uint8)
    np.savez(tmp_path / 'a.npz', images=images, labels=np.arange(600) % 3)
    monkeypatch.setattr(npz_member, 'PART_BYTES', 1 << 16)
    options = {'cache_dir': str(tmp_path / 'cache'), 'memory_mb': 0, 'image_size': 32}
    tracemalloc.start()
    task = as_task(tmp_path / 'a.npz', **options)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < images.nbytes / 2
    monkeypatch.setattr(npz_member.Member, 'parts', None)
    again = as_task(tmp_path / 'a.npz', **options)
    assert task.fingerprint == again.fingerprint
    monkeypatch.undo()
    assert as_task(tmp_path / 'a.npz', image_size=32).fingerprint == task.fingerprint


def test_large_npz_that_ends_too_early(tmp_path):
    with zipfile.ZipFile(tmp_path / 'a.npz', 'w') as archive:
        for name, array in (('images', np.zeros((9, 4, 4), np.uint8)), ('labels', np.arange(9) % 3)):
            content = io.BytesIO()
            np.save(content, array)
            archive.writestr(f'{name}.npy', content.getvalue()[: -40 if name == 'images' else None])
    message = error(tmp_path / 'a.npz', cache_dir=str(tmp_path / 'cache'), memory_mb=0)
    assert 'images is damaged (it ends in image 6 of 9)' in message


def test_npz_images_of_unequal_shape(tmp_path):
    boxed = np.empty(2, object)
    boxed[:] = [np.zeros((4, 4, 1)), np.zeros((5, 4, 1))]
    np.savez(tmp_path / 'a.npz', images=boxed, labels=[0, 1])
    message = error(tmp_path / 'a.npz')
    assert 'a.npz: images is an array of objects' in message
    assert 'images of unequal shape; all must be of one shape' in message


def test_npz_labels_that_do_not_match(tmp_path, arrays):
    np.savez(tmp_path / 'a.npz', images=arrays[0], labels=arrays[1][:-1])
    assert '89 labels for 90 images' in error(tmp_path / 'a.npz')


def test_npz_without_the_arrays(tmp_path, arrays):
    np.savez(tmp_path / 'a.npz', pictures=arrays[0])
    assert 'a.npz: has pictures, and no images' in error(tmp_path / 'a.npz')
    np.savez(tmp_path / 'b.npz', x_train=arrays[0])
    assert 'has x_train, and no y_train' in error(tmp_path / 'b.npz')
    np.savez(tmp_path / 'c.npz', x_train=arrays[0], y_train=arrays[1], x_test=arrays[0])
    assert 'and no y_test' in error(tmp_path / 'c.npz')


def test_a_file_that_is_no_npz(tmp_path, arrays):
    (tmp_path / 'a.npz').write_text('text')
    assert 'is no .npz file' in error(tmp_path / 'a.npz')
    np.save(tmp_path / 'b.npy', arrays[0])
    assert 'holds a single array' in error(tmp_path / 'b.npy')
    np.savez(tmp_path / 'c.npz', images=arrays[0], labels=arrays[1])
    (tmp_path / 'c.npz').write_bytes((tmp_path / 'c.npz').read_bytes()[:5000])
    assert 'is no .npz file' in error(tmp_path / 'c.npz')


# --- arrays


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


# --- tf.data.Dataset


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
