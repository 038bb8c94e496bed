"""An encoder whose steps also see the node that they read: for small numbers of evaluated architectures."""

from __future__ import annotations

import functools

import keras
import numpy as np
import tensorflow as tf

from nao_tf.controller.encoder import Encoder, dropout

MOST_READERS = 4  # more readers of one node are told apart no further


@keras.saving.register_keras_serializable('nao_tf')
class GraphEncoder(Encoder):
    """The LSTM encoder with more input at every step; states and embedding are those of `Encoder`.

    Beside its own tokens, and an embedding of what they say together (an operation written with several tokens), a
    step gets the mean of the same embeddings of the node that it reads, and embeddings of the level of its node
    (1 + the largest level of the nodes it reads), of the number of its node's readers (none: a loose end), and of
    its place in the sequence. All of it follows from the tokens; what a plain LSTM would have to find out from the
    evaluated architectures (which earlier step a token points to) is given.

    Args:
        vocabulary: V.
        length: T.
        step_nodes: node of each step, S numbers (`SearchSpace.step_nodes`).
        read_nodes: node that a step reads with a token, S lists of V numbers, -1 for none (`SearchSpace.read_nodes`).
        joint_words: what the tokens of a step after its first can be together, tuples of tokens; may be empty.
        **kwargs: as for `Encoder`.
    """

    def __init__(
        self, vocabulary: int, length: int, *, step_nodes: list[int], read_nodes: list[list[int]],
        joint_words: list[list[int]], **kwargs,
    ):  # fmt: skip
        self.joint_words = [[int(token) for token in word] for word in joint_words]
        super().__init__(vocabulary, length, **kwargs)
        self.step_nodes = [int(node) for node in step_nodes]
        self.read_nodes = [[int(node) for node in row] for row in read_nodes]
        self.nodes = max(self.step_nodes) + 1
        self.levels = _longest_chain(self.step_nodes, self.read_nodes)

        def table(rows: int, name: str, width: int):
            return self.add_weight((rows, width), name=f'encoder_{name}_embedding', initializer='uniform')

        if self.joint_words:
            self.joint_table = table(len(self.joint_words), 'joint', self.embedding)
        half = self.embedding // 2
        self.level_table = table(self.levels + 1, 'level', half)
        self.reader_table = table(MOST_READERS + 1, 'reader', half)
        self.place_table = table(len(self.step_nodes), 'place', half)

    @property
    def input_width(self) -> int:
        """Tokens of the step and of the node it reads, and three more embeddings of half the width."""
        return 2 * (self.step_length + bool(self.joint_words)) * self.embedding + 3 * (self.embedding // 2)

    def products(self, tokens: tf.Tensor, seed: tf.Tensor | None) -> tf.Tensor:
        """Returns the products of every step's input and the input kernel, float32 [S, B, 4 D].

        Embeddings and kernel are multiplied first: all inputs are choices from small tables, so one product with
        rows of ones replaces embedding and projection. Dropout drops an embedding as a whole.

        Args:
            tokens: int32 [B, T].
            seed: int32 [2] for dropout, or None.
        """
        words = self.words(tokens)
        steps, batch = words.shape[:2]
        owner = np.eye(self.nodes, dtype=np.float32)[self.step_nodes]  # [S, N]
        # reads[b, s, n]: step s of architecture b reads node n.
        readable = np.array(self.read_nodes)[..., None] == np.arange(self.nodes)
        reads = tf.matmul(tf.reduce_sum(words, 2), tf.constant(readable.astype(np.float32)))
        reads = tf.transpose(reads, (1, 0, 2))
        own = self._own_words(words)
        nodes = tf.matmul(tf.constant((owner / owner.sum(0)).T), tf.reshape(own, (steps, -1)))
        nodes = tf.transpose(tf.reshape(nodes, (self.nodes, batch, own.shape[-1])), (1, 0, 2))
        read = tf.transpose(tf.matmul(reads, nodes), (1, 0, 2))
        readers = tf.minimum(tf.matmul(tf.constant(owner), tf.reduce_sum(reads, 1), transpose_b=True), MOST_READERS)
        chosen = tf.concat(
            [
                own,
                read,
                tf.one_hot(tf.cast(self._levels(reads, owner), tf.int32), self.levels + 1),
                tf.one_hot(tf.cast(readers, tf.int32), MOST_READERS + 1),
            ],
            -1,
        )
        tables, places = self._tables()
        chosen = dropout(tf.reshape(chosen, (steps * batch, chosen.shape[-1])), self.dropout, seed)
        return tf.reshape(tf.matmul(chosen, tables), (steps, batch, 4 * self.hidden)) + places[:, None]

    def _own_words(self, words: tf.Tensor) -> tf.Tensor:
        """Returns a step's tokens, and which joint word they are, as rows of ones: [S, B, k V + joint words]."""
        own = [tf.reshape(words, (*words.shape[:2], -1))]
        if self.joint_words:
            columns = np.array(self.joint_words).T
            matches = [tf.gather(words[:, :, 1 + place], column, axis=-1) for place, column in enumerate(columns)]
            own.append(functools.reduce(tf.multiply, matches))
        return tf.concat(own, -1)

    def _tables(self) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns the product with the kernel of every embedding that can be chosen, and of the places."""
        half = self.embedding // 2
        words = [self.table.value] * self.step_length + ([self.joint_table.value] if self.joint_words else [])
        *parts, level, reader, place = tf.split(self.kernel.value, [self.embedding] * (2 * len(words)) + [half] * 3)
        tables = [tf.matmul(table, part) for table, part in zip(words * 2, parts, strict=True)]
        tables += [tf.matmul(self.level_table.value, level), tf.matmul(self.reader_table.value, reader)]
        return tf.concat(tables, 0), tf.matmul(self.place_table.value, place)

    def _levels(self, reads: tf.Tensor, owner: np.ndarray) -> tf.Tensor:
        """Returns the level of every step's node, float32 [S, B]: 1 for a node that reads none."""
        # by_node[b, n, m]: node n of architecture b reads node m.
        by_node = tf.minimum(tf.matmul(tf.constant(owner.T), reads), 1.0)
        levels = tf.ones((reads.shape[0], self.nodes))
        for _ in range(self.levels - 1):
            levels = 1 + tf.reduce_max(by_node * levels[:, None], -1)
        return tf.matmul(tf.constant(owner), levels, transpose_b=True)

    def get_config(self):
        """Returns the arguments of the constructor."""
        return {
            **super().get_config(),
            'step_nodes': self.step_nodes,
            'read_nodes': self.read_nodes,
            'joint_words': self.joint_words,
        }


def _longest_chain(step_nodes: list[int], read_nodes: list[list[int]]) -> int:
    """Returns the largest level that a node of any architecture can have."""
    levels = [1] * (max(step_nodes) + 1)
    for _ in levels:
        for node, row in zip(step_nodes, read_nodes, strict=True):
            levels[node] = max([levels[node], *(1 + levels[other] for other in row if other >= 0)])
    return max(levels)
