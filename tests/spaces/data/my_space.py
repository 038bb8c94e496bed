"""An example of a space of one's own, with an operation of one's own: `--config.space.module=my_space.py`."""

import dataclasses

import tensorflow as tf

from nao_tf.networks.blocks import Block, ConvNorm
from nao_tf.networks.operations import register_operation
from nao_tf.spaces.conv_cell import ConvCellSpace


@dataclasses.dataclass(frozen=True)
class Blur(Block):
    """Averages each pixel with its neighbours, padding included."""

    def apply(self, x, weights, call):
        """Computes the block."""
        return tf.nn.avg_pool2d(x, 3, self.stride, 'SAME')


def blur(place):
    """Returns the blocks of the operation at a place: the channels have to become the cell's."""
    blocks = [Blur(place.inputs, place.inputs, place.stride)]
    if place.inputs != place.filters:
        blocks.append(ConvNorm(place.inputs, place.filters))
    return blocks


register_operation('blur', blur)

SPACE = ConvCellSpace('my_cells', operations=('identity', 'blur', 'conv 3x3'), nodes=3)
