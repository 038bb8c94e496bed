"""The embedded text: the topics of Python's own documentation, which the standard library carries."""

from __future__ import annotations

import re

from nao_tf.errors import InputError
from nao_tf.tasks.sources.text_files import EOS

# One paragraph of ten is for validation, one for the test.
SHARE = 10
_TOKEN = re.compile(r'[^\W\d_]+|\d+|_+|(?:([^\w\s])\1*)')
_UNDERLINE = re.compile(r'^\s*([*=~^"#-])\1+\s*$', re.MULTILINE)


def load_pydoc() -> dict[str, list[str]]:
    """Returns the words of the splits of the documentation topics of the running Python.

    Paragraphs are lines. Words are in lower case and cut from punctuation, numbers are `N`, as in Penn Treebank; a
    paragraph that stands in several topics is taken once, so that no split repeats another.

    Raises:
        InputError: if this Python comes without them.
    """
    try:
        from pydoc_data.topics import topics
    except ImportError:
        raise InputError(
            'task.name is pydoc, but this Python has no pydoc_data; install all of the standard library, or take '
            'another text (task.name=text)'
        ) from None
    paragraphs = dict.fromkeys(
        paragraph
        for name in sorted(topics)
        for part in re.split(r'\n\s*\n', _UNDERLINE.sub('', topics[name]))
        if (paragraph := tokens(part))
    )
    splits: dict[str, list[str]] = {'train': [], 'valid': [], 'test': []}
    for number, paragraph in enumerate(paragraphs):
        split = {SHARE - 2: 'valid', SHARE - 1: 'test'}.get(number % SHARE, 'train')
        splits[split] += [*paragraph, EOS]
    return splits


def tokens(text: str) -> tuple[str, ...]:
    """Returns the words, numbers (`N`) and runs of a punctuation mark of a text, in lower case."""
    found = (match.group() for match in _TOKEN.finditer(text.lower()))
    # Rules are as long as a table is wide; the softmax need not tell them apart.
    return tuple('N' if token.isdecimal() else token if token.isalpha() else token[:3] for token in found)
