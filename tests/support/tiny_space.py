"""A space of small cells: few layers, so that a training is traced in no time."""

from nao_tf.spaces.conv_cell import ConvCellSpace

SPACE = ConvCellSpace('tiny', operations=('identity', 'max_pool 3x3', 'conv 1x1'), nodes=1)
