"""The plan of a network: every block, its name, its place and its input, worked out without building anything."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

from nao_tf.networks.block import Block
from nao_tf.networks.blocks import ConvNorm, Dense, FactorizedReduction, Pool
from nao_tf.networks.config import NetworkConfig
from nao_tf.networks.operations import Place, operation_blocks
from nao_tf.spaces.cells import CELL_INPUTS, Cell, CellPair

AUXILIARY_FILTERS = (128, 768)


@dataclasses.dataclass(frozen=True)
class Step:
    """A block with its name and the size of its input.

    Args:
        name: derived from its place alone, such as `cell_3_node_4_left_1`: networks of all cells draw their names
            from one finite set.
        block: what it computes.
        height: of its input, in pixels.
        width: of its input, in pixels.
    """

    name: str
    block: Block
    height: int
    width: int

    @property
    def sides(self) -> tuple[int, int]:
        """Height and width of its output, in pixels."""
        return self.block.sides(self.height, self.width)

    @property
    def multiply_adds(self) -> int:
        """Multiplications for one image."""
        return self.block.multiply_adds(self.height, self.width)


Steps = tuple[Step, ...]


@dataclasses.dataclass(frozen=True)
class BranchPlan:
    """A branch: the state that it reads, its steps, and whether drop path may drop it."""

    input: int
    steps: Steps
    droppable: bool


@dataclasses.dataclass(frozen=True)
class CellPlan:
    """A cell: the calibration of its two inputs, two branches a node, and the outputs with their calibration."""

    calibrations: tuple[Steps, Steps]
    nodes: tuple[tuple[BranchPlan, BranchPlan], ...]
    outputs: tuple[tuple[int, Steps], ...]

    def steps(self) -> Iterator[Step]:
        """Yields the steps in the order in which the cell computes them."""
        for steps in self.calibrations:
            yield from steps
        for node in self.nodes:
            for branch in node:
                yield from branch.steps
        for _, steps in self.outputs:
            yield from steps


@dataclasses.dataclass(frozen=True)
class NetworkPlan:
    """A network from the image to the logits.

    Args:
        stems: steps of the first stem, and those that lead on from it to the second input of the first cell
            (none for `cifar`, where both inputs are the one stem).
        cells: the 3N + 2 cells.
        classifier: the dense layer.
        auxiliary_cell: index of the cell that the auxiliary head reads.
        auxiliary: steps of the auxiliary head; none without one.
    """

    stems: tuple[Steps, Steps]
    cells: tuple[CellPlan, ...]
    classifier: Step
    auxiliary_cell: int
    auxiliary: Steps

    def steps(self) -> Iterator[Step]:
        """Yields all steps, the auxiliary head last."""
        for steps in self.stems:
            yield from steps
        for cell in self.cells:
            yield from cell.steps()
        yield self.classifier
        yield from self.auxiliary


@dataclasses.dataclass(frozen=True)
class _Shape:
    height: int
    width: int
    channels: int

    @property
    def sides(self) -> tuple[int, int]:
        return (self.height, self.width)


def plan_network(cells: CellPair, config: NetworkConfig) -> NetworkPlan:
    """Stacks the two cells as section 4.1 and A1 do: N normal, reduction, N normal, reduction, N normal.

    Args:
        cells: the normal and the reduction cell.
        config: everything else.

    Raises:
        InputError: if a cell names an operation that is not registered.
    """
    image = _Shape(*config.image_shape)
    filters = config.filters
    if config.stem == 'cifar':
        first, older = _chain('stem', [ConvNorm(image.channels, 3 * filters, 1, (3, 3), relu=False)], image)
        second: Steps = ()
        newer = older
    else:
        half = ConvNorm(image.channels, filters // 2, 2, (3, 3), relu=False)
        first, older = _chain('stem', [half, ConvNorm(filters // 2, filters, 2, (3, 3))], image)
        second, newer = _chain('second_stem', [ConvNorm(filters, filters, 2, (3, 3))], older)
    plans = []
    auxiliary_cell = config.reductions[1] + (1 if config.rules == 'tf1' else 0)
    auxiliary: Steps = ()
    for index in range(config.cells):
        reduction = index in config.reductions
        if reduction:
            filters *= 2
        cell = cells.reduction if reduction else cells.normal
        plan, output = _plan_cell(cell, index, older, newer, filters, 2 if reduction else 1, config)
        plans.append(plan)
        older, newer = newer, output
        if config.auxiliary and index == auxiliary_cell:
            auxiliary = _chain('auxiliary', auxiliary_blocks(*output.sides, output.channels, config.classes), output)[0]
    dense = Step('classifier', Dense(newer.channels, config.classes), 1, 1)
    return NetworkPlan((first, second), tuple(plans), dense, auxiliary_cell, auxiliary)


def _plan_cell(
    cell: Cell, index: int, older: _Shape, newer: _Shape, filters: int, stride: int, config: NetworkConfig
) -> tuple[CellPlan, _Shape]:
    prefix = f'cell_{index}'
    tf1 = config.rules == 'tf1'
    # The released TensorFlow code has no older input in the first cell and lets operations read the stem itself.
    raw_stem = tf1 and index == 0 and config.stem == 'cifar'
    # The ImageNet stem is the other code's and already has F channels: it is calibrated by that code's rule.
    always = tf1 and not (index == 0 and config.stem == 'imagenet')
    calibrated = [
        _chain(f'{prefix}_older', [] if raw_stem else _calibration(older, newer, filters, always=False), older),
        _chain(f'{prefix}_newer', _calibration(newer, newer, filters, always=always), newer),
    ]
    states = [shape for _, shape in calibrated]
    nodes = []
    for number, node in enumerate(cell.nodes, start=CELL_INPUTS + 1):
        branches, shapes = [], []
        for side, branch in zip(('left', 'right'), node.branches, strict=True):
            place = Place(
                states[branch.input].channels, filters, stride if branch.input < CELL_INPUTS else 1, config.rules
            )
            blocks = operation_blocks(branch.operation, place)
            steps, shape = _chain(f'{prefix}_node_{number}_{side}', blocks, states[branch.input])
            branches.append(BranchPlan(branch.input, steps, not (tf1 and branch.operation == 'identity')))
            shapes.append(shape)
        nodes.append((branches[0], branches[1]))
        states.append(shapes[0])
    sides = states[-1].sides
    outputs = []
    for loose in cell.loose_ends:
        shape = states[loose]
        loose_blocks: list[Block] = []
        if shape.sides != sides:
            loose_blocks = [FactorizedReduction(shape.channels, filters, relu=False)]
        elif shape.channels != filters:
            loose_blocks = [ConvNorm(shape.channels, filters, relu=False)]
        outputs.append((loose, _chain(f'{prefix}_output_{loose + 1}', loose_blocks, shape)[0]))
    plan = CellPlan((calibrated[0][0], calibrated[1][0]), tuple(nodes), tuple(outputs))
    return plan, _Shape(*sides, filters * len(outputs))


def _calibration(shape: _Shape, newer: _Shape, filters: int, *, always: bool) -> list[Block]:
    if shape.sides != newer.sides:
        return [FactorizedReduction(shape.channels, filters)]
    if always or shape.channels != filters:
        return [ConvNorm(shape.channels, filters)]
    return []


def auxiliary_blocks(height: int, width: int, channels: int, classes: int) -> list[Block]:
    """Returns the blocks of an auxiliary head (A1), the dense layer last.

    Args:
        height: of what it reads, in pixels.
        width: of what it reads, in pixels.
        channels: of what it reads.
        classes: number of classes.
    """
    narrow, wide = AUXILIARY_FILTERS
    pool = Pool(channels, channels, 3, 'avg', 5, padding='VALID')
    return [
        pool,
        ConvNorm(channels, narrow, relu=False),
        ConvNorm(narrow, wide, 1, pool.sides(height, width), padding='VALID'),
        Dense(wide, classes),
    ]


def _chain(name: str, blocks: Sequence[Block], shape: _Shape) -> tuple[Steps, _Shape]:
    """Lays blocks one behind the other; several of one chain are numbered."""
    steps = []
    for number, block in enumerate(blocks):
        steps.append(Step(f'{name}_{number}' if number else name, block, *shape.sides))
        shape = _Shape(*block.sides(*shape.sides), block.outputs)
    return tuple(steps), shape
