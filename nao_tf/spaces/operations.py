"""Names of operations: the one spelling, the released vocabulary and ids, and the sets that the spaces search."""

from __future__ import annotations

from nao_tf.errors import InputError

# The released vocabulary of NAO, in the order of its ids (7..13 and 14..20 for five nodes).
KINDS = ('identity', 'sep_conv', 'conv', 'dil_sep_conv', 'avg_pool', 'max_pool', 'min_pool')
SIZES = ('1x1', '2x2', '3x3', '5x5', '7x7', '1x3+3x1', '1x7+7x1')
NO_SIZE = '1x1'  # what an operation without a size is written with

# The 11 operations of section 3.1, in the order of their released ids 5..15.
NAO_OPERATIONS = (
    'identity',
    'conv 1x1',
    'conv 3x3',
    'conv 1x3+3x1',
    'conv 1x7+7x1',
    'max_pool 2x2',
    'max_pool 3x3',
    'max_pool 5x5',
    'avg_pool 2x2',
    'avg_pool 3x3',
    'avg_pool 5x5',
)

# The 5 operations of the weight-sharing search (ENAS's), in the order of their released ids 0..4.
ENAS_OPERATIONS = ('sep_conv 3x3', 'sep_conv 5x5', 'avg_pool 3x3', 'max_pool 3x3', 'identity')

# The 8 operations of PNAS (Liu et al. 2018, section 3), from memory; its dilated convolution is the separable one here.
PNAS_OPERATIONS = (
    'sep_conv 3x3',
    'sep_conv 5x5',
    'sep_conv 7x7',
    'conv 1x7+7x1',
    'identity',
    'avg_pool 3x3',
    'max_pool 3x3',
    'dil_sep_conv 3x3',
)

# Operation ids of the released 'input operation input operation' strings; identity has two, 4 and 5.
RELEASED_OPERATIONS = ENAS_OPERATIONS + NAO_OPERATIONS

# Everything that the released vocabulary writes and that makes sense, so that the cells of NASNet, AmoebaNet and
# ENAS are architectures too.
WIDE_OPERATIONS = (
    *NAO_OPERATIONS,
    'conv 5x5',
    'conv 7x7',
    'max_pool 7x7',
    'avg_pool 7x7',
    *(f'min_pool {size}' for size in ('2x2', '3x3', '5x5', '7x7')),
    *(f'{kind} {size}' for kind in ('sep_conv', 'dil_sep_conv') for size in ('3x3', '5x5', '7x7')),
)


def operation_name(text: str) -> str:
    """Returns the one spelling of an operation: `kind` or `kind size`, and no `1x1` behind `identity`.

    Args:
        text: the operation as a person or a file writes it.

    Raises:
        InputError: if the text is not one or two words.
    """
    words = text.split() if isinstance(text, str) else []
    if not 1 <= len(words) <= 2:
        raise InputError(f"an operation is written 'kind' or 'kind size', such as 'conv 3x3', not {text!r}")
    return 'identity' if words == ['identity', NO_SIZE] else ' '.join(words)
