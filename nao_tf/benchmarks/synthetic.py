"""A score of cell pairs made up for development and measurements: known without noise, not linear in the tokens.

Per cell, with tables drawn by seed and apart for the normal and the reduction cell:

- additive part: for every branch a term of its operation, and a term of (level of its node) x operation;
- along every edge from a node to a branch that reads it: terms of (operation of the node's branches) x operation,
  averaged over the node's two branches;
- the number of loose ends, and the depth (the largest level), each with a random sign.

A node's level is 1 + the largest level of its inputs (cell inputs: 0). It stands for the node's number because the
score has to be the same for isomorphic cells, and renumbering changes numbers but not levels.
The parts are scaled on a sample so that the additive part has `ADDITIVE` of the whole variance and the score has
mean 0.9 and standard deviation 0.02; noise has 0.15 of that deviation.
"""

from __future__ import annotations

import numpy as np

from nao_tf.spaces.architecture import Architecture
from nao_tf.spaces.conv_cell import ConvCellSpace

ADDITIVE = 0.5
NOISE = 0.15
MEAN, DEVIATION = 0.9, 0.02
SAMPLE = 3000
PARTS = ('operation', 'level x operation', 'interaction', 'loose ends', 'depth')
# Standard deviations of the parts before the additive ones are scaled together to ADDITIVE of the variance.
WEIGHTS = np.sqrt([0.3, 0.2, 0.25, 0.125, 0.125])


class SyntheticScore:
    """Noise-free score of the cells of a convolutional space.

    Args:
        space: the space.
        seed: of the tables.
    """

    def __init__(self, space: ConvCellSpace, *, seed: int):
        self.space = space
        rng = np.random.default_rng([seed, 77])
        count, levels = len(space.operations), space.nodes + 1
        self._operation = rng.normal(size=(2, count))
        self._level = rng.normal(size=(2, levels, count))
        self._interaction = rng.normal(size=(2, count, count))
        self._signs = rng.choice([-1.0, 1.0], size=(2, 2))
        self._index = {name: index for index, name in enumerate(space.operations)}
        self._scales = np.ones(len(PARTS))
        self._shift, self._unit = 0.0, 1.0
        sample = np.array([self.parts(space.sample(rng)) for _ in range(SAMPLE)])
        self._scales = WEIGHTS / sample.std(axis=0)
        sample = sample * self._scales
        additive, rest = sample[:, :2].sum(axis=1), sample[:, 2:].sum(axis=1)
        # var(s a + r) * ADDITIVE = s^2 var(a): the positive root for s.
        covariance = np.cov(additive, rest)
        quadratic = ((1 - ADDITIVE) * covariance[0, 0], -2 * ADDITIVE * covariance[0, 1], -ADDITIVE * covariance[1, 1])
        factor = float(np.max(np.roots(quadratic).real))
        self._scales[:2] *= factor
        total = factor * additive + rest
        self._shift, self._unit = float(total.mean()), float(total.std())

    def parts(self, architecture: Architecture) -> np.ndarray:
        """Returns the five parts (`PARTS`), summed over both cells."""
        result = np.zeros(len(PARTS))
        pair = self.space.cells(architecture)
        for kind, cell in enumerate((pair.normal, pair.reduction)):
            levels = [0, 0]
            operations: list[list[int]] = [[], []]
            for node in cell.nodes:
                level = 1 + max(levels[branch.input] for branch in node.branches)
                chosen = [self._index[branch.operation] for branch in node.branches]
                for branch, operation in zip(node.branches, chosen, strict=True):
                    result[0] += self._operation[kind, operation]
                    result[1] += self._level[kind, level, operation]
                    parents = operations[branch.input]
                    if parents:
                        result[2] += np.mean([self._interaction[kind, parent, operation] for parent in parents])
                levels.append(level)
                operations.append(chosen)
            result[3] += self._signs[kind, 0] * len(cell.loose_ends)
            result[4] += self._signs[kind, 1] * max(levels)
        return result * self._scales

    def __call__(self, architecture: Architecture) -> float:
        """Returns the noise-free score."""
        return MEAN + DEVIATION * (float(self.parts(architecture).sum()) - self._shift) / self._unit

    def evaluate(self, architectures: list[Architecture], rng: np.random.Generator) -> np.ndarray:
        """Returns noisy scores, float [n]."""
        clean = np.array([self(architecture) for architecture in architectures])
        return clean + NOISE * DEVIATION * rng.normal(size=len(clean))
