"""What every trained child has in common: build, train, score, save."""

from __future__ import annotations

import abc
import time
from collections.abc import Callable
from pathlib import Path
from typing import Generic, Protocol, TypeVar

import keras

from nao_tf.evaluators.base import Evaluator, child_seed
from nao_tf.files import written_whole
from nao_tf.searchers.base import Evaluation
from nao_tf.spaces.architecture import Architecture
from nao_tf.spaces.base import SearchSpace
from nao_tf.training.classifier import TrainResult, release

Network = TypeVar('Network', bound=keras.Model)


class Trainer(Protocol):
    """What a child needs of the training of its network."""

    total_steps: int

    @property
    def evaluations(self) -> int:
        """How often a training evaluates the validation split."""

    def train(self, on_epoch: Callable[[int, float], None] | None = None) -> TrainResult:
        """Trains the network and returns its score."""

    def probe(self, steps: int) -> list[float]:
        """Makes the first steps of a training and returns the seconds of each; traces the evaluation too."""

    def evaluate(self, split: str) -> dict[str, float]:
        """Returns the metrics of a split."""


class Child(Evaluator, Generic[Network]):
    """Builds the network of an architecture, trains it from scratch, and scores it on the validation split.

    The last trained network is kept until the next one, so that the search can save it if it is the best.

    Args:
        space: of the architectures.
        seed: of the search; every child has its own, hashed from it.
    """

    def __init__(self, space: SearchSpace, *, seed: int):
        self.space = space
        self.seed = seed
        self.network: Network | None = None

    @abc.abstractmethod
    def build(self, architecture: Architecture, seed: int) -> Network:
        """Returns the untrained network of an architecture."""

    @abc.abstractmethod
    def trainer(self, network: Network, seed: int) -> Trainer:
        """Returns the training of a network."""

    @abc.abstractmethod
    def parameters(self, architecture: Architecture) -> int:
        """Returns the number of trainable parameters of the network of an architecture."""

    @abc.abstractmethod
    def model(self, network: Network) -> keras.Model:
        """Returns a trained network as the model that is saved for a person."""

    @abc.abstractmethod
    def test_metrics(self, model: keras.Model) -> dict[str, float]:
        """Returns the test metrics of a saved model; a search calls this once for each arm's winner.

        Args:
            model: from the file that `save` wrote.
        """

    def evaluate(self, architecture: Architecture) -> Evaluation:
        """Returns the validation score of one child.

        Args:
            architecture: canonical.

        Raises:
            DivergedError: if its loss is not finite.
        """
        started = time.perf_counter()
        self.network = None
        release()
        seed = child_seed(self.seed, architecture)
        network = self.build(architecture, seed)
        result = self.trainer(network, seed).train()
        self.network = network
        return Evaluation(
            architecture,
            result.score,
            metrics=result.metrics,
            seconds=time.perf_counter() - started,
            parameters=self.parameters(architecture),
        )

    def save(self, path: Path) -> None:
        """Writes the last trained network as a model for a person, whole or not at all.

        Args:
            path: of the `.keras` file.

        Raises:
            RuntimeError: if nothing was trained yet.
        """
        if self.network is None:
            raise RuntimeError('there is no trained network to save')
        save_model(self.model(self.network), path)


def save_model(model: keras.Model, path: Path) -> None:
    """Writes a `.keras` file beside its place and moves it there, so that no half file is ever seen.

    Args:
        model: a built Keras model.
        path: of the file; its folder is made.
    """
    with written_whole(path) as partial:
        model.save(partial)
