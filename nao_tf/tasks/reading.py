"""Image files to arrays: found, read, made grey or colour, resized; errors name the file."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from nao_tf.errors import InputError
from nao_tf.files import as_path

CHUNK = 256
GREY_MODES = ('1', 'L', 'LA', 'La', 'I', 'I;16', 'I;16B', 'I;16L', 'I;16N', 'F')
SYSTEM_FILES = ('Thumbs.db', 'desktop.ini')


def visible(path: Path) -> bool:
    """Returns whether a file or folder is not hidden."""
    return not path.name.startswith('.') and path.name not in SYSTEM_FILES


def files_below(folder: Path) -> list[Path]:
    """Returns all files in a folder and the folders in it, hidden ones left out, in the order of their names."""
    found = []
    for path in sorted(folder.iterdir()):
        if visible(path):
            found += files_below(path) if path.is_dir() else [path]
    return found


def image_files(paths: str | os.PathLike[str] | Sequence[str | os.PathLike[str]]) -> list[Path]:
    """Returns the files that are meant: a folder stands for all the files in it.

    Args:
        paths: one file or folder, or several.

    Raises:
        InputError: if one does not exist or there is no file.
    """
    if isinstance(paths, str | os.PathLike):
        paths = [paths]
    found: list[Path] = []
    for path in map(as_path, paths):
        if not path.exists():
            raise InputError(f'{path}: no such file or folder of images')
        found += files_below(path) if path.is_dir() else [path]
    if not found:
        raise InputError(f'{", ".join(str(path) for path in paths) or "no path given"}: there are no images')
    return found


def read_header(file: Path) -> tuple[tuple[int, int], int]:
    """Returns ((H, W), channels 1 or 3) of an image file without decoding it.

    Raises:
        InputError: if the file is no image.
    """
    try:
        with file.open('rb') as content, Image.open(content) as image:
            width, height = image.size
            if image.getexif().get(0x0112, 1) >= 5:  # orientations that swap the sides
                width, height = height, width
            grey = image.mode in GREY_MODES
    except Exception as error:
        raise _no_image(file, error) from error
    return (height, width), 1 if grey else 3


def resize(pixels: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Returns one image at another size: bilinear with antialiasing, the sides scaled apart; its own size untouched.

    Args:
        pixels: uint8 or float32 [H, W, C].
        size: (H, W).
    """
    if pixels.shape[:2] == size:
        return pixels
    planes = [
        Image.fromarray(np.ascontiguousarray(pixels[..., channel])).resize(
            (size[1], size[0]), Image.Resampling.BILINEAR
        )
        for channel in range(pixels.shape[-1])
    ]
    return np.stack([np.asarray(plane) for plane in planes], axis=-1)


def read_image(file: Path, size: tuple[int, int] | None, channels: int) -> np.ndarray:
    """Returns one image as uint8 [H, W, C], turned upright as its EXIF orientation says.

    Args:
        file: any format that PIL reads; of an animation the first frame, of 16 bits the upper 8, of 32 the
            values up to 255; alpha is dropped.
        size: (H, W) to resize to; None for its own size.
        channels: 1 for grey, 3 for colour.

    Raises:
        InputError: if the file is no image, or a damaged one.
    """
    try:
        with file.open('rb') as content, Image.open(content) as opened:
            image = ImageOps.exif_transpose(opened)
            if image.mode.startswith('I'):
                # Before Pillow 10.3 grey PNG files of 16 bits had the mode of 32.
                sixteen = image.mode != 'I' or opened.format == 'PNG'
                values = np.asarray(image)
                image = Image.fromarray((values >> 8 if sixteen else values.clip(0, 255)).astype(np.uint8))
            image = image.convert('L' if channels == 1 else 'RGB')
            if size is not None and image.size != (size[1], size[0]):
                image = image.resize((size[1], size[0]), Image.Resampling.BILINEAR)
            pixels = np.array(image)
    except Exception as error:
        raise _no_image(file, error) from error
    return pixels[..., None] if channels == 1 else pixels


def read_chunks(files: Sequence[Path], size: tuple[int, int] | None, channels: int) -> Iterator[np.ndarray]:
    """Yields the images of all files in order, uint8 [k, H, W, C] at a time, decoded on several threads.

    Args:
        files: at least one; all of one size where `size` is None.
        size: (H, W) to resize to.
        channels: 1 for grey, 3 for colour.

    Raises:
        InputError: naming the file that is no image.
    """
    with ThreadPoolExecutor() as pool:
        for chunk in chunks(files, CHUNK):
            yield np.stack(list(pool.map(lambda file: read_image(file, size, channels), chunk)))


def read_headers(files: Sequence[Path]) -> list[tuple[tuple[int, int], int]]:
    """Returns `read_header` of every file, read on several threads."""
    with ThreadPoolExecutor() as pool:
        return list(pool.map(read_header, files, chunksize=64))


def chunks(values: Iterable, size: int) -> Iterator[list]:
    """Yields the values as lists of `size`, the last one as long as it comes."""
    iterator = iter(values)
    while chunk := list(itertools.islice(iterator, size)):
        yield chunk


def read_images(
    paths: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    image_shape: tuple[int, int, int],
    *,
    white: float = 255.0,
) -> np.ndarray:
    """Returns image files as a trained model takes them.

    Args:
        paths: files and folders of images; `image_files(paths)` tells the file of each row.
        image_shape: (H, W, C) of the task; C is 1 or 3.
        white: the task's raw value of a white pixel.

    Returns:
        uint8 [n, H, W, C], or float32 where white is not 255.

    Raises:
        InputError: if there is no image, or a file is none.
    """
    height, width, channels = image_shape
    if channels not in (1, 3):
        raise InputError(f'images of {channels} channels cannot be read from image files, which have 1 or 3')
    images = np.concatenate(list(read_chunks(image_files(paths), (height, width), channels)))
    return images if white == 255 else images.astype(np.float32) * np.float32(white / 255)


def _no_image(file: Path, error: Exception) -> InputError:
    reason = str(error).replace(str(file), '').replace('\n', ' ').strip(' \'"')
    return InputError(f'{file}: is no image that can be read ({reason}); remove it or replace it')
