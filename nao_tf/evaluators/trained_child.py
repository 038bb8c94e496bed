"""Scores an architecture by training it from scratch on the task (Alg. 1, line 2)."""

from __future__ import annotations

import time
from pathlib import Path

import keras

from nao_tf.evaluators.base import Evaluator, child_seed
from nao_tf.files import written_whole
from nao_tf.networks.cell_network import CellNetwork
from nao_tf.networks.classifier import ImageClassifier
from nao_tf.networks.config import NetworkConfig
from nao_tf.networks.cost import count_parameters
from nao_tf.searchers.base import Evaluation
from nao_tf.spaces.architecture import Architecture
from nao_tf.spaces.cell_pair import CellPairSpace
from nao_tf.tasks.image import ImageTask
from nao_tf.training.classifier import ClassifierTrainer, release
from nao_tf.training.config import TrainConfig


class TrainedChild(Evaluator):
    """Builds the small network of an architecture, trains it, and scores it on the validation split.

    The last trained network is kept until the next one, so that the search can save it if it is the best.

    Args:
        task: data and metric.
        space: of the architectures.
        network: size and form of the children (section 4.1: N=3, F=32).
        training: their recipe (25 epochs).
        seed: of the search; every child has its own, hashed from it.
    """

    def __init__(
        self, task: ImageTask, space: CellPairSpace, *, network: NetworkConfig, training: TrainConfig, seed: int
    ):
        self.task = task
        self.space = space
        self.network_config = network
        self.training = training
        self.seed = seed
        self.network: CellNetwork | None = None

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
        cells = self.space.cells(architecture)
        network = CellNetwork(cells, self.network_config, seed=seed)
        trainer = ClassifierTrainer(network, self.task, config=self.training, seed=seed)
        result = trainer.train()
        self.network = network
        return Evaluation(
            architecture,
            result.score,
            metrics=result.metrics,
            seconds=time.perf_counter() - started,
            parameters=count_parameters(cells, self.network_config),
        )

    def save(self, path: Path) -> None:
        """Writes the last trained network as a classifier of raw images, whole or not at all.

        Args:
            path: of the `.keras` file.

        Raises:
            RuntimeError: if nothing was trained yet.
        """
        if self.network is None:
            raise RuntimeError('there is no trained network to save')
        task = self.task
        model = ImageClassifier(self.network, task.mean.tolist(), task.std.tolist(), task.class_names, white=task.white)
        save_model(model, path)

    def test_metrics(self, model: keras.Model) -> dict[str, float]:
        """Returns the test metrics of a saved classifier; a search calls this once for each arm's winner.

        Args:
            model: from the file that `save` wrote.
        """
        images, labels = self.task.arrays('test')
        probabilities = model.predict(images, batch_size=self.training.batch_size, verbose=0)
        return self.task.score(labels, probabilities)


def save_model(model: keras.Model, path: Path) -> None:
    """Writes a `.keras` file beside its place and moves it there, so that no half file is ever seen.

    Args:
        model: a built Keras model.
        path: of the file; its folder is made.
    """
    with written_whole(path) as partial:
        model.save(partial)
