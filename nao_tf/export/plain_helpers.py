"""The helper functions of an exported Python file, as its text has them; a file gets those that it calls."""

from __future__ import annotations

HELPERS = {
    'norm': '''
def norm(x, name):
    """Batch normalisation."""
    return layers.BatchNormalization(momentum=0.9, epsilon=1e-5, name=f'{name}_norm')(x)
''',
    'conv': '''
def conv(x, filters, kernel, strides=1, relu=True, *, name):
    """[ReLU ->] convolution -> batch normalisation."""
    if relu:
        x = layers.ReLU()(x)
    if kernel == 1 and strides != 1:  # every other pixel
        x, strides = layers.AveragePooling2D(1, strides)(x), 1
    x = layers.Conv2D(filters, kernel, strides, padding='same', use_bias=False, name=name)(x)
    return norm(x, name)
''',
    'separable': '''
def separable(x, filters, kernel, strides=1, dilation=1, *, name):
    """ReLU -> depthwise convolution -> 1x1 convolution -> batch normalisation."""
    x = layers.ReLU()(x)
    x = layers.SeparableConv2D(
        filters, kernel, strides, padding='same', dilation_rate=dilation, use_bias=False, name=name
    )(x)
    return norm(x, name)
''',
    'dilated_reduction': '''
def dilated_reduction(x, filters, kernel, dilation, *, name):
    """A separable convolution whose stride is its dilation: it meets every so-many-th pixel, padded."""
    x = layers.ReLU()(x)
    pads = []
    for side in x.shape[1:3]:
        total = max((-(-side // dilation) - 1) * dilation + dilation * (kernel - 1) + 1 - side, 0)
        pads.append((total // 2, total - total // 2))
    x = layers.AveragePooling2D(1, dilation)(layers.ZeroPadding2D(pads)(x))
    x = layers.SeparableConv2D(filters, kernel, use_bias=False, name=name)(x)
    return norm(x, name)
''',
    'factorized_reduction': '''
def factorized_reduction(x, filters, relu=True, *, name):
    """[ReLU ->] two 1x1 convolutions of every other pixel, the second one pixel further -> batch normalisation."""
    if relu:
        x = layers.ReLU()(x)
    shifted = layers.Cropping2D(((1, 0), (1, 0)))(layers.ZeroPadding2D(((0, 1), (0, 1)))(x))
    halves = [
        layers.Conv2D(filters // 2, 1, use_bias=False, name=part)(layers.AveragePooling2D(1, 2)(pixels))
        for pixels, part in ((x, name), (shifted, f'{name}_shifted'))
    ]
    return norm(layers.Concatenate()(halves), name)
''',
    'max_pool': '''
def max_pool(x, window, strides=1):
    """The maximum of a square window."""
    return layers.MaxPooling2D(window, strides, padding='same')(x)
''',
    'avg_pool': '''
def avg_pool(x, window, strides=1):
    """The mean of a square window, padding left out."""
    return layers.AveragePooling2D(window, strides, padding='same')(x)
''',
    'min_pool': '''
def min_pool(x, window, strides=1):
    """The minimum of a square window."""
    return layers.Rescaling(-1.0)(layers.MaxPooling2D(window, strides, padding='same')(layers.Rescaling(-1.0)(x)))
''',
}
HELPERS = {name: source.strip() for name, source in HELPERS.items()}
