"""A small space with a score that is known: what searchers are compared on in tests."""

import numpy as np

from nao_tf.spaces.conv_cell import ConvCellSpace

# 441 cells: 6 branches make 21 unordered pairs a cell.
SPACE = ConvCellSpace('small', ('identity', 'conv 3x3', 'max_pool 3x3'), nodes=1)


def planted(seed):
    """A score that is a sum over branches (the same for both branches of a node), tables drawn by seed."""
    rng = np.random.default_rng([seed, 5])
    sources, operations = rng.normal(size=(2, 2)), rng.normal(size=(2, 3))

    def score(architecture):
        pair = SPACE.cells(architecture)
        return sum(
            sources[place, branch.input] + operations[place, SPACE.operations.index(branch.operation)]
            for place, cell in enumerate((pair.normal, pair.reduction))
            for branch in cell.nodes[0].branches
        )

    return score
