"""An LSTM over a whole sequence with its gradient written out, the core of encoder and decoder."""

from __future__ import annotations

import keras
import tensorflow as tf

from nao_tf.own_gradient import own_gradient


def lstm_step(inputs: tf.Tensor, hidden: tf.Tensor, cell: tf.Tensor, recurrent: tf.Tensor) -> tuple[tf.Tensor, ...]:
    """Advances an LSTM by one step.

    Args:
        inputs: [B, 4 D], input of the gates (input kernel and bias already applied), in the order input, forget,
            output, candidate.
        hidden: [B, D].
        cell: [B, D].
        recurrent: [D, 4 D].

    Returns:
        The new hidden state [B, D], the new cell state [B, D], and the gates [B, 4 D] after their nonlinearities.
    """
    width = hidden.shape[-1]
    summed = inputs + tf.matmul(hidden, recurrent)
    squashed = tf.sigmoid(summed[:, : 3 * width])
    candidate = tf.tanh(summed[:, 3 * width :])
    cell = squashed[:, width : 2 * width] * cell + squashed[:, :width] * candidate
    hidden = squashed[:, 2 * width :] * tf.tanh(cell)
    return hidden, cell, tf.concat([squashed, candidate], 1)


@own_gradient
def lstm_sequence(inputs, recurrent, hidden, cell):
    """Runs an LSTM over a sequence.

    The gradient is written out because a loop that differentiates itself adds up the recurrent kernel's gradient
    at every step; here the backward loop only carries the states, and one matrix product over all steps gives the
    kernel's gradient. Every shape is static, so that it lowers for a TPU.

    Args:
        inputs: [S, B, 4 D], time first (see `lstm_step`).
        recurrent: [D, 4 D].
        hidden: [B, D], initial hidden state.
        cell: [B, D], initial cell state.

    Returns:
        The hidden states [S, B, D].
    """
    steps, batch, _ = inputs.shape
    width = recurrent.shape[0]

    def array(size):
        return tf.TensorArray(tf.float32, steps, element_shape=(batch, size))

    def forward(step, hidden, cell, states, cells, gates):
        hidden, cell, gate = lstm_step(inputs[step], hidden, cell, recurrent)
        return step + 1, hidden, cell, states.write(step, hidden), cells.write(step, cell), gates.write(step, gate)

    *_, states, cells, gates = tf.while_loop(
        lambda step, *_: step < steps,
        forward,
        (0, hidden, cell, array(width), array(width), array(4 * width)),
        maximum_iterations=steps,
    )
    states, cells, gates = states.stack(), cells.stack(), gates.stack()

    def gradient(upstream):
        states_before = tf.concat([hidden[None], states[:-1]], 0)
        cells_before = tf.concat([cell[None], cells[:-1]], 0)
        squashed_cells = tf.tanh(cells)
        into, keep, out = tf.split(gates[..., : 3 * width], 3, -1)
        candidate = gates[..., 3 * width :]
        # Factors that turn the gradient of the cell and of the hidden state into those of the gates' inputs.
        by_cell = tf.concat([candidate * into * (1 - into), cells_before * keep * (1 - keep)], -1)
        by_cell_candidate = into * (1 - candidate * candidate)
        by_hidden_out = squashed_cells * out * (1 - out)
        cell_by_hidden = out * (1 - squashed_cells * squashed_cells)
        transposed = tf.transpose(recurrent)

        def backward(step, hidden_gradient, cell_gradient, gradients):
            hidden_gradient = hidden_gradient + upstream[step]
            cell_gradient = cell_gradient + hidden_gradient * cell_by_hidden[step]
            summed = tf.concat(
                [
                    tf.concat([cell_gradient, cell_gradient], 1) * by_cell[step],
                    hidden_gradient * by_hidden_out[step],
                    cell_gradient * by_cell_candidate[step],
                ],
                1,
            )
            return (
                step - 1,
                tf.matmul(summed, transposed),
                cell_gradient * keep[step],
                gradients.write(step, summed),
            )

        _, hidden_gradient, cell_gradient, gradients = tf.while_loop(
            lambda step, *_: step >= 0,
            backward,
            (steps - 1, tf.zeros_like(hidden), tf.zeros_like(cell), array(4 * width)),
            maximum_iterations=steps,
        )
        gradients = gradients.stack()
        recurrent_gradient = tf.matmul(
            tf.reshape(states_before, (steps * batch, width)),
            tf.reshape(gradients, (steps * batch, 4 * width)),
            transpose_a=True,
        )
        return gradients, recurrent_gradient, hidden_gradient, cell_gradient

    return states, gradient


@keras.saving.register_keras_serializable('nao_tf')
class LSTM(keras.layers.Layer):
    """One LSTM layer whose input projection is made outside, once for the whole sequence.

    Args:
        units: D, hidden size.
        forget_bias: added to the forget gates, beside their trained bias that starts at 0.
        name: the layer's fixed name.
    """

    def __init__(self, units: int, *, forget_bias: float = 1.0, name: str, **kwargs):
        super().__init__(name=name, dtype='float32', **kwargs)
        self.units = units
        self.forget_bias = forget_bias
        self.recurrent = self.add_weight((units, 4 * units), name='recurrent_kernel', initializer='orthogonal')
        self.bias = self.add_weight((4 * units,), name='bias', initializer='zeros')
        self.built = True

    def project(self, products: tf.Tensor) -> tf.Tensor:
        """Adds the biases to the products of inputs and input kernel, [..., 4 D]."""
        return products + self.bias.value + tf.repeat(tf.constant([0.0, self.forget_bias, 0.0, 0.0]), self.units)

    def call(self, inputs: tf.Tensor, hidden: tf.Tensor, cell: tf.Tensor) -> tf.Tensor:
        """Returns the hidden states [S, B, D] of the projected inputs [S, B, 4 D] (`lstm_sequence`)."""
        return lstm_sequence(inputs, self.recurrent.value, hidden, cell)

    def step(self, inputs: tf.Tensor, hidden: tf.Tensor, cell: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns hidden and cell state [B, D] after one projected input [B, 4 D]."""
        hidden, cell, _ = lstm_step(inputs, hidden, cell, self.recurrent.value)
        return hidden, cell

    def get_config(self):
        """Returns the arguments of the constructor."""
        return {'units': self.units, 'forget_bias': self.forget_bias, 'name': self.name}
