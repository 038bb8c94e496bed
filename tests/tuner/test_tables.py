"""The tuning problems of tools/tuning: every configuration has a row, and a row is one that can be looked up."""

from pathlib import Path

import numpy as np
import pytest

from nao_tf.benchmarks.table import Table
from nao_tf.searchers.enumeration import canonical_cells
from nao_tf.spaces.registry import get_space

TUNING = Path(__file__).parents[2] / 'tools' / 'tuning'


@pytest.mark.parametrize(('name', 'rows'), [('digits_cnn', 864), ('cancer_mlp', 1008), ('diabetes_trees', 1440)])
def test_a_table_has_every_configuration_of_its_space(name, rows):
    space = get_space(name, module=str(TUNING / f'{name}.py'))
    table = Table.open(TUNING / 'tables' / f'{name}.npz', space=space)
    assert len(table) == len(table.classes) == space.size == rows
    assert set(table.classes) == set(canonical_cells(space))
    assert np.isfinite(table.column('score')).all()
