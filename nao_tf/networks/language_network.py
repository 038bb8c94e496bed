"""LanguageNetwork: embedding, one recurrent cell, and the softmax that shares the embedding's matrix (A3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

from nao_tf.errors import InputError
from nao_tf.networks.initialization import Initial, uniform, weight_generator, zeros
from nao_tf.networks.language_computation import LanguageComputation
from nao_tf.networks.recurrent_config import RecurrentConfig
from nao_tf.networks.recurrent_core import RecurrentCore
from nao_tf.networks.recurrent_plan import plan_cell
from nao_tf.spaces.cells import RecurrentCell

LIMIT = 0.04  # initial weights are uniform in -0.04 .. 0.04 (A3)


@keras.saving.register_keras_serializable(package='nao_tf')
class LanguageNetwork(keras.Model):
    """A language model of one recurrent cell; all variables exist as soon as it does.

    `network(tokens, state)` returns logits and the state to carry on. It is made of TensorFlow operations with static
    shapes only (the time loop is a bounded while loop), keeps no random state, and lowers for TPU.

    Args:
        cell: the recurrent cell.
        config: width, vocabulary, regularisation.
        seed: decides the initial weights, together with the name of each.
        name: name of the model.

    Raises:
        InputError: if the cell has an activation that does not exist.
    """

    def __init__(self, cell: RecurrentCell, config: RecurrentConfig, *, seed: int = 0, name: str = 'language_network'):
        super().__init__(name=name, dtype='float32', autocast=False)
        self.cell = cell
        self.config = config
        self.seed = seed
        self.core = RecurrentCore(plan_cell(cell, gated=config.gated), config.gated)
        hidden, width = config.hidden, config.width
        self.embedding = self._create('embedding', (config.vocabulary, hidden), uniform(LIMIT))
        # Rows 0 .. H-1 read the word, the others the last state.
        self.first = self._create('first', (2 * hidden, width), uniform(LIMIT))
        self.nodes = self._create('nodes', (len(cell.nodes), hidden, width), uniform(LIMIT))
        self.bias = self._create('bias', (config.vocabulary,), zeros)
        self.build()

    def _create(self, name: str, shape: tuple[int, ...], initial: Initial) -> keras.Variable:
        values = initial(weight_generator(self.seed, name), shape)
        return keras.Variable(values, dtype='float32', trainable=True, autocast=False, name=name)

    def build(self, input_shape: Any = None) -> None:
        """Nothing is left to create: the constructor made the variables."""
        del input_shape

    def initial_state(self, batch_size: int | tf.Tensor) -> tf.Tensor:
        """Returns the state at the beginning of a text, zeros [B, H]."""
        return tf.zeros((batch_size, self.config.hidden))

    def call(self, tokens: tf.Tensor, state: tf.Tensor | None = None) -> tuple[tf.Tensor, tf.Tensor]:
        """Computes the logits without any dropout.

        Args:
            tokens: int [T, B], time first; T is static.
            state: [B, H] from the segment before; None at the beginning of a text.

        Returns:
            Logits [T, B, V] of the words that follow, and the state to carry on.
        """
        batch = tf.shape(tokens)[1] if tokens.shape[1] is None else tokens.shape[1]
        state = self.initial_state(batch) if state is None else state
        return self.computation.logits(tokens, state)

    @property
    def computation(self) -> LanguageComputation:
        """What is computed with the variables: logits, and loss and gradients of a training step."""
        return LanguageComputation(self.config, self.core, *(variable.value for variable in self.trained))

    @property
    def trained(self) -> list[keras.Variable]:
        """The variables in the order of `LanguageComputation.gradients`: embedding, first, nodes, bias."""
        return [self.embedding, self.first, self.nodes, self.bias]

    def get_config(self) -> dict[str, Any]:
        """Returns what `from_config` needs, as JSON types."""
        return {
            'nodes': [list(node) for node in self.cell.nodes],
            'outputs': None if self.cell.outputs is None else list(self.cell.outputs),
            'config': self.config.to_json(),
            'seed': self.seed,
            'name': self.name,
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any], custom_objects: Any = None) -> LanguageNetwork:
        """Rebuilds a network, with the initial weights of its seed.

        Raises:
            InputError: if the config is damaged.
        """
        del custom_objects
        try:
            outputs = config['outputs']
            cell = RecurrentCell(
                tuple((int(source), str(name)) for source, name in config['nodes']),
                None if outputs is None else tuple(outputs),
            )
            network = RecurrentConfig.from_json(config['config'])
            return cls(cell, network, seed=config['seed'], name=config['name'])
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(f'the saved language network is damaged: {error!r}') from None
