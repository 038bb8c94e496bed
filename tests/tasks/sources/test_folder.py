"""A folder of class folders."""

import os
from unittest import mock

import numpy as np
import pytest
from PIL import Image

from nao_tf.tasks import reading
from nao_tf.tasks.make import as_task
from nao_tf.tasks.sources import folder
from tests.support.tasks import by_label, error

SPLIT = {'validation': 0.2, 'test': 0.2}


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
