"""Operations by name: what stands on a branch of a cell, as a row of blocks."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Sequence

from nao_tf.errors import InputError
from nao_tf.networks.block import Block
from nao_tf.networks.blocks import ConvNorm, FactorizedReduction, Pool, SeparableConvNorm


@dataclasses.dataclass(frozen=True)
class Place:
    """Where an operation stands.

    Args:
        inputs: channels of the node that it reads (not F where a cell input is not calibrated).
        filters: F, channels that it has to write.
        stride: 2 on a cell input of a reduction cell, otherwise 1.
        rules: the rule set, `tf1` or `pytorch` (see `NetworkConfig`).
    """

    inputs: int
    filters: int
    stride: int = 1
    rules: str = 'tf1'


Factory = Callable[[Place], Sequence[Block]]

_factories: dict[str, Factory] = {}


def register_operation(name: str, factory: Factory) -> None:
    """Makes an operation known, so that cells may name it; nothing in the package has to be edited.

    A file of yours may hold a whole operation::

        @dataclasses.dataclass(frozen=True)
        class Blur(nao_tf.networks.blocks.Block):
            def apply(self, x, weights, call):
                return tf.nn.avg_pool2d(x, 3, self.stride, 'SAME')

        def blur(place):
            blocks = [Blur(place.inputs, place.inputs, place.stride)]
            if place.inputs != place.filters:
                blocks.append(ConvNorm(place.inputs, place.filters))
            return blocks

        register_operation('blur', blur)

    A saved network that uses it can be loaded only after that file was imported.

    Args:
        name: as cells write it; a name that exists is replaced.
        factory: function of a `Place` that returns the blocks in their order; the first reads `place.inputs`
            channels, the last writes `place.filters`, and the product of their strides is `place.stride`.

    Raises:
        InputError: if the name is empty.
    """
    if not isinstance(name, str) or not name.strip():
        raise InputError(f'an operation needs a name, not {name!r}')
    _factories[name] = factory


def operation_names() -> tuple[str, ...]:
    """Returns the names of all operations, in the order of registration."""
    return tuple(_factories)


def operation_blocks(name: str, place: Place) -> tuple[Block, ...]:
    """Returns the blocks of an operation.

    Args:
        name: as the cell writes it, such as `conv 3x3`.
        place: where it stands.

    Raises:
        InputError: if there is no such operation, or a registered one does not fit its place.
    """
    factory = _factories.get(name)
    if factory is None:
        raise InputError(
            f'there is no operation {name!r}; there are {", ".join(_factories)}; an operation of your own is known '
            'after the file that calls register_operation was imported'
        )
    blocks = tuple(factory(place))
    channels, stride = place.inputs, 1
    for block in blocks:
        if block.inputs != channels:
            raise InputError(f'operation {name!r}: {block} reads {block.inputs} channels but is given {channels}')
        channels, stride = block.outputs, stride * block.stride
    if (channels, stride) != (place.filters, place.stride):
        raise InputError(
            f'operation {name!r} writes {channels} channels at stride {stride}; its place asks for '
            f'{place.filters} channels at stride {place.stride}'
        )
    return blocks


def identity(place: Place) -> tuple[Block, ...]:
    """Pass-through; where the shape must change a ReLU-1x1-BN (tf1), or a factorized reduction (pytorch)."""
    if place.stride == 1 and place.inputs == place.filters:
        return ()
    if place.rules == 'pytorch' and place.stride == 2:
        return (FactorizedReduction(place.inputs, place.filters, relu=False),)
    return (ConvNorm(place.inputs, place.filters, place.stride),)


def conv(place: Place, *, size: int) -> tuple[Block, ...]:
    """ReLU -> convolution -> BN."""
    return (ConvNorm(place.inputs, place.filters, place.stride, (size, size)),)


def conv_pair(place: Place, *, size: int) -> tuple[Block, ...]:
    """ReLU -> 1xk -> BN -> ReLU -> kx1 -> BN; the stride is the first one's, or divided between both (pytorch)."""
    first, second = (1, size), (size, 1)
    if place.rules == 'pytorch' and place.stride > 1:
        return (
            ConvNorm(place.inputs, place.filters, 1, first, (1, place.stride)),
            ConvNorm(place.filters, place.filters, place.stride, second, (place.stride, 1)),
        )
    return (
        ConvNorm(place.inputs, place.filters, place.stride, first),
        ConvNorm(place.filters, place.filters, 1, second),
    )


def separable(place: Place, *, size: int, dilation: int) -> tuple[Block, ...]:
    """Twice ReLU -> depthwise -> 1x1 -> BN, the stride at the first."""
    return (
        SeparableConvNorm(place.inputs, place.filters, place.stride, size, dilation),
        SeparableConvNorm(place.filters, place.filters, 1, size, dilation),
    )


def dilated(place: Place, *, size: int) -> tuple[Block, ...]:
    """ReLU -> depthwise of dilation 2 -> 1x1 -> BN, once: the dilated convolution of DARTS."""
    return (SeparableConvNorm(place.inputs, place.filters, place.stride, size, 2),)


def pool(place: Place, *, kind: str, size: int) -> tuple[Block, ...]:
    """Pooling; ReLU-1x1-BN behind it where the channels are not F."""
    first = Pool(place.inputs, place.inputs, place.stride, kind, size)
    if place.inputs == place.filters:
        return (first,)
    return (first, ConvNorm(place.inputs, place.filters))


register_operation('identity', identity)
for _size in (1, 3, 5, 7):
    register_operation(f'conv {_size}x{_size}', functools.partial(conv, size=_size))
for _size in (3, 7):
    register_operation(f'conv 1x{_size}+{_size}x1', functools.partial(conv_pair, size=_size))
for _kind in ('max', 'avg', 'min'):
    for _size in (2, 3, 5, 7):
        register_operation(f'{_kind}_pool {_size}x{_size}', functools.partial(pool, kind=_kind, size=_size))
for _size in (3, 5, 7):
    register_operation(f'sep_conv {_size}x{_size}', functools.partial(separable, size=_size, dilation=1))
    register_operation(f'dil_sep_conv {_size}x{_size}', functools.partial(separable, size=_size, dilation=2))
for _size in (3, 5):
    register_operation(f'dil_conv {_size}x{_size}', functools.partial(dilated, size=_size))
