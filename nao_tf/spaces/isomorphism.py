"""When two cells are one cell: branches exchanged, nodes renumbered. Duplicates are found by this form only.

The canonical form is the lexicographically smallest list of nodes over all topological renumberings, each node
with its smaller branch first. At every position the smallest node among those whose inputs are numbered must come
next, so the list grows greedily; only twins (nodes with the same two branches, told apart by who reads them) need
to be tried one after another. That is some ten microseconds for five nodes, where 120 renumberings were possible.

Equal form means the same function up to a permutation of output channels. The converse is not claimed. Known pairs
with different forms that compute the same function nevertheless (all at stride 1 and with F channels everywhere; in a
reduction cell an identity of a cell input is a convolution); tests/spaces/test_known_exceptions.py evaluates them:

- Sums are bracketed in several ways: with the same loose ends, `x = identity(a) + identity(b)` read by
  `identity(x) + identity(c)` is `y = identity(b) + identity(c)` read by `identity(a) + identity(y)`.
- `avg_pool` is linear: the pool of `identity(a) + identity(b)` is `identity` of `avg_pool(a) + avg_pool(b)`.
- `max_pool 3x3` twice is `max_pool 5x5` once, where the node between adds one and the same pool twice.
- Twins without weights (two nodes with the same inputs and the same pools or identities) are one value: which of
  them a reader takes makes no difference, as long as both stay read.

That equal form means equal function is a promise of the default rules. The `pytorch` rules leave a cell input alone
whose channels happen to number F; if it is a concatenation, an identity hands its channel order on, and sums of two
inputs that were permuted differently (around a reduction) need not agree.
"""

from __future__ import annotations

import functools
from typing import NamedTuple

from nao_tf.spaces.cells import CELL_INPUTS

CodedNode = tuple[int, int, int, int]  # left input, left operation, right input, right operation


class CanonicalNodes(NamedTuple):
    """A cell in canonical form and the way there.

    Attributes:
        nodes: B coded nodes in their new order and numbering, smaller branch first.
        order: `order[new] = old`, both counted from 0 among the nodes (not among the cell's inputs).
        swapped: `swapped[new]` tells whether the two branches of that node were exchanged.
    """

    nodes: tuple[CodedNode, ...]
    order: tuple[int, ...]
    swapped: tuple[bool, ...]


@functools.lru_cache(maxsize=1 << 14)
def canonical_nodes(nodes: tuple[CodedNode, ...]) -> CanonicalNodes:
    """Returns the canonical form of a coded cell; cached (some 20 MB when full), since a search asks again.

    Args:
        nodes: B nodes as (input, operation, input, operation); inputs as in `Branch`, operations any integers.
    """
    read = {value for node in nodes for value in (node[0], node[2])}
    unread = tuple(index + CELL_INPUTS not in read for index in range(len(nodes)))
    number = [*range(CELL_INPUTS), *[-1] * len(nodes)]
    result, order = _smallest(nodes, unread, number, list(range(len(nodes))), [], [])
    new_number = {old: new for new, old in enumerate(order)}
    swapped = []
    for new, old in enumerate(order):
        left = nodes[old][0]
        left = left if left < CELL_INPUTS else CELL_INPUTS + new_number[left - CELL_INPUTS]
        swapped.append((left, nodes[old][1]) != result[new][:2])
    return CanonicalNodes(tuple(result), tuple(order), tuple(swapped))


def _smallest(
    nodes: tuple[CodedNode, ...],
    unread: tuple[bool, ...],
    number: list[int],
    remaining: list[int],
    result: list[CodedNode],
    order: list[int],
) -> tuple[list[CodedNode], list[int]]:
    """Returns the smallest completion of a list of nodes begun (`result`, `order`), as (nodes, order)."""
    while remaining:
        best: CodedNode | None = None
        twins: list[int] = []
        for index in remaining:
            left, left_operation, right, right_operation = nodes[index]
            left, right = number[left], number[right]
            if left < 0 or right < 0:
                continue
            if (left, left_operation) <= (right, right_operation):
                key = (left, left_operation, right, right_operation)
            else:
                key = (right, right_operation, left, left_operation)
            if best is None or key < best:
                best, twins = key, [index]
            elif key == best:
                twins.append(index)
        assert best is not None  # a topological order has always a next node
        # Twins that nobody reads can be exchanged freely: one of them stands for all.
        loose = [index for index in twins if unread[index]]
        choices = [index for index in twins if not unread[index]] + loose[:1]
        if len(choices) > 1:
            return min(
                _smallest(
                    nodes,
                    unread,
                    _numbered(number, index, len(order)),
                    [other for other in remaining if other != index],
                    [*result, best],
                    [*order, index],
                )
                for index in choices
            )
        number[choices[0] + CELL_INPUTS] = len(order) + CELL_INPUTS
        remaining.remove(choices[0])
        result.append(best)
        order.append(choices[0])
    return result, order


def _numbered(number: list[int], index: int, position: int) -> list[int]:
    """Returns a copy of `number` with one more node numbered."""
    number = list(number)
    number[index + CELL_INPUTS] = position + CELL_INPUTS
    return number
