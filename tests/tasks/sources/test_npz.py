"""An .npz file."""

import io
import tracemalloc
import zipfile

import numpy as np

from nao_tf.tasks.make import as_task, make_task
from nao_tf.tasks.sources import npz_member
from tests.support.tasks import by_label, error


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
