"""The made-up score of cell pairs, and groups of cells to measure a controller on."""

from __future__ import annotations

import numpy as np

from nao_tf.benchmarks.synthetic import DEVIATION, MEAN, NOISE, SyntheticScore
from nao_tf.spaces.architecture import Architecture
from nao_tf.spaces.conv_cell import ConvCellSpace

__all__ = ['DEVIATION', 'MEAN', 'NOISE', 'SyntheticScore', 'split']


def split(space: ConvCellSpace, counts: tuple[int, ...], rng: np.random.Generator) -> list[list[Architecture]]:
    """Draws groups of architectures as sampled (not in canonical form), no two of which are isomorphic."""
    seen: set[Architecture] = set()
    groups = []
    for count in counts:
        group: list[Architecture] = []
        while len(group) < count:
            architecture = space.sample(rng)
            canonical = space.canonical(architecture)
            if canonical not in seen:
                seen.add(canonical)
                group.append(architecture)
        groups.append(group)
    return groups
