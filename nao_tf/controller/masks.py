"""The valid tokens V_r (section 3.2): the space's state machine as tables that compiled code can follow."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from nao_tf.spaces.base import SearchSpace

FORBIDDEN = -1e9  # logit of a token outside V_r; its probability underflows to exactly 0


def prefix_states(space: SearchSpace, tokens: np.ndarray) -> np.ndarray:
    """Returns the state of the masks' machine before each position.

    Args:
        space: the space of the sequences.
        tokens: int [B, T], valid sequences.

    Returns:
        int32 [B, T]; column 0 is state 0.
    """
    states = np.zeros(tokens.shape, np.int32)
    if space.next_state.shape[0] > 1:
        for position in range(tokens.shape[1] - 1):
            states[:, position + 1] = space.next_state[states[:, position], tokens[:, position]]
    return states


class Masks:
    """The masks of a space as constants of a compiled program.

    Args:
        next_state: int [states, V].
        valid: bool [T, states, V].
    """

    def __init__(self, next_state: np.ndarray, valid: np.ndarray):
        self.length, self.states, self.vocabulary = valid.shape
        self._valid = valid.reshape(self.length * self.states, self.vocabulary)
        self._next = next_state.reshape(-1).astype(np.int32)

    def valid(self, position: tf.Tensor, state: tf.Tensor) -> tf.Tensor:
        """Returns V_r as bool [..., V] for positions and states of one shape (or that broadcast)."""
        return tf.gather(tf.constant(self._valid), position * self.states + state)

    def advance(self, state: tf.Tensor, token: tf.Tensor) -> tf.Tensor:
        """Returns the states after writing tokens, int32 [...]."""
        return tf.gather(tf.constant(self._next), state * self.vocabulary + token)


def masked_log_softmax(logits: tf.Tensor, valid: tf.Tensor) -> tf.Tensor:
    """Returns log P_D over the valid tokens (section 3.2), about -1e9 elsewhere.

    Args:
        logits: float32 [..., V].
        valid: bool [..., V], at least one True in each row.
    """
    return tf.nn.log_softmax(tf.where(valid, logits, FORBIDDEN))
