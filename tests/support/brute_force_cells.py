"""Every way of writing a small cell, by trying all renumberings and all exchanges; slow and obviously right."""

from __future__ import annotations

import itertools

CodedNode = tuple[int, int, int, int]
INPUTS = 2


def all_cells(nodes: int, operations: int) -> list[tuple[CodedNode, ...]]:
    """Returns every coded cell (input, operation, input, operation a node)."""
    choices = []
    for index in range(nodes):
        branches = list(itertools.product(range(index + INPUTS), range(operations)))
        choices.append([left + right for left, right in itertools.product(branches, branches)])
    return list(itertools.product(*choices))


def renumbered(nodes: tuple[CodedNode, ...], order: tuple[int, ...]) -> tuple[CodedNode, ...] | None:
    """Returns the cell with its nodes in another order (`order[new] = old`); None if one would read a later one."""
    new_index = {old + INPUTS: new + INPUTS for new, old in enumerate(order)} | {0: 0, 1: 1}
    result = []
    for new, old in enumerate(order):
        left, left_operation, right, right_operation = nodes[old]
        node = (new_index[left], left_operation, new_index[right], right_operation)
        if max(node[0], node[2]) >= new + INPUTS:
            return None
        result.append(node)
    return tuple(result)


def exchanged(nodes: tuple[CodedNode, ...], flips: tuple[bool, ...]) -> tuple[CodedNode, ...]:
    """Returns the cell with the branches of the flagged nodes exchanged."""
    return tuple(
        (*node[2:], *node[:2]) if flip else node  # type: ignore[misc]
        for node, flip in zip(nodes, flips, strict=True)
    )


def orbit(nodes: tuple[CodedNode, ...]) -> set[tuple[CodedNode, ...]]:
    """Returns every cell that renumbering nodes and exchanging branches makes of this one, itself included."""
    result = set()
    for order in itertools.permutations(range(len(nodes))):
        copy = renumbered(nodes, order)
        if copy is not None:
            result |= {exchanged(copy, flips) for flips in itertools.product((False, True), repeat=len(nodes))}
    return result


def recurrent_orbit(nodes: tuple[tuple[int, int], ...]) -> set[tuple[tuple[int, int], ...]]:
    """Returns every recurrent cell (input, activation a node; node 0 is the root) that renumbering makes."""
    result = set()
    for order in itertools.permutations(range(1, len(nodes) + 1)):
        new_index = {0: 0} | {old: new for new, old in enumerate(order, start=1)}
        copy = tuple((new_index[nodes[old - 1][0]], nodes[old - 1][1]) for old in order)
        if all(source < new for new, (source, _) in enumerate(copy, start=1)):
            result.add(copy)
    return result
