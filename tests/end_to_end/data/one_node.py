"""A space whose supernet is traced in a moment: cells of one node, three operations."""

from nao_tf.spaces.conv_cell import ConvCellSpace

SPACE = ConvCellSpace('one_node', ('conv 1x1', 'max_pool 3x3', 'identity'), nodes=1, tokens_per_operation=1)
