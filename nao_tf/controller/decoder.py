"""The decoder D: embedding -> architecture (section 3.2)."""

from __future__ import annotations

from typing import NamedTuple

import keras
import tensorflow as tf

from nao_tf.controller.attention import ATTENTIONS
from nao_tf.controller.lstm import LSTM
from nao_tf.controller.masks import FORBIDDEN, Masks
from nao_tf.spaces.language import SOS

Carry = tuple[tf.Tensor, ...]  # what a decoder remembers from one position to the next


class Memory(NamedTuple):
    """What a decoder computes once from an embedding: the attention's keys, and what the attention mixes."""

    keys: tf.Tensor
    values: tf.Tensor


@keras.saving.register_keras_serializable('nao_tf')
class Decoder(keras.Model):
    """LSTM with attention over the embedding; the logits of x_r are W [s_r, ctx_r] (section 3.2).

    W is kept as its two halves, and the half of the context is applied to the embedding's states before the
    attention mixes them: the sum is the same and V numbers are mixed instead of D. The context is not fed back, so
    under teacher forcing attention and logits of all positions are computed at once.

    Args:
        vocabulary: V, number of token words.
        hidden: D, of the embedding, of the LSTM and of the token embedding.
        positions: T, tokens of an architecture.
        steps: S, states of an embedding.
        attention: `dot`, `aligned` or `additive`.
        start: initial hidden and cell state: the `last` state of the embedding (h_T), the unit `mean` of its states,
            or `zero`.
    """

    def __init__(
        self, vocabulary: int, hidden: int, *, positions: int, steps: int, attention: str = 'dot', start: str = 'last',
        name: str = 'decoder', **kwargs,
    ):  # fmt: skip
        super().__init__(name=name, dtype='float32', **kwargs)
        self.vocabulary, self.hidden, self.positions, self.steps = vocabulary, hidden, positions, steps
        self.attention = attention
        self.start = start
        self.table = self.add_weight((vocabulary, hidden), name='decoder_embedding', initializer='uniform')
        self.kernel = self.add_weight((hidden, 4 * hidden), name='decoder_kernel')
        self.lstm = LSTM(hidden, name='decoder_lstm')
        self.attend = ATTENTIONS[attention](hidden, positions=positions, steps=steps, name='decoder_attention')
        self.output_state = self.add_weight((hidden, vocabulary), name='decoder_state_output_kernel')
        self.context_kernel = self.add_weight((hidden, self.context_width), name='decoder_context_kernel')
        self.output_bias = self.add_weight((vocabulary,), name='decoder_output_bias', initializer='zeros')
        self.built = True

    @property
    def context_width(self) -> int:
        """What a context is projected to: the logits."""
        return self.vocabulary

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

    def forced_inputs(self, tokens: tf.Tensor) -> tf.Tensor:
        """Returns the gates' inputs under teacher forcing, [T, B, 4 D], from the true tokens [B, T]."""
        batch, length = tokens.shape
        before = tf.pad(tokens[:, :-1], ((0, 0), (1, 0)), constant_values=SOS)
        # Rows are transposed as floats: oneDNN complains about integers on the terminal.
        words = tf.transpose(tf.one_hot(before, self.vocabulary), (1, 0, 2))
        words = tf.reshape(words, (-1, self.vocabulary))
        return tf.reshape(tf.matmul(words, self.token_inputs()), (length, batch, 4 * self.hidden))

    def remember(self, embeddings: tf.Tensor) -> Memory:
        """Returns the keys [B, D, S] and projected states [B, S, `context_width`] of embeddings [B, S, D]."""
        projected = tf.matmul(tf.reshape(embeddings, (-1, self.hidden)), self.context_kernel.value)
        values = tf.reshape(projected, (*embeddings.shape[:2], self.context_width))
        return Memory(self.attend.keys(embeddings), values)

    def state_logits(self, states: tf.Tensor) -> tf.Tensor:
        """Returns the half of W that reads s_r, and the bias: [B, R, V] of states [B, R, D]."""
        flat = tf.matmul(tf.reshape(states, (-1, self.hidden)), self.output_state.value) + self.output_bias.value
        return tf.reshape(flat, (*states.shape[:2], self.vocabulary))

    def call(self, embeddings: tf.Tensor, tokens: tf.Tensor) -> tf.Tensor:
        """Returns the logits of every position given the true tokens before it (teacher forcing).

        Args:
            embeddings: e_x, float32 [B, S, D].
            tokens: x, int32 [B, T].

        Returns:
            Unmasked logits, float32 [B, T, V].
        """
        start = self.initial(embeddings)
        memory = self.remember(embeddings)
        states = tf.transpose(self.lstm(self.forced_inputs(tokens), start, start), (1, 0, 2))
        return self.state_logits(states) + tf.matmul(self.attend(states, memory.keys), memory.values)

    def begin(self, embeddings: tf.Tensor) -> Carry:
        """Returns what the first step starts from."""
        start = self.initial(embeddings)
        return start, start

    def step(self, inputs: tf.Tensor, carry: Carry, memory: Memory, position: tf.Tensor) -> tuple[tf.Tensor, Carry]:
        """Advances one position.

        Args:
            inputs: [B, 4 D], the rows of `token_inputs` of the tokens before.
            carry: what `begin` or the last step returned.
            memory: what `remember` returned.
            position: r.

        Returns:
            Logits [B, V] and the new carry.
        """
        hidden, cell = self.lstm.step(inputs, *carry)
        states = hidden[:, None]
        logits = self.state_logits(states) + tf.matmul(
            self.attend(states, memory.keys, position=position), memory.values
        )
        return logits[:, 0], (hidden, cell)

    def generate(self, embeddings: tf.Tensor, masks: Masks) -> tf.Tensor:
        """Decodes greedily within the masks: an invalid architecture cannot come out.

        Args:
            embeddings: e_x, float32 [B, S, D]; B is static.
            masks: V_r of the space.

        Returns:
            Tokens, int32 [B, T].
        """
        batch = embeddings.shape[0]
        table, memory = self.token_inputs(), self.remember(embeddings)

        def body(position, token, state, carry, tokens):
            logits, carry = self.step(tf.gather(table, token), carry, memory, position)
            allowed = tf.where(masks.valid(position, state), logits, FORBIDDEN)
            token = tf.argmax(allowed, -1, output_type=tf.int32)
            return position + 1, token, masks.advance(state, token), carry, tokens.write(position, token)

        start = (
            0,
            tf.fill((batch,), SOS),
            tf.zeros((batch,), tf.int32),
            self.begin(embeddings),
            tf.TensorArray(tf.int32, self.positions, element_shape=(batch,)),
        )
        *_, tokens = tf.while_loop(
            lambda position, *_: position < self.positions, body, start, maximum_iterations=self.positions
        )
        return tf.cast(tf.transpose(tf.cast(tokens.stack(), tf.float32)), tf.int32)

    def get_config(self):
        """Returns the arguments of the constructor."""
        fields = ('vocabulary', 'hidden', 'positions', 'steps', 'attention', 'start', 'name')
        return {field: getattr(self, field) for field in fields}


@keras.saving.register_keras_serializable('nao_tf')
class FeedbackDecoder(Decoder):
    """The released code's decoder: logits from s_r alone; ctx_r is part of the input of position r + 1."""

    @property
    def context_width(self) -> int:
        """What a context is projected to: the gates of the next position."""
        return 4 * self.hidden

    def call(self, embeddings: tf.Tensor, tokens: tf.Tensor) -> tf.Tensor:
        """Returns the logits under teacher forcing, [B, T, V]; position after position, as the context asks."""
        inputs, memory = self.forced_inputs(tokens), self.remember(embeddings)

        def body(position, carry, logits):
            row, carry = self.step(inputs[position], carry, memory, position)
            return position + 1, carry, logits.write(position, row)

        logits = tf.TensorArray(tf.float32, self.positions, element_shape=(tokens.shape[0], self.vocabulary))
        *_, logits = tf.while_loop(
            lambda position, *_: position < self.positions,
            body,
            (0, self.begin(embeddings), logits),
            maximum_iterations=self.positions,
        )
        return tf.transpose(logits.stack(), (1, 0, 2))

    def begin(self, embeddings: tf.Tensor) -> Carry:
        """Returns initial states and the gates' input of an empty context."""
        start = self.initial(embeddings)
        return start, start, tf.zeros((embeddings.shape[0], self.context_width))

    def step(self, inputs: tf.Tensor, carry: Carry, memory: Memory, position: tf.Tensor) -> tuple[tf.Tensor, Carry]:
        """Advances one position (see `Decoder.step`)."""
        hidden, cell, context = carry
        hidden, cell = self.lstm.step(inputs + context, hidden, cell)
        context = tf.matmul(self.attend(hidden[:, None], memory.keys, position=position), memory.values)[:, 0]
        return self.state_logits(hidden[:, None])[:, 0], (hidden, cell, context)
