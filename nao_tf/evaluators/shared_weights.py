"""Scores architectures with one set of weights that all of them share, instead of a training for each."""

from __future__ import annotations

import abc
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Generic, TypeVar

import numpy as np
import tensorflow as tf

from nao_tf.evaluators.base import Evaluator
from nao_tf.searchers.evaluation import Evaluation
from nao_tf.spaces.architecture import Architecture
from nao_tf.spaces.base import SearchSpace

Batch = TypeVar('Batch')


class SharedWeights(Evaluator, Generic[Batch]):
    """A supernet, its training one step at a time, and the scores that its present weights give.

    The batches of an epoch and a step are functions of (seed, number of the step), so that what `arrays` returns and
    the number of the step are all that it takes to go on.

    Args:
        space: of the architectures.
    """

    def __init__(self, space: SearchSpace):
        self.space = space

    @abc.abstractmethod
    def epoch_steps(self, epoch: int) -> int:
        """Returns the number of steps of an epoch, counted from 0."""

    @abc.abstractmethod
    def batches(self, epoch: int, start: int) -> Iterator[Batch]:
        """Yields the training batches of an epoch.

        Args:
            epoch: counted from 0.
            start: number of the first batch of the epoch that is wanted.
        """

    @abc.abstractmethod
    def train(self, batch: Batch, architecture: Architecture, step: int) -> float:
        """Updates what one architecture uses of the weights, once.

        Args:
            batch: from `batches`.
            architecture: of the space.
            step: number of the step since the beginning of the training, from 0.

        Returns:
            The loss.
        """

    @abc.abstractmethod
    def evaluate(self, architecture: Architecture) -> Evaluation:
        """Returns the score of one architecture with the present weights, on the batches that serve all of them."""

    @property
    @abc.abstractmethod
    def variables(self) -> Sequence[tf.Variable]:
        """The shared weights and the state of their optimizer, always in the same order."""

    @property
    def size(self) -> int:
        """How many shared weights there are."""
        return sum(int(np.prod(variable.shape)) for variable in self.variables)

    @property
    @abc.abstractmethod
    def sizes(self) -> Mapping[str, Any]:
        """What a checkpoint has to agree with: everything that decides the shapes and the meaning of the weights."""

    def arrays(self) -> dict[str, np.ndarray]:
        """Returns everything that changes from step to step, by name."""
        return {f'variable_{number}': variable.numpy() for number, variable in enumerate(self.variables)}

    def assign(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Takes over what `arrays` returned.

        Args:
            arrays: of shared weights of the same sizes.

        Raises:
            KeyError: if there is too little.
            ValueError: if a shape is another.
        """
        for number, variable in enumerate(self.variables):
            variable.assign(arrays[f'variable_{number}'])
