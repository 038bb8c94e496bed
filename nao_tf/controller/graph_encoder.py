"""An encoder whose steps also see the node that they read: for small numbers of evaluated architectures."""

from __future__ import annotations

import keras
import numpy as np
import tensorflow as tf

from nao_tf.controller.encoder import Encoder

MOST_READERS = 4  # more readers of one node are told apart no further


@keras.saving.register_keras_serializable('nao_tf')
class GraphEncoder(Encoder):
    """The LSTM encoder with more input at every step; states and embedding are those of `Encoder`.

    Beside its own tokens, a step gets the mean of the token embeddings of the node that it reads, and embeddings of
    the level of its node (1 + the largest level of the nodes it reads), of the number of its node's readers (none:
    a loose end), and of its place in the sequence. All of it follows from the tokens; what a plain LSTM would have
    to find out from the evaluated architectures (which earlier step a token points to) is given.

    Args:
        vocabulary: V.
        length: T.
        step_nodes: node of each step, S numbers (`SearchSpace.step_nodes`).
        read_nodes: node that a step reads with a token, S lists of V numbers, -1 for none (`SearchSpace.read_nodes`).
        **kwargs: as for `Encoder`.
    """

    def __init__(self, vocabulary: int, length: int, *, step_nodes: list[int], read_nodes: list[list[int]], **kwargs):
        super().__init__(vocabulary, length, **kwargs)
        self.step_nodes = [int(node) for node in step_nodes]
        self.read_nodes = [[int(node) for node in row] for row in read_nodes]
        self.nodes = max(self.step_nodes) + 1
        self.levels = _longest_chain(self.step_nodes, self.read_nodes)

        def table(rows: int, name: str):
            return self.add_weight((rows, self.embedding // 2), name=f'encoder_{name}_embedding', initializer='uniform')

        self.level_table = table(self.levels + 1, 'level')
        self.reader_table = table(MOST_READERS + 1, 'reader')
        self.place_table = table(len(self.step_nodes), 'place')

    @property
    def input_width(self) -> int:
        """Tokens of the step and of the node it reads, and three more embeddings of half the width."""
        return 2 * self.step_length * self.embedding + 3 * (self.embedding // 2)

    def step_inputs(self, tokens: tf.Tensor) -> tf.Tensor:
        """Returns the embedded input of every step, [S, B, `input_width`]."""
        own = super().step_inputs(tokens)
        steps, batch, width = own.shape
        owner = np.eye(self.nodes, dtype=np.float32)[self.step_nodes]  # [S, N]
        # reads[s, b, n]: step s of architecture b reads node n.
        readable = np.array(self.read_nodes)[..., None] == np.arange(self.nodes)
        words = tf.reduce_sum(self.words(tokens), 2)  # [S, B, V]
        reads = tf.matmul(words, tf.constant(readable.astype(np.float32)))
        flat = tf.reshape(own, (steps, batch * width))
        nodes = tf.matmul(tf.constant((owner / owner.sum(0)).T), flat)  # [N, B * width]
        nodes = tf.transpose(tf.reshape(nodes, (self.nodes, batch, width)), (1, 0, 2))
        read = tf.transpose(tf.matmul(tf.transpose(reads, (1, 0, 2)), nodes), (1, 0, 2))
        readers = tf.matmul(tf.reduce_sum(reads, 0), tf.constant(owner.T))  # [B, S]
        places = tf.tile(self.place_table.value[:, None], (1, batch, 1))
        return tf.concat(
            [
                own,
                read,
                _rows(self.level_table.value, self._levels(reads, owner)),
                _rows(self.reader_table.value, tf.minimum(tf.transpose(readers), MOST_READERS)),
                places,
            ],
            -1,
        )

    def _levels(self, reads: tf.Tensor, owner: np.ndarray) -> tf.Tensor:
        """Returns the level of every step's node, float32 [S, B]: 1 for a node that reads none."""
        by_node = tf.stack(  # [N, B, N]: node n reads node m
            [tf.reduce_max(tf.gather(reads, np.flatnonzero(owner[:, node])), 0) for node in range(self.nodes)]
        )
        levels = tf.ones((by_node.shape[1], self.nodes))
        for _ in range(self.levels - 1):
            levels = 1 + tf.transpose(tf.reduce_max(by_node * levels, -1))
        return tf.matmul(tf.constant(owner), levels, transpose_b=True)

    def get_config(self):
        """Returns the arguments of the constructor."""
        return {**super().get_config(), 'step_nodes': self.step_nodes, 'read_nodes': self.read_nodes}


def _rows(table: tf.Tensor, index: tf.Tensor) -> tf.Tensor:
    """Returns rows of a table [R, E] by whole numbers [S, B], as a product with one-hot rows."""
    chosen = tf.one_hot(tf.cast(index, tf.int32), table.shape[0])
    rows = tf.matmul(tf.reshape(chosen, (-1, table.shape[0])), table)
    return tf.reshape(rows, (*index.shape, table.shape[1]))


def _longest_chain(step_nodes: list[int], read_nodes: list[list[int]]) -> int:
    """Returns the largest level that a node of any architecture can have."""
    levels = [1] * (max(step_nodes) + 1)
    for _ in levels:
        for node, row in zip(step_nodes, read_nodes, strict=True):
            levels[node] = max([levels[node], *(1 + levels[other] for other in row if other >= 0)])
    return max(levels)
