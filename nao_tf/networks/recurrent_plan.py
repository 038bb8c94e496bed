"""The tree of a recurrent cell in levels: nodes of one level are computed together."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np

from nao_tf.errors import InputError
from nao_tf.spaces.cells import RecurrentCell

# Each derivative from the activation's own value a: constant, times a, times a squared, times [a > 0].
DERIVATIVES = {
    'tanh': (1.0, 0.0, -1.0, 0.0),
    'relu': (0.0, 0.0, 0.0, 1.0),
    'sigmoid': (0.0, 1.0, -1.0, 0.0),
    'identity': (1.0, 0.0, 0.0, 0.0),
}
FIRST = 'tanh'  # the activation of node 0, which is not searched


@dataclasses.dataclass(frozen=True)
class Level:
    """K nodes at one distance from node 0; all of them read nodes of the level before.

    Args:
        start: row of the first of them.
        parents: for each, which node of the level before it reads.
        groups: runs of equal activations, as (name, how many).
    """

    start: int
    parents: tuple[int, ...]
    groups: tuple[tuple[str, int], ...]

    @property
    def stop(self) -> int:
        """Row behind the last of them."""
        return self.start + len(self.parents)


@dataclasses.dataclass(frozen=True, eq=False)
class RecurrentPlan:
    """A recurrent cell as it is computed; row 0 is node 0, the rows of a level are consecutive.

    Args:
        rows: row of node 0, 1, ... n.
        levels: the levels below node 0, in order.
        average: float32 [n + 1], weight of each row in the cell's output.
        derivatives: float32 [4, n + 1], the coefficients of DERIVATIVES for each row.
    """

    rows: tuple[int, ...]
    levels: tuple[Level, ...]
    average: np.ndarray
    derivatives: np.ndarray


def plan_cell(cell: RecurrentCell, *, gated: bool) -> RecurrentPlan:
    """Returns the plan of a cell.

    Args:
        cell: the nodes and what they read.
        gated: whether by the released rules, where node 0 is not part of the mean; the paper's are without gates,
            and its mean is of all nodes. A cell that lists its outputs averages those.

    Raises:
        InputError: if an activation does not exist.
    """
    for index, (_, name) in enumerate(cell.nodes, start=1):
        check_activation(name, f'node_{index} of the recurrent cell')
    depth = [0]
    for source, _ in cell.nodes:
        depth.append(depth[source] + 1)
    names = (FIRST, *(name for _, name in cell.nodes))
    order = sorted(range(len(names)), key=lambda node: (depth[node], names[node], node))
    rows = tuple(np.argsort(order).tolist())
    levels: list[Level] = []
    first_of_last = 0
    for number in range(1, max(depth) + 1):
        nodes = [node for node in order if depth[node] == number]
        start = rows[nodes[0]]
        parents = tuple(rows[cell.nodes[node - 1][0]] - first_of_last for node in nodes)
        groups = tuple((name, len(list(run))) for name, run in itertools.groupby(names[node] for node in nodes))
        levels.append(Level(start, parents, groups))
        first_of_last = start
    averaged = range(len(names)) if cell.outputs is None and not gated else cell.averaged
    average = np.zeros(len(names), np.float32)
    average[[rows[node] for node in averaged]] = 1 / len(averaged)
    derivatives = np.array([DERIVATIVES[names[node]] for node in order], np.float32).T
    return RecurrentPlan(rows, tuple(levels), average, derivatives)


def check_activation(name: str, where: str) -> None:
    """Raises an InputError if there is no activation of a name.

    Args:
        name: of the activation.
        where: what has it, for the error.
    """
    if name not in DERIVATIVES:
        raise InputError(f'{where}: activation {name!r} does not exist; there are {", ".join(DERIVATIVES)}')
