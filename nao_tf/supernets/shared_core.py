"""SharedCore: the time loop of any recurrent cell of a space, the cell a tensor."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np
import tensorflow as tf

from nao_tf.networks.recurrent_core import ACTIVATIONS, Matrices, RecurrentCore, masked
from nao_tf.networks.recurrent_plan import DERIVATIVES, FIRST, RecurrentPlan
from nao_tf.supernets.case import add_function, call, pick_function, traced

ANY = tf.TensorSpec((None, None), tf.float32)


class Choices(Protocol):
    """How a choice is made in the loop; the two differ in speed and in what compiles them."""

    def pick(self, states: Sequence[tf.Tensor], index: tf.Tensor) -> tf.Tensor:
        """Returns one of some states [B, H]."""

    def activate(self, x: tf.Tensor, index: tf.Tensor) -> tf.Tensor:
        """Returns x [B, H] through one of the activations."""

    def add(self, found: Sequence[tf.Tensor], index: tf.Tensor, x: tf.Tensor) -> list[tf.Tensor]:
        """Returns some tensors [B, H], x added to one of them."""


class SelectedChoices:
    """Only what is chosen is computed, and nothing is copied: functions that are called by their number.

    Args:
        activations: names, in the order of the codes.
        nodes: n.
    """

    def __init__(self, activations: Sequence[str], nodes: int):
        counts = range(1, nodes + 1)
        self._pick = {n: [traced(pick_function(i), [ANY] * n) for i in range(n)] for n in counts}
        self._add = {n: [traced(add_function(i), [ANY] * (n + 1)) for i in range(n)] for n in counts}
        self._activate = [traced(ACTIVATIONS[name], [ANY]) for name in activations]

    def pick(self, states: Sequence[tf.Tensor], index: tf.Tensor) -> tf.Tensor:
        """Returns one of some states [B, H]."""
        return call(index, states, self._pick[len(states)], [states[0].shape])[0]

    def activate(self, x: tf.Tensor, index: tf.Tensor) -> tf.Tensor:
        """Returns x [B, H] through one of the activations."""
        return call(index, [x], self._activate, [x.shape])[0]

    def add(self, found: Sequence[tf.Tensor], index: tf.Tensor, x: tf.Tensor) -> list[tf.Tensor]:
        """Returns some tensors [B, H], x added to one of them."""
        return call(index, [x, *found], self._add[len(found)], [x.shape] * len(found))


class MaskedChoices:
    """Everything is computed, and all but the chosen is times zero; lowers for TPU.

    Args:
        activations: names, in the order of the codes.
        nodes: n.
    """

    def __init__(self, activations: Sequence[str], nodes: int):
        del nodes
        self._functions = [ACTIVATIONS[name] for name in activations]

    def pick(self, states: Sequence[tf.Tensor], index: tf.Tensor) -> tf.Tensor:
        """Returns one of some states [B, H]."""
        return tf.gather(tf.stack(states), index)

    def activate(self, x: tf.Tensor, index: tf.Tensor) -> tf.Tensor:
        """Returns x [B, H] through one of the activations."""
        chosen = tf.unstack(tf.one_hot(index, len(self._functions)))
        return tf.add_n([mask * function(x) for mask, function in zip(chosen, self._functions, strict=True)])

    def add(self, found: Sequence[tf.Tensor], index: tf.Tensor, x: tf.Tensor) -> list[tf.Tensor]:
        """Returns some tensors [B, H], x added to one of them."""
        chosen = tf.unstack(tf.one_hot(index, len(found)))
        return [value + mask * x for value, mask in zip(found, chosen, strict=True)]


@dataclasses.dataclass(frozen=True, eq=False)
class SharedCore(RecurrentCore):
    """One cell over T steps, as `RecurrentCore`, node after node since the tree is not known when it is traced.

    Args:
        plan: without levels; its rows are the nodes in their order.
        gated: whether nodes have gates.
        codes: int32 [n, 2], input and activation of each node.
        choices: how they are followed.
    """

    codes: Any
    choices: Choices

    def _step(
        self, word: tf.Tensor, last: tf.Tensor, matrices: Matrices, mask: tf.Tensor | None
    ) -> tuple[tf.Tensor, ...]:
        first = word + tf.matmul(masked(last, mask), matrices.first)
        found = [self._node(first, last, ACTIVATIONS[FIRST])]
        for code, matrix in zip(tf.unstack(self.codes), tf.unstack(matrices.nodes), strict=True):
            read = self.choices.pick([values[0] for values in found], code[0])
            found.append(self._node(tf.matmul(masked(read, mask), matrix), read, self._activation(code[1])))
        return tuple(tf.stack(kind) for kind in zip(*found, strict=True))

    def _activation(self, index: tf.Tensor) -> Callable[[tf.Tensor], tf.Tensor]:
        return lambda x: self.choices.activate(x, index)

    def _parents(self) -> tf.Tensor:
        return self.codes[:, 0]

    def _step_backward(
        self, mean: tf.Tensor, slope: tf.Tensor, kept: tf.Tensor | None, matrices: Matrices, mask: tf.Tensor | None
    ) -> tuple[tf.Tensor, tf.Tensor]:
        found = tf.unstack(mean)
        slopes = tf.unstack(slope)
        keeps = [None] * len(found) if kept is None else tf.unstack(kept)
        read = [matrices.first, *tf.unstack(matrices.nodes)]
        products: list[tf.Tensor] = []
        for node in range(len(found) - 1, -1, -1):
            product = tf.reshape(found[node][:, tf.newaxis] * slopes[node], (found[node].shape[0], -1))
            products.append(product)
            arriving = masked(tf.matmul(product, read[node], transpose_b=True), mask)
            if kept is not None:
                arriving += found[node] * keeps[node]
            if node:
                found[:node] = self.choices.add(found[:node], self.codes[node - 1, 0], arriving)
        return tf.stack(products[::-1]), arriving


def shared_core(codes: tf.Tensor, activations: Sequence[str], *, gated: bool, choices: Choices) -> SharedCore:
    """Returns the time loop of the cell of some codes.

    Args:
        codes: int32 [n, 2].
        activations: names, in the order of the codes.
        gated: whether nodes have gates; the output is the mean of nodes 1 .. n with gates, of all without, as in a
            stand-alone network of these rules (`plan_cell`).
        choices: how the codes are followed.
    """
    nodes = codes.shape[0]
    average = np.full(nodes + 1, 1 / (nodes + (not gated)), np.float32)
    average[0] *= not gated
    table = tf.constant([DERIVATIVES[name] for name in activations])
    derivatives = tf.concat([tf.constant([DERIVATIVES[FIRST]]), tf.gather(table, codes[:, 1])], 0)
    plan = RecurrentPlan(tuple(range(nodes + 1)), (), average, tf.transpose(derivatives))
    return SharedCore(plan, gated, codes, choices)
