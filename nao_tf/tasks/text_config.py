"""The fields of a text task's config, and the same fields checked."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import ml_collections

from nao_tf.errors import InputError


def default_text_task_config() -> ml_collections.ConfigDict:
    """Returns the config of a text task with every field at its default: the embedded Python documentation."""
    config = ml_collections.ConfigDict()
    # pydoc | ptb (ptb.train.txt and so on) | wikitext (wiki.train.tokens and so on) | text (any three files)
    config.name = 'pydoc'
    # ptb, wikitext: the folder of the three files, each of them as it is or with .gz. text: where the names start.
    config.data_dir = ''
    # text: the three files.
    config.train = ''
    config.valid = ''
    config.test = ''
    # Words that train has less often become <unk>.
    config.min_count = 1
    # More words than these in the vocabulary are an error: the softmax would take the memory and the time.
    config.vocabulary_limit = 50_000
    # Tokens at the beginning of train that children are trained on, 0 for all; the vocabulary is always that of all.
    config.train_tokens = 0
    return config


@dataclasses.dataclass(frozen=True)
class TextConfig:
    """A text task's config, checked; the fields are those of `default_text_task_config`, explained there.

    Raises:
        InputError: if a value cannot be right whatever the text is.
    """

    name: str = 'pydoc'
    data_dir: str = ''
    train: str = ''
    valid: str = ''
    test: str = ''
    min_count: int = 1
    vocabulary_limit: int = 50_000
    train_tokens: int = 0

    def __post_init__(self) -> None:
        for name, least in (('min_count', 1), ('vocabulary_limit', 2), ('train_tokens', 0)):
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool) or value < least:
                raise InputError(f'task.{name} is {value!r}; it is a whole number, {least} or more')


def read_text_config(config: Mapping[str, Any] | ml_collections.ConfigDict) -> TextConfig:
    """Returns a config checked; fields that are missing have their defaults.

    Args:
        config: fields of `default_text_task_config`.

    Raises:
        InputError: if a field does not exist or its value cannot be right.
    """
    fields = dict(config.items())
    known = [field.name for field in dataclasses.fields(TextConfig)]
    for name in fields:
        if name not in known:
            raise InputError(
                f'task.{name} does not exist for the text {fields.get("name")!r}; the fields are {", ".join(known)}'
            )
    return TextConfig(**fields)
