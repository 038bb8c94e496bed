"""Tables with made-up figures, so that the protocol's tests need no data."""

import numpy as np
import pytest

from nao_tf.benchmarks.table import Table
from nao_tf.searchers.enumeration import canonical_cells
from nao_tf.spaces.registry import get_space


def figures(cells):
    """A validation figure that a searcher can learn, and a test figure near it."""
    tokens = np.array([cell.tokens for cell in cells])
    noise = np.random.default_rng(0).normal(size=(2, len(cells)))
    valid = 80 + 2 * (tokens == 4).sum(1) - (tokens == 1).sum(1) - (tokens[:, 3] == 2) + 0.3 * noise[0]
    return {'valid': valid, 'test': valid + 2 + 0.2 * noise[1], 'other': noise[0]}


@pytest.fixture(scope='session')
def space():
    return get_space('nasbench201')


@pytest.fixture(scope='session')
def whole(space):
    """A table of all 6,466 classes."""
    cells = canonical_cells(space)
    return Table.of(space, cells, figures(cells))


@pytest.fixture(scope='session')
def sample(space):
    """A table of 300 classes only."""
    cells = canonical_cells(space)
    cells = [cells[index] for index in np.random.default_rng(1).choice(len(cells), 300, replace=False)]
    return Table.of(space, cells, figures(cells))


@pytest.fixture(scope='session')
def files(whole, sample, tmp_path_factory):
    """The two tables as files."""
    folder = tmp_path_factory.mktemp('tables')
    whole.save(folder / 'whole.npz')
    sample.save(folder / 'sample.npz')
    return folder
