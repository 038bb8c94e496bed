"""The tokens of a cell space as KerasTuner Choices."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras_tuner
import numpy as np

from nao_tf.spaces.architecture import Architecture
from nao_tf.spaces.base import SearchSpace


class CellChoices:
    """A Choice for each token, all declared up front: `nao_cnn/00` is the first, its values are words.

    Where the tokens before decide which ones are valid, an oracle that knows nothing of the space can choose values
    that are no architecture.

    Args:
        space: of cells.
    """

    def __init__(self, space: SearchSpace):
        self.space = space
        digits = len(str(space.length - 1))
        self.names = [f'{space.name}/{position:0{digits}d}' for position in range(space.length)]
        self._default = space.canonical(space.sample(np.random.default_rng(0)))

    def declare(self, hp: keras_tuner.HyperParameters) -> None:
        """Declares the Choices.

        Args:
            hp: of a build; Choices that it has are not declared twice.
        """
        for position, name in enumerate(self.names):
            tokens = np.flatnonzero(self.space.valid[position].any(0))
            default = self.space.vocabulary[self._default.tokens[position]]
            hp.Choice(name, [self.space.vocabulary[token] for token in tokens], default=default)

    def hyperparameters(self) -> keras_tuner.HyperParameters:
        """Returns HyperParameters with the Choices and no more."""
        hp = keras_tuner.HyperParameters()
        self.declare(hp)
        return hp

    def values(self, architecture: Architecture) -> dict[str, str]:
        """Returns the values that write an architecture."""
        words = (self.space.vocabulary[token] for token in architecture.tokens)
        return dict(zip(self.names, words, strict=True))

    def from_values(self, values: Mapping[str, Any], *, fill: bool = False) -> Architecture:
        """Returns the architecture of some values, in canonical form.

        Args:
            values: of the Choices by name; others are not looked at.
            fill: not needed; a trial has all of them.

        Raises:
            InputError: if they are no architecture of the space.
        """
        del fill
        tokens = [self.space.vocabulary.index(values[name]) for name in self.names]
        return self.space.canonical(self.space.architecture(tokens))
