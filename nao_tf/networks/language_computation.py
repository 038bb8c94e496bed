"""LanguageComputation: what a language model computes, given its weights: logits, and a step's loss and gradients."""

from __future__ import annotations

import dataclasses
from typing import Any, NamedTuple

import tensorflow as tf

from nao_tf.networks.dropping import variational_mask
from nao_tf.networks.recurrent_config import RecurrentConfig
from nao_tf.networks.recurrent_core import Matrices, RecurrentCore
from nao_tf.networks.share import Share, sum_over_replicas


class Inputs(NamedTuple):
    """What the time loop reads, all of it a function of the weights and the step's masks.

    Args:
        words: [T, B, W], node 0's product with the embedded words.
        matrices: of the loop, with dropped weights.
    """

    words: tf.Tensor
    matrices: Matrices


class Gradients(NamedTuple):
    """Of one training step.

    Args:
        loss: scalar, mean cross entropy in nats.
        total: scalar, with the penalties; what is differentiated.
        state: [B, H], to carry on.
        gradients: of embedding, first, nodes and bias.
    """

    loss: tf.Tensor
    total: tf.Tensor
    state: tf.Tensor
    gradients: list[tf.Tensor]


@dataclasses.dataclass(frozen=True, eq=False)
class LanguageComputation:
    """Embedding, one recurrent cell, and the softmax that shares the embedding's matrix (A3).

    Args:
        config: width, vocabulary, regularisation.
        core: the time loop of the cell.
        embedding: [V, H], a variable, as the others are, or a tensor.
        first: [2H, W], node 0; rows 0 .. H-1 read the word, the others the last state.
        nodes: [n, H, W], the other nodes in the order of the core's rows.
        bias: [V], of the softmax.
    """

    config: RecurrentConfig
    core: RecurrentCore
    embedding: Any
    first: Any
    nodes: Any
    bias: Any

    def logits(self, tokens: tf.Tensor, state: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns the logits [T, B, V] of the words behind tokens [T, B] without dropout, and the state to carry on."""
        words, matrices = self.inputs(tokens, None)
        outputs, _ = self.core.forward(words, state, matrices)
        return self._logits(outputs), outputs[-1]

    def gradients(
        self,
        inputs: tf.Tensor,
        targets: tf.Tensor,
        weights: tf.Tensor,
        state: tf.Tensor,
        seed: tf.Tensor,
        *,
        activation_penalty: float = 0.0,
        slowness_penalty: float = 0.0,
        share: Share | None = None,
    ) -> Gradients:
        """Computes loss and gradients of one step of truncated backpropagation, with dropout.

        The loss that is differentiated adds AR and TAR (Merity et al. 2017): the penalties times the mean square of
        the dropped outputs and of the difference of consecutive outputs.

        Args:
            inputs: int [T, B], words.
            targets: int [T, B], the words that follow.
            weights: [T, B], 1, and 0 for tokens that do not count.
            state: [B, H], carried from the segment before; no gradient flows into it.
            seed: int32 [2], another one for every step.
            activation_penalty: alpha of AR.
            slowness_penalty: beta of TAR.
            share: what the B streams are of a global batch; loss and gradients are then this share of it, and their
                sums over the replicas those of the global batch. None where they are all of it.
        """
        config = self.config
        shape = (inputs.shape[1], config.hidden)
        hidden_mask = variational_mask(config.hidden_dropout, shape, seed, 0, share)
        output_mask = variational_mask(config.output_dropout, shape, seed, 1, share)
        variables = [self.embedding, self.first, self.nodes]
        with tf.GradientTape(watch_accessed_variables=False) as below:
            below.watch(variables)
            words, matrices = self.inputs(inputs, seed, share)
        outputs, trace = self.core.forward(words, state, matrices, hidden_mask)
        top = [self.embedding, self.bias]
        with tf.GradientTape(watch_accessed_variables=False) as above:
            above.watch([outputs, *top])
            dropped = outputs if output_mask is None else outputs * output_mask
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(targets, self._logits(dropped))
            weight = tf.reduce_sum(weights)
            if share is not None:
                (weight,) = sum_over_replicas([weight])
            loss = tf.math.divide_no_nan(tf.reduce_sum(losses * weights), weight)
            total = loss
            if activation_penalty:
                total += activation_penalty * _mean_square(dropped, share)
            if slowness_penalty and inputs.shape[0] > 1:
                total += slowness_penalty * _mean_square(outputs[1:] - outputs[:-1], share)
        by_output, by_softmax, by_bias = above.gradient(total, [outputs, *top])
        by_words, _, by_matrices = self.core.backward(by_output, trace, outputs, state, matrices, hidden_mask)
        by_embedding, by_first, by_nodes = below.gradient(
            [words, *matrices], variables, output_gradients=[by_words, *by_matrices]
        )
        by_embedding = by_softmax + tf.convert_to_tensor(by_embedding)
        return Gradients(loss, total, outputs[-1], [by_embedding, by_first, by_nodes, by_bias])

    def inputs(self, tokens: tf.Tensor, seed: tf.Tensor | None, share: Share | None = None) -> Inputs:
        """Returns what the loop reads; with a seed, dropped by masks that are constant over the sequence."""
        config = self.config
        steps, batch = tokens.shape
        nodes, first = tf.identity(self.nodes), self.first
        recurrent = first[config.hidden :]
        words = tf.gather(self.embedding, tokens)
        if seed is not None:
            kept = variational_mask(config.word_dropout, (config.vocabulary, 1), seed, 2)
            for factor in (
                None if kept is None else tf.gather(kept, tokens),
                variational_mask(config.embedding_dropout, (batch, config.hidden), seed, 3, share),
                variational_mask(config.input_dropout, (batch, config.hidden), seed, 4, share),
            ):
                words = words if factor is None else words * factor
            if config.weight_dropout:
                recurrent *= variational_mask(config.weight_dropout, recurrent.shape, seed, 5)
                nodes *= variational_mask(config.weight_dropout, nodes.shape, seed, 6)
        words = tf.matmul(tf.reshape(words, (-1, config.hidden)), first[: config.hidden])
        return Inputs(tf.reshape(words, (steps, -1, config.width)), Matrices(recurrent, nodes))

    def _logits(self, outputs: tf.Tensor) -> tf.Tensor:
        """Returns logits [T, B, V] of outputs [T, B, H]: the softmax has the embedding's matrix."""
        steps, _, hidden = outputs.shape
        flat = tf.matmul(tf.reshape(outputs, (-1, hidden)), self.embedding, transpose_b=True)
        return tf.reshape(flat + self.bias, (steps, -1, self.config.vocabulary))


def _mean_square(x: tf.Tensor, share: Share | None) -> tf.Tensor:
    """Returns the mean square of x [T, B, H]; of a share, its part of the mean over the global batch."""
    if share is None:
        return tf.reduce_mean(tf.square(x))
    squares = tf.square(x) if share.weights is None else tf.square(x) * share.weights[:, tf.newaxis]
    return tf.reduce_sum(squares) / (x.shape[0] * share.batch_size * x.shape[2])
