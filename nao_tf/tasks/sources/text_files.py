"""Words from text files: Penn Treebank, WikiText-2, or any three files, gzipped or not."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Mapping
from pathlib import Path

from nao_tf.errors import InputError
from nao_tf.files import as_path
from nao_tf.tasks.data import SPLITS
from nao_tf.tasks.text_config import TextConfig

EOS = '<eos>'
MOST_BYTES = 1 << 30  # of a text: a small gzipped file can hold more than any memory
# The names of the published files.
NAMES = {'ptb': 'ptb.{}.txt', 'wikitext': 'wiki.{}.tokens'}


def load_text_files(config: TextConfig) -> dict[str, list[str]]:
    """Returns the words of each split, every line with `<eos>` at its end.

    Args:
        config: names the files.

    Raises:
        InputError: if a file is missing, empty, no UTF-8, or damaged.
    """
    return {split: read_words(_file(config, split)) for split in SPLITS}


def recognised(folder: Path) -> str | None:
    """Returns which published corpus lies in a folder, by the name of its training file: a key of NAMES, or None."""
    for name, pattern in NAMES.items():
        file = folder / pattern.format('train')
        if file.is_file() or _gzipped(file).is_file():
            return name
    return None


def read_words(file: Path) -> list[str]:
    """Returns the words of one file, split at white space, with `<eos>` at the end of every line (blank ones too).

    Args:
        file: UTF-8 text; gzipped where its name ends in `.gz`.

    Raises:
        InputError: if it cannot be read, is empty, or is not UTF-8; the error says where.
    """
    try:
        if file.suffix == '.gz':
            with file.open('rb') as packed, gzip.open(packed) as unpacked:
                content = unpacked.read(MOST_BYTES + 1)
        else:
            content = file.read_bytes()
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f'{file}: cannot be read ({error})') from None
    if len(content) > MOST_BYTES:
        raise InputError(f'{file}: is longer than {MOST_BYTES >> 20} MiB; take a smaller text')
    try:
        text = content.decode('utf-8')
    except UnicodeDecodeError as error:
        line = content.count(b'\n', 0, error.start) + 1
        column = error.start - content.rfind(b'\n', 0, error.start)
        raise InputError(
            f'{file}: line {line}, byte {column} of it: 0x{content[error.start]:02x} is not UTF-8; '
            'convert the file to UTF-8'
        ) from None
    del content
    known: dict[str, str] = {}  # each word is in memory once, however often it occurs
    lines = io.StringIO(text, newline='\n')
    words = [known.setdefault(word, word) for line in lines for word in (*line.split(), EOS)]
    if words == [EOS] * len(words):
        raise InputError(f'{file}: is empty; a split of a text needs words')
    return words


def _file(config: TextConfig, split: str) -> Path:
    """Returns where a split lies; the gzipped file where the plain one is not there."""
    folder = as_path(config.data_dir)
    if config.name in NAMES:
        if not config.data_dir:
            wanted = NAMES[config.name].format('{train,valid,test}')
            raise InputError(f"task.data_dir is ''; {config.name} needs the folder that holds {wanted}")
        file = folder / NAMES[config.name].format(split)
    else:
        given: Mapping[str, str] = {'train': config.train, 'valid': config.valid, 'test': config.test}
        if not given[split]:
            raise InputError(f"task.{split} is ''; task.name text needs the three files train, valid and test")
        file = folder / as_path(given[split])
    if not file.is_file():
        if not _gzipped(file).is_file():
            raise InputError(f'{file}: there is no such file, and no {_gzipped(file).name}; it is the {split} split')
        file = _gzipped(file)
    return file


def _gzipped(file: Path) -> Path:
    return file.with_name(f'{file.name}.gz')
