"""Parameters and multiply-adds of a network, counted without building it."""

from __future__ import annotations

from nao_tf.networks.config import NetworkConfig
from nao_tf.networks.plan import plan_network
from nao_tf.spaces.cells import CellPair


def count_parameters(cells: CellPair, config: NetworkConfig, *, auxiliary: bool = False) -> int:
    """Returns the number of trainable scalars, as Table 1 counts them.

    The classifier is included, moving statistics are not, and by default neither is the auxiliary head, which is
    thrown away after training.

    Args:
        cells: the normal and the reduction cell.
        config: everything else.
        auxiliary: whether to count the auxiliary head of a config that has one.
    """
    plan = plan_network(cells, config)
    total = sum(step.block.parameters for step in plan.steps())
    return total if auxiliary else total - sum(step.block.parameters for step in plan.auxiliary)


def count_multiply_adds(cells: CellPair, config: NetworkConfig, *, auxiliary: bool = False) -> int:
    """Returns the multiply-adds of convolutions and dense layers for one image, without the auxiliary head.

    Normalisation, pooling, additions and ReLU are left out, as the field does; twice this number is about the
    FLOPs.

    Args:
        cells: the normal and the reduction cell.
        config: everything else.
        auxiliary: whether to count the auxiliary head of a config that has one.
    """
    plan = plan_network(cells, config)
    total = sum(step.multiply_adds for step in plan.steps())
    return total if auxiliary else total - sum(step.multiply_adds for step in plan.auxiliary)
