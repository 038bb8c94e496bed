"""RecurrentSupernet: one set of weights for every recurrent cell of a space (A3)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import tensorflow as tf

from nao_tf.errors import InputError
from nao_tf.networks.initialization import uniform, weight_generator
from nao_tf.networks.language_computation import LanguageComputation
from nao_tf.networks.language_network import LIMIT
from nao_tf.networks.recurrent_config import RecurrentConfig
from nao_tf.networks.recurrent_plan import check_activation
from nao_tf.spaces.architecture import Architecture
from nao_tf.spaces.recurrent_cell import RecurrentCellSpace
from nao_tf.supernets.codes import check_space, recurrent_codes
from nao_tf.supernets.shared_cell import add_to
from nao_tf.supernets.shared_core import Choices, MaskedChoices, SelectedChoices, shared_core

CHOICES: dict[str, Callable[[Sequence[str], int], Choices]] = {'selected': SelectedChoices, 'masked': MaskedChoices}


class RecurrentSupernet(tf.Module):
    """Shared weights of language models, and the model that a cell makes of them.

    Node i has a matrix of its own for every pair of an input and an activation (A3): block input * activations +
    activation of i * activations blocks. Embedding, node 0 and the softmax are shared by all cells. The model is that
    of `LanguageNetwork` with the same config.

    Args:
        space: of the architectures, such as `nao_rnn`.
        config: width, vocabulary, rules, dropout.
        seed: decides the initial weights.
        execution: `selected`, or `masked`, which lowers for TPU.

    Raises:
        InputError: if the space is of another kind, an activation does not exist, or there is no such execution.

    Attributes:
        blocks: variables [i * activations, H, W] for node i = 1 .. n.
    """

    def __init__(
        self, space: RecurrentCellSpace, config: RecurrentConfig, *, seed: int = 0, execution: str = 'selected'
    ):
        super().__init__(name='recurrent_supernet')
        check_space(space, RecurrentCellSpace)
        for name in space.activations:
            check_activation(name, f'space {space.name}')
        if execution not in CHOICES:
            raise InputError(f'supernet: execution is one of {", ".join(CHOICES)}, not {execution!r}')
        self.space = space
        self.config = config
        self.choices = CHOICES[execution](space.activations, space.node_count)
        hidden, width = config.hidden, config.width

        def create(name: str, shape: tuple[int, ...]) -> tf.Variable:
            return tf.Variable(uniform(LIMIT)(weight_generator(seed, name), shape), name=name)

        self.embedding = create('embedding', (config.vocabulary, hidden))
        self.first = create('first', (2 * hidden, width))
        self.blocks = [
            create(f'node_{node}', (node * len(space.activations), hidden, width))
            for node in range(1, space.node_count + 1)
        ]
        self.bias = tf.Variable(np.zeros(config.vocabulary, np.float32), name='bias')

    @property
    def codes_spec(self) -> tf.TensorSpec:
        """What a compiled function takes for an architecture."""
        return tf.TensorSpec((self.space.node_count, 2), tf.int32)

    def codes(self, architecture: Architecture) -> np.ndarray:
        """Returns an architecture as int32 [n, 2], see `recurrent_codes`.

        Raises:
            InputError: if it is not of the space.
        """
        return recurrent_codes(self.space, architecture)

    def rows(self, codes: tf.Tensor) -> tf.Tensor:
        """Returns the block of each node that a cell uses, int32 [n], of its codes [n, 2]."""
        return codes[:, 0] * len(self.space.activations) + codes[:, 1]

    def computation(self, codes: tf.Tensor) -> LanguageComputation:
        """Returns what the model of a cell computes.

        Args:
            codes: int32 [n, 2].
        """
        core = shared_core(codes, self.space.activations, gated=self.config.gated, choices=self.choices)
        rows = tf.unstack(self.rows(codes))
        nodes = tf.stack([tf.gather(block, row) for block, row in zip(self.blocks, rows, strict=True)])
        return LanguageComputation(self.config, core, self.embedding, self.first, nodes, self.bias)

    def update(
        self,
        codes: tf.Tensor,
        gradients: Sequence[tf.Tensor],
        learning_rate: tf.Tensor,
        *,
        weight_decay: float = 0.0,
        clip_norm: float = 0.0,
    ) -> None:
        """Moves what a cell uses against its gradients, and nothing else (SGD without momentum, A3).

        Args:
            codes: int32 [n, 2], of the cell.
            gradients: of embedding [V, H], first [2H, W], the used blocks [n, H, W] and bias [V].
            learning_rate: float32 scalar.
            weight_decay: times half the sum of squares of the weights that are used.
            clip_norm: bound of the global norm of the gradient without weight decay; 0 means none.
        """
        rows = tf.unstack(self.rows(codes))
        if clip_norm:
            gradients, _ = tf.clip_by_global_norm(gradients, clip_norm)
        embedding, first, nodes, bias = gradients
        for variable, gradient in ((self.embedding, embedding), (self.first, first), (self.bias, bias)):
            add_to(variable, -learning_rate * (gradient + weight_decay * variable))
        for block, row, gradient in zip(self.blocks, rows, tf.unstack(nodes), strict=True):
            change = -learning_rate * (gradient + weight_decay * tf.gather(block, row))
            tf.raw_ops.ResourceScatterAdd(resource=block.handle, indices=row, updates=change)
