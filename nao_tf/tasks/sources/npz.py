"""Images from a .npz file."""

from __future__ import annotations

import contextlib
import itertools
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from nao_tf.errors import InputError
from nao_tf.files import as_path, local_file
from nao_tf.tasks.check import checked_images
from nao_tf.tasks.config import TaskConfig
from nao_tf.tasks.sources.npz_member import Member, member
from nao_tf.tasks.sources.raw import RawImages, RawSplit, fitted
from nao_tf.tasks.store import ImageWriter, Storage, cache_key, load_decoded

KEYS = {'train': ('x_train', 'y_train'), 'valid': ('x_valid', 'y_valid'), 'test': ('x_test', 'y_test')}
WHOLE = ('images', 'labels')
MOST_BYTES = 1 << 30  # of labels or names: a small file can hold more than any memory
EXPECTED = 'it must have images and labels, or x_train and y_train (and x_valid, y_valid, x_test, y_test)'


def load_npz(config: TaskConfig, storage: Storage) -> RawImages:
    """Returns the images of a .npz file; pickled objects are never loaded.

    Args:
        config: `path` is the file; its arrays are `images`, `labels`, or `x_train`, `y_train` and where they exist
            `x_valid`, `y_valid`, `x_test`, `y_test`, and optionally `class_names`.
        storage: arrays that are too large for memory are copied to a file, once.

    Raises:
        InputError: if the file is missing or no .npz, an array is missing, or images are of unequal shape.
    """
    path = as_path(config.path)
    if not config.path or not path.is_file():
        raise InputError(f'task.path is {config.path!r}; it must be a .npz file, and there is none')
    with local_file(path) as file:
        return _load(file, path, config, storage)


def _load(file: Path, path: Path, config: TaskConfig, storage: Storage) -> RawImages:
    """Returns the images of a local file; `path` is the place that the person gave."""
    try:
        archive = np.load(file, allow_pickle=False)
    except (OSError, ValueError, EOFError, MemoryError, RuntimeError, zipfile.BadZipFile) as error:
        raise InputError(f'{path}: is no .npz file ({error}); write it with numpy.savez') from error
    if not isinstance(archive, np.lib.npyio.NpzFile):
        raise InputError(f'{path}: holds a single array; {EXPECTED}')
    with archive:
        keys = {name: pair for name, pair in KEYS.items() if any(key in archive.files for key in pair)}
        if 'train' not in keys and any(key in archive.files for key in WHOLE):
            keys['train'] = WHOLE
        missing = [key for pair in keys.values() for key in pair if key not in archive.files]
        if 'train' not in keys or missing:
            found = ', '.join(archive.files) or 'nothing'
            raise InputError(f'{path}: has {found}, and no {", ".join(missing) or "images"}; {EXPECTED}')
        splits = {}
        for name, (images_key, labels_key) in keys.items():
            origin = f'{path}, {images_key}'
            labels = _array(archive, labels_key, path)
            with _named(path, images_key):
                whole = member(archive, images_key)
            if whole and whole.bytes(config) > storage.memory_bytes and labels.shape[:1] == whole.shape[:1]:
                key = cache_key(
                    'npz', str(path.resolve()), path.stat().st_mtime_ns, images_key, config.image_size, config.channels
                )
                decoded = load_decoded(key, storage)
                if decoded is None:
                    with _named(path, images_key):
                        decoded = _copied(whole, labels, config, storage, key, origin)
                splits[name] = RawSplit(*decoded)
                continue
            images = checked_images(_array(archive, images_key, path, bounded=False), origin=origin)
            splits[name] = RawSplit(fitted(images, config.image_size, config.channels, origin=origin), labels)
        class_names = None
        if 'class_names' in archive.files:
            class_names = tuple(str(name) for name in _array(archive, 'class_names', path))
    return RawImages(path.name, str(path), splits, class_names)


def _copied(
    found: Member, labels: np.ndarray, config: TaskConfig, storage: Storage, key: str, origin: str
) -> tuple[np.ndarray, np.ndarray]:
    """Copies the images of a member to a file, of which a part is in memory at a time; returns them and the labels."""
    parts = (
        fitted(
            checked_images(part, origin=f'{origin}, from image {start} on'),
            config.image_size,
            config.channels,
            origin=origin,
        )
        for start, part in found.parts()
    )
    first = next(parts)
    with ImageWriter(first.shape[1:], first.dtype, storage=storage, count=len(labels)) as writer:
        for images in itertools.chain([first], parts):
            writer.append(images)
        return writer.finish(key, labels)


def _array(archive: np.lib.npyio.NpzFile, key: str, path: Path, *, bounded: bool = True) -> np.ndarray:
    with _named(path, key):
        entries = archive.zip.infolist() if bounded and archive.zip is not None else []
        size = sum(entry.file_size for entry in entries if entry.filename.removesuffix('.npy') == key)
        if size > MOST_BYTES:
            raise InputError(f'{path}: {key} holds {size >> 20:,} MiB; at most {MOST_BYTES >> 20:,} MiB can be')
        array: np.ndarray = archive[key]
    return array


@contextlib.contextmanager
def _named(path: Path, key: str) -> Iterator[None]:
    """Names the array where it cannot be read."""
    try:
        yield
    except InputError:
        raise
    except (OSError, EOFError, ValueError, MemoryError, RuntimeError, zlib.error, zipfile.BadZipFile) as error:
        if 'Object arrays' in str(error):
            raise InputError(
                f'{path}: {key} is an array of objects, as NumPy makes it of images of unequal shape; all must be of '
                'one shape'
            ) from error
        raise InputError(f'{path}: {key} is damaged ({error}); write the file again') from error
