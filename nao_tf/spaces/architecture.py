"""Architecture: the frozen value that every room of the package passes on."""

from __future__ import annotations

import dataclasses
import operator
from typing import Any

from nao_tf.errors import InputError


@dataclasses.dataclass(frozen=True, order=True)
class Architecture:
    """One point of a search space: the space's name and a tuple of tokens (`x` in the paper, section 3.1).

    Hashable and comparable by its tokens; two architectures that are the same function up to the order of
    branches and nodes are different values until `SearchSpace.canonical` makes them equal.

    Args:
        space: name of the space that the tokens belong to, such as `nao_cnn`.
        tokens: T token ids of that space's vocabulary, integers of Python or NumPy.

    Raises:
        InputError: if a token is no integer.
    """

    space: str
    tokens: tuple[int, ...]

    def __post_init__(self):
        given = tuple(self.tokens)
        try:
            tokens = tuple(map(operator.index, given))
        except TypeError:
            tokens = None
        if tokens is None or bool in map(type, given):
            raise InputError(f'the tokens of an architecture are integers, not {str(given)[:200]}')
        object.__setattr__(self, 'tokens', tokens)

    def __str__(self) -> str:
        return ' '.join(str(token) for token in self.tokens)

    def to_json(self) -> dict[str, Any]:
        """Returns `{'space': name, 'tokens': [...]}`, ready for `json.dumps`."""
        return {'space': self.space, 'tokens': list(self.tokens)}

    @classmethod
    def from_json(cls, value: Any) -> Architecture:
        """Reads what `to_json` wrote.

        Args:
            value: the parsed JSON object.

        Returns:
            The architecture; its tokens are not checked against the space (`SearchSpace.validate` does that).

        Raises:
            InputError: if the object is not of that form.
        """
        if (
            not isinstance(value, dict)
            or not isinstance(value.get('space'), str)
            or not isinstance(value.get('tokens'), list)
            or not all(isinstance(token, int) and not isinstance(token, bool) for token in value['tokens'])
        ):
            raise InputError(
                f'an architecture in JSON is {{"space": name, "tokens": [integers]}}, not {str(value)[:200]!r}'
            )
        return cls(value['space'], tuple(value['tokens']))
