"""Scores a recurrent cell by training its language model from scratch on a text (Alg. 1, line 2)."""

from __future__ import annotations

from collections.abc import Callable

import keras
import tensorflow as tf

from nao_tf.evaluators.child import Child
from nao_tf.networks.language_model import LanguageModel
from nao_tf.networks.language_network import LanguageNetwork
from nao_tf.networks.recurrent_config import RecurrentConfig
from nao_tf.spaces.architecture import Architecture
from nao_tf.spaces.recurrent_cell import RecurrentCellSpace
from nao_tf.tasks.text import TextTask
from nao_tf.training.distribution import OFF, Distribution
from nao_tf.training.language import LanguageTrainer
from nao_tf.training.language_config import LanguageTrainConfig


class RecurrentChild(Child[LanguageNetwork]):
    """A language model of one recurrent cell; its score is monotone in its validation perplexity (`TextTask.score`).

    Args:
        task: the text.
        space: of the architectures.
        network: width and regularisation of the children.
        training: their recipe.
        seed: of the search; every child has its own, hashed from it.
        distribution: the devices that train a child together.
    """

    space: RecurrentCellSpace

    def __init__(
        self,
        task: TextTask,
        space: RecurrentCellSpace,
        *,
        network: RecurrentConfig,
        training: LanguageTrainConfig,
        seed: int,
        distribution: Distribution = OFF,
    ):
        super().__init__(space, seed=seed, distribution=distribution)
        self.task = task
        self.network_config = network
        self.training = training

    def build(self, architecture: Architecture, seed: int) -> LanguageNetwork:
        """Returns the untrained language model of an architecture."""
        return LanguageNetwork(self.space.cell(architecture), self.network_config, seed=seed)

    def trainer(self, network: LanguageNetwork, seed: int, distribution: Distribution = OFF) -> LanguageTrainer:
        """Returns the training of a language model."""
        return LanguageTrainer(network, self.task, config=self.training, seed=seed, distribution=distribution)

    def parameters(self, architecture: Architecture) -> int:
        """Returns the number of trainable parameters, the shared embedding counted once."""
        return self.network_config.parameters(len(self.space.cell(architecture).nodes))

    def multiply_adds(self, architecture: Architecture) -> int:
        """Returns the multiply-adds for one word."""
        return self.network_config.multiply_adds(len(self.space.cell(architecture).nodes))

    def inference(self, network: LanguageNetwork) -> Callable[[], object]:
        """Returns a compiled call that computes the logits of one sequence of `child.sequence_length` words."""
        step = tf.function(lambda tokens: network(tokens)[0], autograph=False)
        tokens = tf.zeros((self.training.sequence_length, 1), tf.int32)
        return lambda: step(tokens).numpy()

    def model(self, network: LanguageNetwork) -> LanguageModel:
        """Returns a trained network with its vocabulary."""
        return LanguageModel(network, self.task.vocabulary)

    def test_metrics(self, model: keras.Model) -> dict[str, float]:
        """Returns the test perplexity of a saved model; a search calls this once for each arm's winner.

        Args:
            model: from the file that `save` wrote.
        """
        return self.trainer(model.network, self.seed).evaluate('test')
