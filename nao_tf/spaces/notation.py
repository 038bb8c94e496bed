"""The three ways of writing an architecture: token ids, the field's text form, JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from nao_tf.errors import InputError
from nao_tf.spaces.architecture import Architecture
from nao_tf.spaces.language import SOS, Language


def parse_json(text: str) -> Any:
    """Parses JSON.

    Raises:
        InputError: if the text is not JSON, with the line and column.
    """
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f'malformed JSON: {error}; it begins {" ".join(text.split())[:60]!r}') from None


class Notation(Language):
    """Reads and writes the architectures of a space; a space with forms of its own overrides these."""

    def to_text(self, architecture: Architecture) -> str:
        """Returns the architecture in one line as the field writes it; `parse` reads it back."""
        return ' '.join(self.vocabulary[token] for token in architecture.tokens)

    def to_json(self, architecture: Architecture) -> dict[str, Any]:
        """Returns the architecture as JSON types in the form a person reads; `from_json` reads it back."""
        return architecture.to_json()

    def parse(self, text: str) -> Architecture:
        """Reads any of the three ways of writing: token ids, the text form of `to_text`, JSON.

        Args:
            text: whitespace-separated integers, or vocabulary words, or a JSON object.

        Returns:
            A valid architecture.

        Raises:
            InputError: if the text is not an architecture of this space.
        """
        if text.lstrip().startswith('{'):
            return self.from_json(parse_json(text))
        words = text.split()
        if not words:
            raise InputError(f'space {self.name}: an empty text is no architecture')
        if all(re.fullmatch(r'[+-]?[0-9]{1,18}', word) for word in words):
            return self.parse_integers([int(word) for word in words])
        return self.parse_words(words)

    def from_json(self, value: Any) -> Architecture:
        """Reads a JSON object: what `to_json` or `Architecture.to_json` writes.

        Raises:
            InputError: if the object is not an architecture of this space.
        """
        result = Architecture.from_json(value)
        self.validate(result)
        return result

    def parse_integers(self, numbers: Sequence[int]) -> Architecture:
        """Reads integers: the token ids, and what other forms of integers a space knows.

        Raises:
            InputError: if they are not an architecture of this space.
        """
        return self.architecture(numbers)

    def parse_words(self, words: Sequence[str]) -> Architecture:
        """Reads the words of the text form.

        Raises:
            InputError: if they are not an architecture of this space.
        """
        lookup = {word: token for token, word in enumerate(self.vocabulary) if token != SOS}
        for position, word in enumerate(words):
            if word not in lookup:
                raise InputError(
                    f'space {self.name}: {word!r} at position {position} is not a token; '
                    f'the tokens are {", ".join(self.vocabulary[1:])}'
                )
        return self.architecture([lookup[word] for word in words])
