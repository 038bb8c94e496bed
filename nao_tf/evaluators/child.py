"""What every trained child has in common: build, train, score, save."""

from __future__ import annotations

import abc
import io
import time
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, Generic, Protocol, TypeVar

import keras

from nao_tf.errors import InputError
from nao_tf.evaluators.base import Evaluator, child_seed
from nao_tf.files import written_whole
from nao_tf.searchers.evaluation import Evaluation
from nao_tf.spaces.architecture import Architecture
from nao_tf.spaces.base import SearchSpace
from nao_tf.training.broadcast import Broadcast
from nao_tf.training.classifier import release
from nao_tf.training.distribution import OFF, Distribution
from nao_tf.training.replicas import Replicas, read_local
from nao_tf.training.result import DivergedError, TrainResult
from nao_tf.training.strategy import make_strategy

Network = TypeVar('Network', bound=keras.Model)
CHECKPOINT_SECONDS = 60.0  # between two checkpoints of a child


class Trainer(Protocol):
    """What a child needs of the training of its network."""

    total_steps: int
    replicas: Replicas

    @property
    def evaluations(self) -> int:
        """How often a training evaluates the validation split."""

    def train(
        self, on_epoch: Callable[[int, float], None] | None = None, on_loop: Callable[[], None] | None = None
    ) -> TrainResult:
        """Trains the network and returns its score; calls `on_loop` where a checkpoint can be written."""

    def save_checkpoint(self, path: Path) -> None:
        """Writes all that it takes to go on from here."""

    def load_checkpoint(self, source: Path | BinaryIO) -> None:
        """Goes on from where a checkpoint was written."""

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
        distribution: the devices that train a child together.

    Attributes:
        checkpoints: folder in which a child that trains for long keeps how far it is, so that it is continued when
            the search was stopped; None for none.
        broadcast: to the other processes that train along, None where there are none.
    """

    checkpoints: Path | None = None
    broadcast: Broadcast | None = None

    def __init__(self, space: SearchSpace, *, seed: int, distribution: Distribution = OFF):
        self.space = space
        self.seed = seed
        self.distribution = distribution
        self.network: Network | None = None
        self._built: tuple[Architecture, int] | None = None

    @abc.abstractmethod
    def build(self, architecture: Architecture, seed: int) -> Network:
        """Returns the untrained network of an architecture."""

    @abc.abstractmethod
    def trainer(self, network: Network, seed: int, distribution: Distribution = OFF) -> Trainer:
        """Returns the training of a network that was made in the scope of the distribution's strategy."""

    def start(self, architecture: Architecture, seed: int) -> tuple[Network, Trainer]:
        """Returns the untrained network of an architecture on the devices, and its training.

        Args:
            architecture: canonical.
            seed: of this child.
        """
        with make_strategy(self.distribution).scope():
            network = self.build(architecture, seed)
        return network, self.trainer(network, seed, self.distribution)

    @abc.abstractmethod
    def parameters(self, architecture: Architecture) -> int:
        """Returns the number of trainable parameters of the network of an architecture."""

    @abc.abstractmethod
    def multiply_adds(self, architecture: Architecture) -> int:
        """Returns the multiply-adds of the network of an architecture for one image or one word; it is not built."""

    @abc.abstractmethod
    def inference(self, network: Network) -> Callable[[], object]:
        """Returns a compiled call that computes the outputs for one image, or one sequence, and waits for them."""

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
            InputError: if a checkpoint cannot be written.
        """
        started = time.perf_counter()
        self.network = None
        release()
        seed = child_seed(self.seed, architecture)
        network, trainer = self.start(architecture, seed)
        result = self._train(trainer, self.checkpoint(architecture))
        self.network, self._built = network, (architecture, seed)
        return Evaluation(
            architecture,
            result.score,
            metrics=result.metrics,
            seconds=time.perf_counter() - started,
            parameters=self.parameters(architecture),
        )

    def checkpoint(self, architecture: Architecture) -> Path | None:
        """Returns the file in which a child that trains for long keeps how far it is, None for none."""
        name = f'child_{child_seed(self.seed, architecture):08x}.npz'
        return None if self.checkpoints is None else self.checkpoints / name

    def _train(self, trainer: Trainer, file: Path | None) -> TrainResult:
        """Trains, from a checkpoint where there is one, and with new ones where that takes long."""
        if self.broadcast is not None:
            here = self.broadcast.chief and file is not None and file.exists()
            if content := self.broadcast.send(file.read_bytes() if here and file is not None else b''):
                trainer.load_checkpoint(io.BytesIO(content))
        elif file is not None and file.exists():
            trainer.load_checkpoint(file)
        if file is None or not trainer.replicas.chief:
            return trainer.train()
        written = time.perf_counter()

        def on_loop() -> None:
            nonlocal written
            if time.perf_counter() - written >= CHECKPOINT_SECONDS:
                try:
                    trainer.save_checkpoint(file)
                except OSError as error:  # of the disk: it says nothing about the child
                    reason = error.strerror or error
                    raise InputError(f'cannot write {file}: {reason}; the same command continues') from None
                written = time.perf_counter()

        try:
            result = trainer.train(on_loop=on_loop)
        except DivergedError:
            file.unlink(missing_ok=True)
            raise
        file.unlink(missing_ok=True)
        return result

    def save(self, path: Path) -> None:
        """Writes the last trained network as a model for a person, whole or not at all.

        Args:
            path: of the `.keras` file.

        Raises:
            RuntimeError: if nothing was trained yet.
        """
        if self.network is None or self._built is None:
            raise RuntimeError('there is no trained network to save')
        network = self.network
        if self.distribution != OFF:  # a copy without copies of its variables on several devices
            network = self.build(*self._built)
            values = read_local(make_strategy(self.distribution), self.network.variables)
            for variable, value in zip(network.variables, values, strict=True):
                variable.assign(value)
        save_model(self.model(network), path)


def save_model(model: keras.Model, path: Path) -> None:
    """Writes a `.keras` file beside its place and moves it there, so that no half file is ever seen.

    Args:
        model: a built Keras model.
        path: of the file; its folder is made.
    """
    with written_whole(path) as partial:
        model.save(partial)
