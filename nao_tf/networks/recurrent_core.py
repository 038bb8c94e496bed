"""The time loop of a recurrent cell, and its gradient (backpropagation through time), as bounded while loops.

The gradient is written out because TensorFlow's own, through a while loop, is several times slower: here all matrix
gradients are one product after the loop, and everything that does not depend on later steps is computed for all steps
at once.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Sequence
from typing import NamedTuple

import tensorflow as tf

from nao_tf.networks.recurrent_plan import FIRST, RecurrentPlan

ACTIVATIONS = {'tanh': tf.tanh, 'relu': tf.nn.relu, 'sigmoid': tf.sigmoid, 'identity': tf.identity}


class Matrices(NamedTuple):
    """What the loop multiplies with.

    Args:
        first: [H, W], node 0's matrix of the last state; W is 2H with gates (gate, then candidate), H without.
        nodes: [n, H, W], the matrices of the other nodes in the order of the plan's rows 1 .. n.
    """

    first: tf.Tensor
    nodes: tf.Tensor


class Trace(NamedTuple):
    """What the gradient needs of the forward loop; rows as in the plan, R = n + 1.

    Args:
        states: [T, R, B, H], the value of every node.
        gates: [T, R, B, H], sigmoid of the gate's half; None without gates.
        candidates: [T, R, B, H], what the activations return; None without gates, where they are the states.
    """

    states: tf.Tensor
    gates: tf.Tensor | None
    candidates: tf.Tensor | None


@dataclasses.dataclass(frozen=True, eq=False)
class RecurrentCore:
    """One cell over T steps.

    Node 0 (A3, B12): [c, h] = word + (h_last * m) W_0, s_0 = h_last + sigmoid(c) (tanh(h) - h_last); node i reading p:
    [c, h] = (s_p * m) W_i, s_i = s_p + sigmoid(c) (f(h) - s_p). Without gates s_0 = tanh(word + (h_last * m) W_0) and
    s_i = f((s_p * m) W_i). The output, which is the next state, is the mean of the averaged nodes.

    Args:
        plan: of the cell.
        gated: whether nodes have gates.
    """

    plan: RecurrentPlan
    gated: bool

    def forward(
        self, words: tf.Tensor, state: tf.Tensor, matrices: Matrices, mask: tf.Tensor | None = None
    ) -> tuple[tf.Tensor, Trace]:
        """Runs the cell over a sequence.

        Args:
            words: [T, B, W], node 0's product with the embedded words; T static, and B where `backward` is to follow.
            state: [B, H], the output of the step before.
            matrices: of the nodes.
            mask: [B, H], variational: multiplies every state that a matrix reads; None for none.

        Returns:
            The outputs [T, B, H] and what `backward` needs. The last output is the state that is carried on.
        """
        steps = words.shape[0]
        kinds = 3 if self.gated else 1
        arrays = [tf.TensorArray(tf.float32, steps, element_shape=state.shape)]
        shape = (len(self.plan.rows), *state.shape)
        arrays += [tf.TensorArray(tf.float32, steps, element_shape=shape) for _ in range(kinds)]

        def body(step: tf.Tensor, last: tf.Tensor, *written: tf.TensorArray) -> tuple:
            word = tf.gather(words, step)
            values = self._step(word, last, matrices, mask)
            last = self._mean(values[0])
            return step + 1, last, *(array.write(step, x) for array, x in zip(written, (last, *values), strict=True))

        _, _, *arrays = tf.while_loop(
            lambda step, *_: step < steps, body, (tf.constant(0), state, *arrays), maximum_iterations=steps
        )
        outputs, states, *others = (array.stack() for array in arrays)
        return outputs, Trace(states, *others) if self.gated else Trace(states, None, None)

    def _step(
        self, word: tf.Tensor, last: tf.Tensor, matrices: Matrices, mask: tf.Tensor | None
    ) -> tuple[tf.Tensor, ...]:
        """Returns the values of all nodes [R, B, H], and with gates those of the gates and candidates."""
        first = word + tf.matmul(masked(last, mask), matrices.first)
        rows = [self._node(first[tf.newaxis], last[tf.newaxis], ACTIVATIONS[FIRST])]
        for level in self.plan.levels:
            read = tf.gather(rows[-1][0], level.parents) if _moves(level.parents, rows[-1][0]) else rows[-1][0]
            product = tf.matmul(masked(read, mask), matrices.nodes[level.start - 1 : level.stop - 1])
            rows.append(self._node(product, read, functools.partial(_activate, groups=level.groups)))
        return tuple(tf.concat(parts, 0) for parts in zip(*rows, strict=True))

    def _node(
        self, product: tf.Tensor, read: tf.Tensor, activate: Callable[[tf.Tensor], tf.Tensor]
    ) -> tuple[tf.Tensor, ...]:
        """Returns states [K, B, H] of nodes with products [K, B, W] that read [K, B, H]; with gates two more."""
        if not self.gated:
            return (activate(product),)
        gate, candidate = tf.split(product, 2, axis=-1)
        gate, candidate = tf.sigmoid(gate), activate(candidate)
        return read + gate * (candidate - read), gate, candidate

    def _mean(self, states: tf.Tensor) -> tf.Tensor:
        """Returns the output [B, H] of node values [R, B, H]."""
        rows, _, hidden = states.shape
        flat = tf.matmul(self.plan.average[tf.newaxis], tf.reshape(states, (rows, -1)))
        return tf.reshape(flat, (-1, hidden))

    def backward(
        self,
        gradients: tf.Tensor,
        trace: Trace,
        outputs: tf.Tensor,
        state: tf.Tensor,
        matrices: Matrices,
        mask: tf.Tensor | None = None,
    ) -> tuple[tf.Tensor, tf.Tensor, Matrices]:
        """Returns the gradients of `forward`, none flowing in through the state that is carried on.

        Args:
            gradients: [T, B, H], of the outputs.
            trace: from `forward`.
            outputs: [T, B, H], from `forward`.
            state: as in `forward`; so are matrices and mask.
            matrices: of the nodes.
            mask: [B, H] or None.

        Returns:
            The gradients of words [T, B, W], of state [B, H] and of the matrices.
        """
        steps, rows, batch, hidden = trace.states.shape
        lasts = tf.concat([state[tf.newaxis], outputs[:-1]], 0)
        read = tf.concat([lasts[:, tf.newaxis], tf.gather(trace.states, self._parents(), axis=1)], 1)
        slopes, keep = self._slopes(trace, read)
        width = slopes.shape[3] * hidden
        products = tf.TensorArray(tf.float32, steps, element_shape=(rows, batch, width))

        def body(count: tf.Tensor, onward: tf.Tensor, products: tf.TensorArray) -> tuple:
            step = steps - 1 - count
            arriving = (tf.gather(gradients, step) + onward)[tf.newaxis]
            mean = arriving * self.plan.average[:, tf.newaxis, tf.newaxis]
            kept = tf.gather(keep, step) if keep is not None else None
            product, last = self._step_backward(mean, tf.gather(slopes, step), kept, matrices, mask)
            return count + 1, last, products.write(step, product)

        _, first_state, products = tf.while_loop(
            lambda count, *_: count < steps,
            body,
            (tf.constant(0), tf.zeros_like(state), products),
            maximum_iterations=steps,
        )
        by_product = products.stack()
        read = masked(read, mask)
        both = tf.einsum('trbh,trbw->rhw', read, by_product)
        return by_product[:, 0], first_state, Matrices(both[0], both[1:])

    def _parents(self) -> list[int]:
        """Returns the row that each of rows 1 .. n reads."""
        parents = [0] * len(self.plan.rows)
        for before, level in zip((None, *self.plan.levels), self.plan.levels, strict=False):
            offset = 0 if before is None else before.start
            parents[level.start : level.stop] = [offset + parent for parent in level.parents]
        return parents[1:]

    def _step_backward(
        self, mean: tf.Tensor, slope: tf.Tensor, kept: tf.Tensor | None, matrices: Matrices, mask: tf.Tensor | None
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns the gradients of all products [R, B, W], and of the last state [B, H], in one step.

        Args:
            mean: [R, B, H], what arrives at the nodes from the cell's output.
            slope: [R, B, 2 or 1, H], from `_slopes`; so is `kept` [R, B, H].
            kept: None without gates.
            matrices: of the nodes.
            mask: [B, H] or None.
        """
        plan = self.plan
        _, batch, hidden = mean.shape
        width = slope.shape[2] * hidden
        arriving: tf.Tensor | None = None
        found = []
        for number in range(len(plan.levels) - 1, -2, -1):
            start, stop = (0, 1) if number < 0 else (plan.levels[number].start, plan.levels[number].stop)
            states = mean[start:stop] if arriving is None else mean[start:stop] + arriving
            product = tf.reshape(states[:, :, tf.newaxis] * slope[start:stop], (stop - start, batch, width))
            found.append(product)
            matrix = matrices.first[tf.newaxis] if number < 0 else matrices.nodes[start - 1 : stop - 1]
            arriving = masked(tf.matmul(product, matrix, transpose_b=True), mask)
            if kept is not None:
                arriving += states * kept[start:stop]
            if number >= 0:
                above = 1 if number == 0 else len(plan.levels[number - 1].parents)
                if plan.levels[number].parents != tuple(range(above)):
                    arriving = tf.math.unsorted_segment_sum(arriving, plan.levels[number].parents, above)
        assert arriving is not None
        return tf.concat(found[::-1], 0), arriving[0]

    def _slopes(self, trace: Trace, read: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor | None]:
        """Returns what a node's gradient is multiplied with to become that of its product, and of what it reads.

        Returns:
            [T, R, B, 2 or 1, H] (gate and candidate, or activation alone), and [T, R, B, H] or None without gates.
        """
        constant, linear, square, step = tf.unstack(self.plan.derivatives[:, :, tf.newaxis, tf.newaxis])
        values = trace.states if trace.candidates is None else trace.candidates
        derivative = constant + values * (linear + square * values) + step * tf.cast(values > 0, tf.float32)
        if trace.gates is None:
            return derivative[:, :, :, tf.newaxis], None
        gate, keep = trace.gates, 1 - trace.gates
        return tf.stack([(values - read) * gate * keep, gate * derivative], 3), keep


def masked(x: tf.Tensor, mask: tf.Tensor | None) -> tf.Tensor:
    """Returns x times a mask, x where there is none."""
    return x if mask is None else x * mask


def _moves(parents: Sequence[int], above: tf.Tensor) -> bool:
    """Returns whether a level reads anything else than each node of the level above once, in order."""
    return tuple(parents) != tuple(range(above.shape[0]))


def _activate(x: tf.Tensor, groups: Sequence[tuple[str, int]]) -> tf.Tensor:
    """Returns [K, B, H] with each run of nodes through its activation."""
    if len(groups) == 1:
        return ACTIVATIONS[groups[0][0]](x)
    parts = tf.split(x, [count for _, count in groups], axis=0)
    return tf.concat([ACTIVATIONS[name](part) for (name, _), part in zip(groups, parts, strict=True)], 0)
