"""`nao describe`: a cell, and the size of its network."""

from __future__ import annotations

from absl import flags

from nao_tf.commands.flags import no_more
from nao_tf.errors import InputError


def define(values: flags.FlagValues, arguments: list[str]) -> None:
    """Defines the flags of `nao describe`."""
    del arguments
    flags.DEFINE_string('architecture', None, 'a name (NAONet_A), tokens, or a file', flag_values=values)
    flags.DEFINE_string('space', None, 'space of the tokens, where they do not tell it', flag_values=values)
    flags.DEFINE_string('module', '', 'a Python file of yours that defines the space or operations', flag_values=values)
    flags.DEFINE_integer('cells_per_stage', 6, 'N, normal cells in a stage', flag_values=values)
    flags.DEFINE_integer('filters', 36, 'F, filters of the first stage', flag_values=values)
    flags.DEFINE_list('image_shape', ['32', '32', '3'], 'height, width, channels', flag_values=values)
    flags.DEFINE_integer('classes', 10, 'classes', flag_values=values)
    flags.DEFINE_string('stem', 'cifar', 'cifar or imagenet', flag_values=values)
    flags.DEFINE_integer('hidden', 850, 'H of the language model of a recurrent cell', flag_values=values)
    flags.DEFINE_integer('vocabulary', 10_000, 'words of the language model', flag_values=values)
    flags.DEFINE_string('rules', 'released', 'released or paper: with gates or without', flag_values=values)


def run(values: flags.FlagValues, rest: list[str]) -> None:
    """Draw a cell and count its network's parameters and FLOPs."""
    no_more(rest)
    if values.architecture is None:
        raise InputError('nao describe needs --architecture=NAME | TOKENS | FILE')
    from nao_tf.networks.describe import description

    try:
        shape = tuple(int(side) for side in values.image_shape)
    except ValueError:
        raise InputError(f'--image_shape is {",".join(values.image_shape)}; it is three integers, as 32,32,3') from None
    print(
        description(
            values.architecture,
            space=values.space,
            module=values.module,
            config={
                'image_shape': shape,
                **{name: values[name].value for name in ('cells_per_stage', 'filters', 'classes', 'stem')},
            },
            recurrent={name: values[name].value for name in ('hidden', 'vocabulary', 'rules')},
        )
    )
