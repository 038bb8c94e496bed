"""Which cells of NAS-Bench-201 are the same: the benchmark's own reduction."""

from __future__ import annotations

import itertools

OPERATIONS = ('none', 'skip_connect', 'nor_conv_1x1', 'nor_conv_3x3', 'avg_pool_3x3')


def class_texts() -> list[str]:
    """Returns a text for each of the 15,625 cells in lexicographic order; cells of one class have the same text.

    The benchmark's reduction: a node is the sorted list of what its edges carry. `none`, and whatever reads a node
    that is nothing but zero, carries zero; `skip_connect` carries the text of its source as it is; any other operation
    is written behind the text of its source. A sum of zeros is not recognised as zero, and a skipped sum is sorted
    in as one text, so not all equal functions meet; that gives the 6,466 classes that the benchmark states.
    """

    def carried(operation: str, source: str) -> str:
        if operation == 'none' or source == '#':
            return '#'
        return source if operation == 'skip_connect' else f'({source})@{operation}'

    def all_carried(source: str) -> list[str]:
        return [carried(operation, source) for operation in OPERATIONS]

    from_input = all_carried('0')
    result = []
    for node_1 in from_input:
        from_1 = all_carried(node_1)
        for terms in itertools.product(from_input, from_1):
            from_2 = all_carried('+'.join(sorted(terms)))
            result += ['+'.join(sorted(terms)) for terms in itertools.product(from_input, from_1, from_2)]
    return result
