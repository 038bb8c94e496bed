"""A network as one readable Python file of plain Keras layers: a function for each kind of cell, then the stack."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping

from nao_tf.errors import InputError
from nao_tf.export.plain_helpers import HELPERS
from nao_tf.networks.block import Block
from nao_tf.networks.blocks import ConvNorm, FactorizedReduction, Pool, SeparableConvNorm
from nao_tf.networks.classifier import ImageClassifier
from nao_tf.networks.plan import BranchPlan, CellPlan, NetworkPlan, Steps, plan_network
from nao_tf.spaces.cells import CELL_INPUTS
from nao_tf.spaces.writing import describe_pair

INPUTS = ('k_2', 'k_1')


def plain_source(classifier: ImageClassifier, module: str) -> str:
    """Returns the file: `build()` makes the model and loads the weights that lie beside it.

    Args:
        classifier: without an auxiliary head.
        module: name of the file without its suffix, for its documentation.

    Raises:
        InputError: if an operation is made of a person's own block.
    """
    network = classifier.network
    config = network.config
    plan = plan_network(network.cells, config)
    functions: dict[str, str] = {}  # by their bodies
    calls = []
    for index, cell in enumerate(plan.cells):
        reductions = sum(reduction <= index for reduction in config.reductions)
        filters = config.filters * 2**reductions
        body = '\n'.join(_cell_lines(cell, index, filters))
        kind = 'reduction_cell' if index in config.reductions else 'normal_cell'
        if body not in functions:
            same = sum(name.startswith(kind) for name in functions.values())
            functions[body] = f'{kind}_{same + 1}' if same else kind
        calls.append(f"older, newer = newer, {functions[body]}(older, newer, {filters}, 'cell_{index}')")
    definitions = [
        f'def {name}(k_2, k_1, filters, name):\n    """{_about(name, calls)}"""\n{textwrap.indent(body, "    ")}'
        for body, name in functions.items()
    ]
    build = '\n'.join([*_stem_lines(plan), *calls, *_head_lines(config.rules, config.classes)])
    names = ',\n'.join(f'    {name!r}' for name in classifier.class_names)
    text = '\n\n\n'.join(definitions) + build
    helpers = [source for name, source in HELPERS.items() if name == 'norm' or f' {name}(' in text]
    return FILE.format(
        drawing=describe_pair(network.cells),
        module=module,
        cells=config.cells,
        filters=config.filters,
        shape=config.image_shape,
        pixels=classifier.pixels,
        names=names,
        mean=list(classifier.mean),
        variance=[value**2 for value in classifier.std],
        helpers='\n\n\n'.join(helpers),
        definitions='\n\n\n'.join(definitions),
        build=textwrap.indent(build, '    '),
    )


FILE = '''"""An image classifier of {cells} cells, {filters} filters in the first, found by nao_tf; needs Keras alone.

    import {module}

    classifier = {module}.build()  # loads {module}.weights.h5, which lies beside this file
    probabilities = classifier.predict(images)  # raw images [batch, height, width, channels], {pixels}
    {module}.CLASS_NAMES[probabilities[0].argmax()]

{drawing}
"""

from pathlib import Path

import keras
from keras import layers

WEIGHTS = Path(__file__).with_suffix('.weights.h5')
IMAGE_SHAPE = {shape}
MEAN = {mean}  # of the training images, for each channel
VARIANCE = {variance}
CLASS_NAMES = (
{names},
)


{helpers}


{definitions}


def build(weights=WEIGHTS):
    """Returns the model with its weights; None leaves them at random, to train anew."""
    images = layers.Input(IMAGE_SHAPE)
    x = layers.Normalization(mean=MEAN, variance=VARIANCE)(images)
{build}
    model = keras.Model(images, probabilities, name='classifier')
    if weights is not None:
        model.load_weights(weights)
    return model
'''


def _about(name: str, calls: list[str]) -> str:
    cells = [call.rsplit("'", 2)[1].removeprefix('cell_') for call in calls if f' {name}(' in call]
    return f'Returns the output of cell {", ".join(cells)} from those of the two cells before.'


def _stem_lines(plan: NetworkPlan) -> list[str]:
    first, second = plan.stems
    lines = _chain('x', 'older', first, None, 0)[0]
    if not second:
        return [*lines, 'newer = older']
    return [*lines, *_chain('older', 'newer', second, None, 0)[0]]


def _head_lines(rules: str, classes: int) -> list[str]:
    relu = ['newer = layers.ReLU()(newer)'] if rules == 'tf1' else []
    return [
        *relu,
        'features = layers.GlobalAveragePooling2D()(newer)',
        f"probabilities = layers.Softmax()(layers.Dense({classes}, name='classifier')(features))",
    ]


def _cell_lines(cell: CellPlan, index: int, filters: int) -> list[str]:
    """Returns the body of the function of a cell, the same for every cell that computes the same."""
    lines: list[str] = []
    for name, steps in zip(INPUTS, cell.calibrations, strict=True):
        lines += _chain(name, name, steps, index, filters)[0]
    for number, branches in enumerate(cell.nodes, start=CELL_INPUTS + 1):
        terms = []
        for side, branch in zip(('left', 'right'), branches, strict=True):
            found, term = _branch(branch, side, index, filters)
            lines += found
            terms.append(term)
        lines.append(f'node_{number} = layers.Add()([{", ".join(terms)}])')
    ends = []
    for state, steps in cell.outputs:
        found, end = _chain(_state(state), f'{_state(state)}_out', steps, index, filters)
        lines += found
        ends.append(end)
    return [*lines, f'return {ends[0]}' if len(ends) == 1 else f'return layers.Concatenate()([{", ".join(ends)}])']


def _branch(branch: BranchPlan, side: str, index: int, filters: int) -> tuple[list[str], str]:
    return _chain(_state(branch.input), side, branch.steps, index, filters)


def _state(number: int) -> str:
    return INPUTS[number] if number < CELL_INPUTS else f'node_{number + 1}'


def _chain(source: str, target: str, steps: Steps, index: int | None, filters: int) -> tuple[list[str], str]:
    """Returns the lines of a row of blocks, and the name of what they compute.

    Args:
        source: name of what the first reads.
        target: name of what the last writes.
        steps: the blocks.
        index: of the cell; None outside of cells.
        filters: of the cell, for which its function has a name.
    """
    lines = []
    for step in steps:
        render = RENDER.get(type(step.block))
        if render is None:
            raise InputError(
                f'{step.name} is made of a {type(step.block).__name__}, a block of your own that has no plain Keras '
                'form; the formats saved_model and tflite take it'
            )
        width = 'filters' if index is not None and step.block.outputs == filters else str(step.block.outputs)
        place = repr(step.name)
        if index is not None:
            place = f"f'{{name}}_{step.name.removeprefix(f'cell_{index}_')}'"
        lines.append(f'{target} = {render(step.block, source, width, place)}')
        source = target
    return lines, source


def _call(function: str, arguments: list[str], options: Mapping[str, tuple[object, object]], place: str = '') -> str:
    """Returns a call; options are left out where they have their default."""
    given = [f'{name}={value!r}' for name, (value, default) in options.items() if value != default]
    return f'{function}({", ".join([*arguments, *given, *([f"name={place}"] if place else [])])})'


def _conv(block: ConvNorm, source: str, width: str, place: str) -> str:
    strides = block.strides or (block.stride, block.stride)
    height, breadth = block.kernel
    kernel = str(height) if height == breadth else str(block.kernel)
    options = {'strides': (strides[0] if strides[0] == strides[1] else strides, 1), 'relu': (block.relu, True)}
    return _call('conv', [source, width, kernel], options, place)


def _separable(block: SeparableConvNorm, source: str, width: str, place: str) -> str:
    function = 'dilated_reduction' if block.stride > 1 and block.dilation > 1 else 'separable'
    options = {'strides': (block.stride, 1), 'dilation': (block.dilation, 1)}
    if function == 'dilated_reduction':
        options = {'dilation': (block.dilation, 1)}
    return _call(function, [source, width, str(block.kernel)], options, place)


def _factorized(block: FactorizedReduction, source: str, width: str, place: str) -> str:
    return _call('factorized_reduction', [source, width], {'relu': (block.relu, True)}, place)


def _pool(block: Pool, source: str, width: str, place: str) -> str:
    del width, place
    return _call(f'{block.kind}_pool', [source, str(block.window)], {'strides': (block.stride, 1)})


RENDER: Mapping[type[Block], Callable[..., str]] = {
    ConvNorm: _conv,
    SeparableConvNorm: _separable,
    FactorizedReduction: _factorized,
    Pool: _pool,
}
