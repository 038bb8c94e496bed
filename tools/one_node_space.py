"""Cells of one node over the five operations of the paper: 3,025 pairs, the smallest networks there are so many of."""

from nao_tf.spaces.conv_cell import ConvCellSpace

OPERATIONS = ('identity', 'sep_conv 3x3', 'sep_conv 5x5', 'avg_pool 3x3', 'max_pool 3x3')
SPACE = ConvCellSpace('one_node', OPERATIONS, nodes=1, tokens_per_operation=1)
