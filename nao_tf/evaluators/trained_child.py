"""Scores a convolutional architecture by training it from scratch on images (Alg. 1, line 2)."""

from __future__ import annotations

from collections.abc import Callable

import keras
import tensorflow as tf

from nao_tf.evaluators.child import Child
from nao_tf.evaluators.predict import test_metrics
from nao_tf.networks.cell_network import CellNetwork
from nao_tf.networks.classifier import ImageClassifier
from nao_tf.networks.config import NetworkConfig
from nao_tf.networks.cost import count_multiply_adds, count_parameters
from nao_tf.spaces.architecture import Architecture
from nao_tf.spaces.cell_pair import CellPairSpace
from nao_tf.tasks.image import ImageTask
from nao_tf.training.classifier import ClassifierTrainer
from nao_tf.training.config import TrainConfig
from nao_tf.training.distribution import OFF, Distribution


class TrainedChild(Child[CellNetwork]):
    """A small network of stacked cells that classifies images.

    Args:
        task: data and metric.
        space: of the architectures.
        network: size and form of the children (section 4.1: N=3, F=32).
        training: their recipe (25 epochs).
        seed: of the search; every child has its own, hashed from it.
        distribution: the devices that train a child together.
    """

    space: CellPairSpace

    def __init__(
        self,
        task: ImageTask,
        space: CellPairSpace,
        *,
        network: NetworkConfig,
        training: TrainConfig,
        seed: int,
        distribution: Distribution = OFF,
    ):
        super().__init__(space, seed=seed, distribution=distribution)
        self.task = task
        self.network_config = network
        self.training = training

    def build(self, architecture: Architecture, seed: int) -> CellNetwork:
        """Returns the untrained network of an architecture."""
        return CellNetwork(self.space.cells(architecture), self.network_config, seed=seed)

    def trainer(self, network: CellNetwork, seed: int, distribution: Distribution = OFF) -> ClassifierTrainer:
        """Returns the training of a network."""
        return ClassifierTrainer(network, self.task, config=self.training, seed=seed, distribution=distribution)

    def parameters(self, architecture: Architecture) -> int:
        """Returns the number of trainable parameters, the auxiliary head not counted."""
        return count_parameters(self.space.cells(architecture), self.network_config)

    def multiply_adds(self, architecture: Architecture) -> int:
        """Returns the multiply-adds for one image, the auxiliary head not counted."""
        return count_multiply_adds(self.space.cells(architecture), self.network_config)

    def inference(self, network: CellNetwork) -> Callable[[], object]:
        """Returns a compiled call that computes the logits of one image."""
        step = tf.function(lambda images: network(images, training=False), autograph=False)
        image = tf.zeros((1, *self.network_config.image_shape))
        return lambda: step(image).numpy()

    def model(self, network: CellNetwork) -> ImageClassifier:
        """Returns a trained network as a classifier of raw images."""
        task = self.task
        return ImageClassifier(network, task.mean.tolist(), task.std.tolist(), task.class_names, white=task.white)

    def test_metrics(self, model: keras.Model) -> dict[str, float]:
        """Returns the test metrics of a saved classifier; a search calls this once for each arm's winner.

        Args:
            model: from the file that `save` wrote.
        """
        return test_metrics(model, self.task, batch_size=self.training.batch_size)
