"""Damaged files: what a disk, a copy that was cut off, or a person can do to any file of a folder."""

import re
import shutil
from pathlib import Path

import numpy as np

from nao_tf.errors import InputError

REMEDY = re.compile(
    r'mend|remove|put back|another|empty --|make it|copy it again|give|the same command|continue its|there is no'
)


def cut(part):
    """Returns what leaves the first part of a file."""
    return lambda path: path.write_bytes(path.read_bytes()[: int(path.stat().st_size * part)])


def scramble(path):
    """Writes as many random bytes as there were, the same in every run."""
    path.write_bytes(np.random.default_rng(0).bytes(path.stat().st_size))


def replace_by_folder(path):
    """Makes the file unreadable for root too."""
    path.unlink()
    path.mkdir()


DAMAGES = {
    'a quarter': cut(0.25),
    'a half': cut(0.5),
    'three quarters': cut(0.75),
    'empty': cut(0),
    'random bytes': scramble,
    'JSON of another kind': lambda path: path.write_text('[1]\n'),
    'a folder': replace_by_folder,
    'deleted': Path.unlink,
}


def files_of(folder):
    """Returns the files of a folder and its folders, relative to it; locks, which are empty, left out."""
    return sorted(path.relative_to(folder) for path in folder.rglob('*') if path.is_file() and path.name != '.lock')


def every_damage(folder, target, *, only=''):
    """Damages every file of a folder in every way, each in a copy of its own.

    Args:
        folder: undamaged.
        target: where each copy lies in turn; commands may tell of their folder, so it is always the same.
        only: name of the one file that is damaged; '' for all.

    Yields:
        The damaged file and the name of the damage.
    """
    for name in [name for name in files_of(folder) if only in ('', name.name)]:
        for how, damage in DAMAGES.items():
            shutil.rmtree(target, ignore_errors=True)
            shutil.copytree(folder, target)
            damage(target / name)
            yield target / name, how


def survives(command, file, how, *, remedy=True):
    """Runs a command on a damaged folder.

    Args:
        command: a function without arguments.
        file: that is damaged.
        how: name of the damage.
        remedy: whether the line has to say what to do.

    Returns:
        What the command returned; None if it stopped with one line that names the file and a remedy.
    """
    try:
        return command()
    except InputError as error:
        text = str(error)
        assert '\n' not in text, (how, text)
        assert file.name in text, (how, text)
        assert not remedy or REMEDY.search(text), (how, text)
        return None
    except Exception as error:
        raise AssertionError(f'{file.name}, {how}: {error!r}') from error
