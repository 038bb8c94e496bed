"""An operation of a person's own, in a file of theirs: a blur with a learned strength for every channel."""

import dataclasses

import tensorflow as tf

from nao_tf.networks import initialization
from nao_tf.networks.blocks import Block, ConvNorm
from nao_tf.networks.operations import register_operation
from nao_tf.networks.weight import Weight


@dataclasses.dataclass(frozen=True)
class Blur(Block):
    """Average of 3x3 pixels, scaled."""

    def weights(self):
        return (Weight('strength', (self.inputs,), initialization.ones),)

    def apply(self, x, weights, call):
        return tf.nn.avg_pool2d(call.relu(x), 3, self.stride, 'SAME') * weights['strength']


def blur(place):
    blocks = [Blur(place.inputs, place.inputs, place.stride)]
    if place.inputs != place.filters:
        blocks.append(ConvNorm(place.inputs, place.filters))
    return blocks


register_operation('blur', blur)
