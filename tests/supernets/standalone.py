"""The network of one architecture in the supernet's form, written directly: the reference of the supernet's tests."""

import math

import numpy as np
import tensorflow as tf


class Weights:
    """Takes the weights of a vector one after the other."""

    def __init__(self, vector):
        self.vector, self.start = vector, 0

    def take(self, *shape):
        stop = self.start + math.prod(shape)
        part = tf.reshape(self.vector[self.start : stop], shape)
        self.start = stop
        return part


def normalize(x, weights):
    """Scale and offset behind the statistics of the batch."""
    gamma, beta = weights.take(x.shape[-1]), weights.take(x.shape[-1])
    mean, variance = tf.nn.moments(x, (0, 1, 2))
    return (x - mean) / tf.sqrt(variance + 1e-5) * gamma + beta


def conv(x, weights, filters, height=1, width=1, relu=True):
    x = tf.nn.relu(x) if relu else x
    return normalize(tf.nn.conv2d(x, weights.take(height, width, x.shape[-1], filters), 1, 'SAME'), weights)


def separable(x, weights, size):
    filters = x.shape[-1]
    for _ in range(2):
        depthwise, pointwise = weights.take(size, size, filters, 1), weights.take(1, 1, filters, filters)
        x = normalize(tf.nn.separable_conv2d(tf.nn.relu(x), depthwise, pointwise, (1, 1, 1, 1), 'SAME'), weights)
    return x


def operation(name, x, weights):
    kind, _, size = name.partition(' ')
    if kind == 'identity':
        return x
    if kind in ('max_pool', 'avg_pool'):
        return tf.nn.pool(x, (int(size[0]),) * 2, kind[:3].upper(), padding='SAME')
    if kind == 'sep_conv':
        return separable(x, weights, int(size[0]))
    if '+' not in size:
        return conv(x, weights, x.shape[-1], int(size[0]), int(size[0]))
    length = int(size[2])
    return conv(conv(x, weights, x.shape[-1], 1, length), weights, x.shape[-1], length, 1)


def reduce(x, weights, filters):
    """ReLU, then two 1x1 convolutions of every second pixel, the second one pixel further."""
    x = tf.nn.relu(x)
    kernels = [weights.take(1, 1, x.shape[-1], filters // 2) for _ in range(2)]
    shifted = tf.pad(x, [(0, 0), (0, 1), (0, 1), (0, 0)])[:, 1:, 1:]
    halves = [tf.nn.conv2d(y[:, ::2, ::2], kernel, 1, 'VALID') for y, kernel in zip((x, shifted), kernels, strict=True)]
    return normalize(tf.concat(halves, -1), weights)


def run_cell(cell, states, rows, projection, names):
    """`rows` is by weighted operation: an operation has one row by node, side and input, in this order."""
    states = list(states)
    places = [(node, side, i) for node in range(len(cell.nodes)) for side in (0, 1) for i in range(node + 2)]
    for number, node in enumerate(cell.nodes):
        outputs = []
        for side, branch in enumerate(node.branches):
            row = None
            if branch.operation in names:
                row = rows[names.index(branch.operation)][places.index((number, side, branch.input))]
            outputs.append(operation(branch.operation, states[branch.input], Weights(row)))
        states.append(outputs[0] + outputs[1])
    ends = cell.loose_ends
    kernel = tf.concat([projection[end] for end in ends], 0)
    return tf.nn.conv2d(tf.nn.relu(tf.concat([states[end] for end in ends], -1)), kernel[None, None], 1, 'VALID')


def logits(supernet, architecture, images):
    """The logits of a supernet's weights, without dropping."""
    pair = supernet.space.cells(architecture)
    names = [name for name in supernet.space.operations if name.startswith(('conv', 'sep_conv'))]
    store, config = supernet.weights, supernet.config
    filters = config.filters
    older = newer = conv(images, Weights(store.fixed['stem']), 3 * filters, 3, 3, relu=False)
    for index in range(config.network.cells):
        reduction = index in config.network.reductions
        sides = newer.shape[1]
        if reduction:
            filters, sides = 2 * filters, -(-sides // 2)
        states = []
        for name, x in (('older', older), ('newer', newer)):
            weights = Weights(store.fixed.get(f'cell_{index}_{name}'))
            if x.shape[1] != sides:
                x = reduce(x, weights, filters)
            elif x.shape[-1] != filters:
                x = conv(x, weights, filters)
            states.append(x)
        cell = pair.reduction if reduction else pair.normal
        output = run_cell(cell, states, store.rows[index], store.projections[index], names)
        older, newer = newer, normalize(output, Weights(store.fixed[f'cell_{index}_output']))
    weights = Weights(store.fixed['classifier'])
    features = tf.reduce_mean(tf.nn.relu(newer), (1, 2))
    return features @ weights.take(filters, config.classes) + weights.take(config.classes)


def gradients(supernet, architecture, images, labels):
    """The loss, and the dense gradient of every variable of a supernet."""
    with tf.GradientTape() as tape:
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits(supernet, architecture, images))
        loss = tf.reduce_mean(losses)
    found = tape.gradient(loss, supernet.weights.variables, unconnected_gradients=tf.UnconnectedGradients.ZERO)
    return loss.numpy(), [np.array(tf.convert_to_tensor(gradient)) for gradient in found]
