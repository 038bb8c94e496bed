"""The network of A1 in plain NumPy, written from the text and without the package's plan: loops, no cleverness.

It takes weights by name, so it shares with the package only the names of the places.
"""

import numpy as np

EPSILON = 1e-5


def pads(side, window, stride):
    out = -(-side // stride)
    total = max((out - 1) * stride + window - side, 0)
    return out, total // 2, total - total // 2


def windows(x, height, width, strides, fill):
    """Yields (row, column, patch [B, height, width, C]) of SAME windows."""
    rows, top, bottom = pads(x.shape[1], height, strides[0])
    columns, left, right = pads(x.shape[2], width, strides[1])
    padded = np.pad(x, ((0, 0), (top, bottom), (left, right), (0, 0)), constant_values=fill)
    for i in range(rows):
        for j in range(columns):
            a, b = i * strides[0], j * strides[1]
            yield i, j, padded[:, a : a + height, b : b + width]


def same_shape(x, strides, channels):
    return np.zeros((x.shape[0], -(-x.shape[1] // strides[0]), -(-x.shape[2] // strides[1]), channels))


def convolve(x, kernel, strides):
    y = same_shape(x, strides, kernel.shape[-1])
    for i, j, patch in windows(x, kernel.shape[0], kernel.shape[1], strides, 0.0):
        y[:, i, j] = np.tensordot(patch, kernel, ((1, 2, 3), (0, 1, 2)))
    return y


def depthwise(x, kernel, stride, dilation):
    wide = np.zeros((*(dilation * (side - 1) + 1 for side in kernel.shape[:2]), kernel.shape[2]))
    wide[::dilation, ::dilation] = kernel[..., 0]
    y = same_shape(x, (stride, stride), x.shape[-1])
    for i, j, patch in windows(x, wide.shape[0], wide.shape[1], (stride, stride), 0.0):
        y[:, i, j] = (patch * wide).sum((1, 2))
    return y


def pool(x, kind, size, stride):
    y = same_shape(x, (stride, stride), x.shape[-1])
    for i, j, patch in windows(x, size, size, (stride, stride), np.nan):
        y[:, i, j] = {'max': np.nanmax, 'avg': np.nanmean, 'min': np.nanmin}[kind](patch, (1, 2))
    return y


def relu(x):
    return np.maximum(x, 0)


class NumpyNetwork:
    """Logits and the outputs of all cells.

    Args:
        weights: arrays by name, such as `cell_0_node_3_left/kernel`.
        training: whether batch statistics are used; then `moved` holds the new moving statistics.
    """

    def __init__(self, cells, config, weights, *, training):
        self.cells, self.config, self.weights, self.training = cells, config, weights, training
        self.moved = {}
        self.outputs = []

    def norm(self, name, x):
        w = {key: self.weights[f'{name}/{key}'] for key in ('gamma', 'beta', 'moving_mean', 'moving_variance')}
        mean, variance = w['moving_mean'], w['moving_variance']
        if self.training:
            mean, variance = x.mean((0, 1, 2)), x.var((0, 1, 2))
            count = x[..., 0].size
            self.moved[f'{name}/moving_mean'] = 0.9 * w['moving_mean'] + 0.1 * mean
            # The moving variance is that of the population (Bessel's correction), as TensorFlow keeps it.
            self.moved[f'{name}/moving_variance'] = 0.9 * w['moving_variance'] + 0.1 * variance * count / (count - 1)
        return (x - mean) / np.sqrt(variance + EPSILON) * w['gamma'] + w['beta']

    def conv(self, name, x, strides=(1, 1)):
        """Convolution and normalisation."""
        return self.norm(name, convolve(x, self.weights[f'{name}/kernel'], strides))

    def reduce(self, name, x):
        """Factorized reduction."""
        first = x[:, ::2, ::2] @ self.weights[f'{name}/kernel'][0, 0]
        moved = np.pad(x, ((0, 0), (0, 1), (0, 1), (0, 0)))[:, 1:, 1:]
        second = moved[:, ::2, ::2] @ self.weights[f'{name}/shifted_kernel'][0, 0]
        return self.norm(name, np.concatenate([first, second], -1))

    def operation(self, name, operation, x, filters, stride):
        pytorch = self.config.rules == 'pytorch'
        if operation == 'identity':
            if stride == 1 and x.shape[-1] == filters:
                return x
            if stride == 2 and pytorch:
                return self.reduce(name, x)
            return self.conv(name, relu(x), (stride, stride))
        kind, size = operation.split()
        if kind.endswith('_pool'):
            x = pool(x, kind[:3], int(size[0]), stride)
            return x if x.shape[-1] == filters else self.conv(f'{name}_1', relu(x))
        if kind == 'conv' and '+' in size:
            first, second = ((1, stride), (stride, 1)) if pytorch else ((stride, stride), (1, 1))
            return self.conv(f'{name}_1', relu(self.conv(name, relu(x), first)), second)
        if kind == 'conv':
            return self.conv(name, relu(x), (stride, stride))
        for place, step in ((name, stride), (f'{name}_1', 1)):
            x = depthwise(relu(x), self.weights[f'{place}/depthwise'], step, 2 if kind == 'dil_sep_conv' else 1)
            x = self.norm(place, x @ self.weights[f'{place}/pointwise'][0, 0])
        return x

    def cell(self, index, cell, older, newer, filters, stride):
        tf1, name = self.config.rules == 'tf1', f'cell_{index}'
        sides = older.shape[1:3]
        if index == 0 and tf1 and self.config.stem == 'cifar':
            pass
        elif sides != newer.shape[1:3]:
            older = self.reduce(f'{name}_older', relu(older))
        elif older.shape[-1] != filters:
            older = self.conv(f'{name}_older', relu(older))
        always = tf1 and not (index == 0 and self.config.stem == 'imagenet')
        if always or newer.shape[-1] != filters:
            newer = self.conv(f'{name}_newer', relu(newer))
        states = [older, newer]
        read = set()
        for number, node in enumerate(cell.nodes, start=3):
            total = 0
            for side, branch in (('left', node.left), ('right', node.right)):
                read.add(branch.input)
                step = stride if branch.input in (0, 1) else 1
                place = f'{name}_node_{number}_{side}'
                total = total + self.operation(place, branch.operation, states[branch.input], filters, step)
            states.append(total)
        parts = []
        for number, x in enumerate(states):
            if number in read:
                continue
            place = f'{name}_output_{number + 1}'
            if x.shape[1:3] != states[-1].shape[1:3]:
                x = self.reduce(place, x)
            elif x.shape[-1] != filters:
                x = self.conv(place, x)
            parts.append(x)
        return np.concatenate(parts, -1)

    def __call__(self, images):
        x = images.astype(np.float64)
        n, filters = self.config.cells_per_stage, self.config.filters
        if self.config.stem == 'cifar':
            older = newer = self.conv('stem', x)
        else:
            older = self.conv('stem_1', relu(self.conv('stem', x, (2, 2))), (2, 2))
            newer = self.conv('second_stem', relu(older), (2, 2))
        kinds = ['normal'] * n + ['reduction'] + ['normal'] * n + ['reduction'] + ['normal'] * n
        for index, kind in enumerate(kinds):
            stride = 2 if kind == 'reduction' else 1
            filters *= stride
            output = self.cell(index, getattr(self.cells, kind), older, newer, filters, stride)
            self.outputs.append(output)
            older, newer = newer, output
        last = relu(newer) if self.config.rules == 'tf1' else newer
        return last.mean((1, 2)) @ self.weights['classifier/kernel'] + self.weights['classifier/bias']
