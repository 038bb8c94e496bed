"""The decoder D: embedding -> architecture (section 3.2)."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from nao_tf.controller.attention import ATTENTIONS
from nao_tf.controller.lstm import LSTM
from nao_tf.controller.masks import FORBIDDEN, Masks
from nao_tf.spaces.base import SOS

Carry = tuple[tf.Tensor, ...]  # what a decoder remembers from one position to the next


@keras.saving.register_keras_serializable('nao_tf')
class Decoder(keras.Model):
    """LSTM with attention over the embedding; the logits of x_r are W [s_r, ctx_r] (section 3.2).

    The context is not fed back, so under teacher forcing attention and logits of all positions are computed at once.

    Args:
        vocabulary: V, number of token words.
        hidden: D, of the embedding, of the LSTM and of the token embedding.
        positions: T, tokens of an architecture.
        steps: S, states of an embedding.
        attention: `dot`, `aligned` or `additive`.
        start: initial hidden and cell state: the `last` state of the embedding (h_T), the unit `mean` of
            its states, or `zero`.
    """

    inputs_context = False  # whether the last context is part of a step's input
    reads_context = True  # whether the logits read the context

    def __init__(
        self, vocabulary: int, hidden: int, *, positions: int, steps: int, attention: str = 'dot', start: str = 'last',
        name: str = 'decoder', **kwargs,
    ):  # fmt: skip
        super().__init__(name=name, dtype='float32', **kwargs)
        self.vocabulary = vocabulary
        self.hidden = hidden
        self.attention = attention
        self.positions, self.steps = positions, steps
        self.start = start
        self.table = self.add_weight((vocabulary, hidden), name='decoder_embedding', initializer='uniform')
        self.kernel = self.add_weight((hidden, 4 * hidden), name='decoder_kernel')
        if self.inputs_context:
            self.context_kernel = self.add_weight((hidden, 4 * hidden), name='decoder_context_kernel')
        self.lstm = LSTM(hidden, name='decoder_lstm')
        self.attend: Any = ATTENTIONS[attention](hidden, positions=positions, steps=steps, name='decoder_attention')
        self.output_state = self.add_weight((hidden, vocabulary), name='decoder_state_output_kernel')
        if self.reads_context:
            self.output_context = self.add_weight((hidden, vocabulary), name='decoder_context_output_kernel')
        self.output_bias = self.add_weight((vocabulary,), name='decoder_output_bias', initializer='zeros')
        self.built = True

    def initial(self, embeddings: tf.Tensor) -> tf.Tensor:
        """Returns s_0, [B, D], which also starts the cell state."""
        if self.start == 'zero':
            return tf.zeros_like(embeddings[:, -1])
        if self.start == 'last':
            return embeddings[:, -1]
        return tf.math.l2_normalize(tf.reduce_mean(embeddings, 1), -1)

    def token_inputs(self) -> tf.Tensor:
        """Returns the gates' input for every token word, [V, 4 D]: one small product for the whole sequence."""
        return self.lstm.project(tf.matmul(self.table.value, self.kernel.value))

    def call(self, embeddings: tf.Tensor, tokens: tf.Tensor) -> tf.Tensor:
        """Returns the logits of every position given the true tokens before it (teacher forcing).

        Args:
            embeddings: e_x, float32 [B, S, D].
            tokens: x, int32 [B, T].

        Returns:
            Unmasked logits, float32 [B, T, V].
        """
        batch, length = tokens.shape
        before = tf.pad(tokens[:, :-1], ((0, 0), (1, 0)), constant_values=SOS)
        # Rows are transposed as floats: oneDNN complains about integers on the terminal.
        words = tf.transpose(tf.one_hot(before, self.vocabulary), (1, 0, 2))
        words = tf.reshape(words, (-1, self.vocabulary))
        inputs = tf.reshape(tf.matmul(words, self.token_inputs()), (length, batch, 4 * self.hidden))
        start = self.initial(embeddings)
        states = tf.transpose(self.lstm(inputs, start, start), (1, 0, 2))
        contexts = self.attend(states, self.attend.keys(embeddings), embeddings)
        flat = (-1, self.hidden)
        return tf.reshape(self.logits(tf.reshape(states, flat), tf.reshape(contexts, flat)), (batch, length, -1))

    def logits(self, states: tf.Tensor, contexts: tf.Tensor) -> tf.Tensor:
        """Returns W [s_r, ctx_r], [rows, V]."""
        return (
            tf.matmul(states, self.output_state.value)
            + tf.matmul(contexts, self.output_context.value)
            + self.output_bias.value
        )

    def begin(self, embeddings: tf.Tensor) -> Carry:
        """Returns what the first step starts from."""
        start = self.initial(embeddings)
        return start, start

    def step(
        self, inputs: tf.Tensor, carry: Carry, keys: tf.Tensor, embeddings: tf.Tensor, position: tf.Tensor
    ) -> tuple[tf.Tensor, Carry]:
        """Advances one position.

        Args:
            inputs: [B, 4 D], the rows of `token_inputs` of the tokens before.
            carry: what `begin` or the last step returned.
            keys: the attention's keys of the embeddings.
            embeddings: e_x, [B, S, D].
            position: r.

        Returns:
            Logits [B, V] and the new carry.
        """
        hidden, cell = self.lstm.step(inputs, *carry)
        context = self.attend(hidden[:, None], keys, embeddings, position)[:, 0]
        return self.logits(hidden, context), (hidden, cell)

    def generate(self, embeddings: tf.Tensor, masks: Masks) -> tf.Tensor:
        """Decodes greedily within the masks: an invalid architecture cannot come out.

        Args:
            embeddings: e_x, float32 [B, S, D]; B is static.
            masks: V_r of the space.

        Returns:
            Tokens, int32 [B, T].
        """
        batch = embeddings.shape[0]
        table, keys = self.token_inputs(), self.attend.keys(embeddings)

        def body(position, token, state, carry, tokens):
            logits, carry = self.step(tf.gather(table, token), carry, keys, embeddings, position)
            allowed = tf.where(masks.valid(position, state), logits, FORBIDDEN)
            token = tf.argmax(allowed, -1, output_type=tf.int32)
            return position + 1, token, masks.advance(state, token), carry, tokens.write(position, token)

        start = (
            0,
            tf.fill((batch,), SOS),
            tf.zeros((batch,), tf.int32),
            self.begin(embeddings),
            tf.TensorArray(tf.int32, masks.length, element_shape=(batch,)),
        )
        *_, tokens = tf.while_loop(
            lambda position, *_: position < masks.length, body, start, maximum_iterations=masks.length
        )
        return tf.cast(tf.transpose(tf.cast(tokens.stack(), tf.float32)), tf.int32)

    def get_config(self):
        """Returns the arguments of the constructor."""
        return {
            'vocabulary': self.vocabulary,
            'hidden': self.hidden,
            'positions': self.positions,
            'steps': self.steps,
            'attention': self.attention,
            'start': self.start,
            'name': self.name,
        }


@keras.saving.register_keras_serializable('nao_tf')
class FeedbackDecoder(Decoder):
    """The released code's decoder: logits from s_r alone; ctx_r is part of the input of position r + 1."""

    inputs_context = True
    reads_context = False

    def call(self, embeddings: tf.Tensor, tokens: tf.Tensor) -> tf.Tensor:
        """Returns the logits under teacher forcing, [B, T, V]; position after position, as the context asks."""
        batch, length = tokens.shape
        before = tf.pad(tokens[:, :-1], ((0, 0), (1, 0)), constant_values=SOS)
        # Rows are transposed as floats: oneDNN complains about integers on the terminal.
        words = tf.transpose(tf.one_hot(before, self.vocabulary), (1, 0, 2))
        words = tf.reshape(words, (-1, self.vocabulary))
        inputs = tf.reshape(tf.matmul(words, self.token_inputs()), (length, batch, 4 * self.hidden))
        keys = self.attend.keys(embeddings)

        def body(position, carry, logits):
            row, carry = self.step(inputs[position], carry, keys, embeddings, position)
            return position + 1, carry, logits.write(position, row)

        logits = tf.TensorArray(tf.float32, length, element_shape=(batch, self.vocabulary))
        *_, logits = tf.while_loop(
            lambda position, *_: position < length,
            body,
            (0, self.begin(embeddings), logits),
            maximum_iterations=length,
        )
        return tf.transpose(logits.stack(), (1, 0, 2))

    def logits(self, states: tf.Tensor, contexts: tf.Tensor) -> tf.Tensor:
        """Returns W s_r, [rows, V]."""
        del contexts
        return tf.matmul(states, self.output_state.value) + self.output_bias.value

    def begin(self, embeddings: tf.Tensor) -> Carry:
        """Returns initial states and an empty context."""
        start = self.initial(embeddings)
        return start, start, tf.zeros_like(start)

    def step(
        self, inputs: tf.Tensor, carry: Carry, keys: tf.Tensor, embeddings: tf.Tensor, position: tf.Tensor
    ) -> tuple[tf.Tensor, Carry]:
        """Advances one position (see `Decoder.step`)."""
        hidden, cell, context = carry
        inputs = inputs + tf.matmul(context, self.context_kernel.value)
        hidden, cell = self.lstm.step(inputs, hidden, cell)
        context = self.attend(hidden[:, None], keys, embeddings, position)[:, 0]
        return self.logits(hidden, context), (hidden, cell, context)
