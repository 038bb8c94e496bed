"""RecurrentConfig: everything that shapes a language model beside its recurrent cell."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from nao_tf.errors import InputError

RULES = ('released', 'paper')
DROPOUTS = (
    'word_dropout',
    'embedding_dropout',
    'input_dropout',
    'hidden_dropout',
    'weight_dropout',
    'output_dropout',
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class RecurrentConfig:
    """Width, vocabulary and regularisation of a language model of one recurrent cell (section 4.3, A3).

    Two rule sets. `released` (the default) is the cell of the code behind the paper's figures: every node has a highway
    gate, and the output is the mean of the searched nodes 1 .. n. `paper` is the cell as section 3.1 prints it: no
    gates, and the output is the mean of all nodes, node 0 included; its node 0 has tanh here too, which the paper's
    text searches and its tokens do not.

    Args:
        vocabulary: V, words.
        hidden: H, the width of the embedding, the state and the output alike, since embedding and softmax share
            one matrix (850 on Penn Treebank).
        rules: `released` or `paper`, see above.
        word_dropout: share of the words whose embedding is zero for a whole step (dropoute).
        embedding_dropout: of the features of the embedded words, one mask a sequence (dropouti).
        input_dropout: of what node 0 reads of the word, one mask a sequence (dropoutx).
        hidden_dropout: of the states that the matrices read, one mask a sequence for all nodes (dropouth).
        weight_dropout: of the elements of the matrices that read states (DropConnect of AWD-LSTM).
        output_dropout: of the features that the softmax reads, one mask a sequence (dropout).

    Raises:
        InputError: if a value is out of its range.
    """

    vocabulary: int
    hidden: int
    rules: str = 'released'
    word_dropout: float = 0.0
    embedding_dropout: float = 0.2
    input_dropout: float = 0.75
    hidden_dropout: float = 0.25
    weight_dropout: float = 0.0
    output_dropout: float = 0.75

    def __post_init__(self) -> None:
        for name, least in (('vocabulary', 2), ('hidden', 1)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < least:
                raise InputError(f'child.{name} is {value!r}; it is a whole number of at least {least}')
        if self.rules not in RULES:
            raise InputError(f'child.rules is {self.rules!r}; it is one of {", ".join(RULES)}')
        for name in DROPOUTS:
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1:
                raise InputError(f'child.{name} is {value!r}; it is a share of at least 0 and below 1')

    @property
    def gated(self) -> bool:
        """Whether nodes have highway gates."""
        return self.rules == 'released'

    @property
    def width(self) -> int:
        """Columns of a node's matrix: 2H with a gate, H without."""
        return 2 * self.hidden if self.gated else self.hidden

    def parameters(self, nodes: int) -> int:
        """Returns the number of trainable scalars, the shared embedding counted once.

        Args:
            nodes: n, searched nodes of the cell (11 in the paper's space).
        """
        return self.vocabulary * (self.hidden + 1) + (2 + nodes) * self.hidden * self.width

    def multiply_adds(self, nodes: int) -> int:
        """Returns the multiply-adds of one word of one sequence, matrix products alone: the cell's and the softmax's.

        Args:
            nodes: n, searched nodes of the cell.
        """
        return self.vocabulary * self.hidden + (2 + nodes) * self.hidden * self.width

    def to_json(self) -> dict[str, Any]:
        """Returns the fields by name as JSON types."""
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> RecurrentConfig:
        """Reads what `to_json` wrote."""
        return cls(**value)
