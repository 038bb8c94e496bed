"""The plan of a convolutional supernet: its fixed parts, and the size of every cell."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any

import tensorflow as tf

from nao_tf.networks.block import Block, Pass
from nao_tf.networks.blocks import ConvNorm, Dense, FactorizedReduction
from nao_tf.networks.normalization import normalization_weights
from nao_tf.networks.plan import auxiliary_blocks
from nao_tf.networks.weight import Weight
from nao_tf.supernets.config import SupernetConfig


@dataclasses.dataclass(frozen=True)
class Normalization(Block):
    """Batch normalisation alone, behind the projection of a cell."""

    def weights(self) -> Sequence[Weight]:
        """Returns scale and offset (and moving statistics, which a supernet does not create)."""
        return normalization_weights(self.outputs)

    def apply(self, x: tf.Tensor, weights: Mapping[str, Any], call: Pass) -> tf.Tensor:
        """Computes the block, see `Block.apply`."""
        return call.normalize(x, weights)


@dataclasses.dataclass(frozen=True)
class SharedCellPlan:
    """One cell of the supernet.

    Args:
        reduction: whether the reduction cell's half of an architecture stands here.
        height: of its states, in pixels.
        width: of its states, in pixels.
        filters: channels of its states and of its output.
        calibrations: blocks that bring the older and the newer input to that size; none where they have it.
    """

    reduction: bool
    height: int
    width: int
    filters: int
    calibrations: tuple[tuple[Block, ...], tuple[Block, ...]]


@dataclasses.dataclass(frozen=True)
class SupernetPlan:
    """A supernet from the image to the logits.

    Args:
        stem: both inputs of the first cell, 3F channels.
        cells: the 3N + 2 cells.
        classifier: the dense layer.
        auxiliary_cell: index of the cell that the auxiliary head reads.
        auxiliary: blocks of that head, the dense layer last; none without one.
    """

    stem: tuple[Block, ...]
    cells: tuple[SharedCellPlan, ...]
    classifier: Block
    auxiliary_cell: int
    auxiliary: tuple[Block, ...]


def plan_supernet(config: SupernetConfig) -> SupernetPlan:
    """Stacks the cells as A2 does: N normal, reduction, N normal, reduction, N normal.

    All states of a cell have one size, so that any operation may stand anywhere: a reduction cell is a cell of stride 1
    on inputs that a factorized reduction has halved (the trick of ENAS).

    Args:
        config: depth, width and image.
    """
    height, width, channels = config.image_shape
    filters = config.filters
    stem = (ConvNorm(channels, 3 * filters, 1, (3, 3), relu=False),)
    older = newer = (height, width, 3 * filters)
    cells = []
    reductions = config.network.reductions
    for index in range(config.network.cells):
        if index in reductions:
            filters, height, width = 2 * filters, math.ceil(height / 2), math.ceil(width / 2)
        size = (height, width, filters)
        calibrations = (_calibration(older, size), _calibration(newer, size))
        cells.append(SharedCellPlan(index in reductions, *size, calibrations))
        older, newer = newer, size
    auxiliary = auxiliary_blocks(height, width, filters, config.classes) if config.auxiliary else []
    classifier = Dense(filters, config.classes)
    return SupernetPlan(stem, tuple(cells), classifier, reductions[1] + 1, tuple(auxiliary))


def _calibration(given: tuple[int, int, int], wanted: tuple[int, int, int]) -> tuple[Block, ...]:
    """Returns the blocks from one (height, width, channels) to another."""
    if given[:2] != wanted[:2]:
        return (FactorizedReduction(given[2], wanted[2]),)
    return () if given[2] == wanted[2] else (ConvNorm(given[2], wanted[2]),)
