"""Images from a folder of class folders."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from nao_tf.errors import InputError
from nao_tf.files import as_path, is_stored
from nao_tf.tasks.config import TaskConfig
from nao_tf.tasks.reading import files_below, read_chunks, read_headers, visible
from nao_tf.tasks.sources.raw import RawImages, RawSplit
from nao_tf.tasks.store import ImageWriter, Storage, cache_key, load_decoded

SPLIT_FOLDERS = {
    'train': ('train', 'training'),
    'valid': ('valid', 'validation', 'val'),
    'test': ('test', 'testing'),
}


def load_folder(config: TaskConfig, storage: Storage) -> RawImages:
    """Returns the images of a folder; the sorted names of its class folders are the classes.

    Hidden files, and files that lie beside the class folders, are left out. Folders inside a class folder belong to
    the class. Where there is a folder `train`, it and `valid` and `test` beside it hold the class folders.

    Args:
        config: `path` is the folder; `image_size` and `channels` are kept to.
        storage: where decoded images may lie.

    Raises:
        InputError: if there is no such folder, fewer than two classes, a class without images, a file that is no
            image, or images of different sizes and no size to resize to.
    """
    root = as_path(config.path)
    if not config.path or not root.is_dir():
        raise InputError(f'task.path is {config.path!r}; it must be a folder of class folders, and there is none')
    roots = _split_roots(root)
    class_names = tuple(path.name for path in _folders(roots['train']))
    if len(class_names) < 2:
        found = f'one class folder, {class_names[0]!r}' if class_names else 'no class folders'
        raise InputError(f'{roots["train"]}: has {found}; at least two classes are needed, one folder of images each')
    listed = {name: _listed(folder, class_names, required=name == 'train') for name, folder in roots.items()}
    key = _cache_key(listed, config)
    shape = None
    splits = {}
    for name, (files, labels) in listed.items():
        decoded = load_decoded(f'{key}-{name}', storage)
        if decoded is None:
            shape = shape or _shape([file for files, _ in listed.values() for file in files], config)
            size, channels = shape[:2], shape[2]
            with ImageWriter(shape, np.uint8, storage=storage, count=len(files)) as writer:
                for images in read_chunks(files, size, channels):
                    writer.append(images)
                decoded = writer.finish(f'{key}-{name}', labels)
        splits[name] = RawSplit(*decoded)
    return RawImages(root.resolve().name, str(root), splits, class_names)


def _folders(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_dir() and visible(path))


def _split_roots(root: Path) -> dict[str, Path]:
    """Returns the folder of class folders of each split."""
    found: dict[str, Path] = {}
    for path in _folders(root):
        for name, words in SPLIT_FOLDERS.items():
            if path.name.lower() in words and _folders(path):
                if name in found:
                    raise InputError(f'{root}: has {found[name].name} and {path.name}; there may be one of them')
                found[name] = path
    return found if 'train' in found else {'train': root}


def _listed(folder: Path, class_names: Sequence[str], *, required: bool) -> tuple[list[Path], np.ndarray]:
    """Returns the files of a split, class by class, and their labels int64 [n]."""
    files: list[Path] = []
    labels: list[int] = []
    for path in _folders(folder):
        if path.name not in class_names:
            raise InputError(
                f'{path}: there is no class {path.name!r} to train on; classes are {", ".join(class_names)}'
            )
        here = files_below(path)
        if required and not here:
            raise InputError(f'{path}: class {path.name!r} has no images; put some there or remove the folder')
        files += here
        labels += [class_names.index(path.name)] * len(here)
    if not files:
        raise InputError(f'{folder}: has no images')
    return files, np.array(labels, np.int64)


def _cache_key(listed: dict[str, tuple[list[Path], np.ndarray]], config: TaskConfig) -> str:
    entries = []
    with ThreadPoolExecutor(32) as pool:
        for name, (files, _) in listed.items():
            # In a store each is a round trip.
            statuses = (pool.map if is_stored(files[0]) else map)(lambda file: file.stat(), files)
            for file, status in zip(files, statuses, strict=True):
                entries.append((name, str(file.resolve()), status.st_size, status.st_mtime_ns))
    return cache_key('folder', entries, config.image_size, config.channels)


def _shape(files: list[Path], config: TaskConfig) -> tuple[int, int, int]:
    """Returns (H, W, C) of all images, from their headers where the config leaves it open."""
    if config.image_size is not None and config.channels:
        return *config.image_size, config.channels
    headers = read_headers(files)
    channels = config.channels or max(channels for _, channels in headers)
    size = config.image_size or headers[0][0]
    if config.image_size is None:
        for file, (other, _) in zip(files, headers, strict=True):
            if other != size:
                raise InputError(
                    f'{file}: has {other[0]} x {other[1]} pixels, {files[0].name} {size[0]} x {size[1]}; set '
                    'task.image_size, and images of any size are resized to it'
                )
    return *size, channels
