"""The evaluator of tables: score and metrics, and what the table does not have."""

import math

import numpy as np
import pytest

from nao_tf.benchmarks.table import Table
from nao_tf.errors import InputError
from nao_tf.evaluators.table import TableEvaluator
from nao_tf.spaces.registry import get_space

SPACE = get_space('nasbench201')
# One edge and what it does: four classes of which the last has no figure and one more is not in the table.
CELLS = [SPACE.parse(f'1 1 1 {token} 1 1') for token in (2, 3, 4)]
TABLE = Table.of(SPACE, CELLS, {'valid': np.array([0.5, 0.7, np.nan]), 'test': np.array([0.4, 0.6, 0.9])})


def test_score_and_metrics():
    evaluation = TableEvaluator(TABLE, valid='valid', test='test').evaluate(SPACE.canonical(CELLS[1]))
    assert evaluation.architecture == SPACE.canonical(CELLS[1])
    assert evaluation.score == 0.7
    assert evaluation.metrics == {'valid': 0.7, 'test': 0.6}
    assert not evaluation.failed
    assert TableEvaluator(TABLE, valid='valid').evaluate(CELLS[0]).metrics == {'valid': 0.5}


def test_what_the_table_does_not_have_is_a_failure():
    evaluator = TableEvaluator(TABLE, valid='valid', test='test')
    outside = evaluator.evaluate(SPACE.canonical(SPACE.parse('1 1 1 5 1 1')))
    assert outside.failed
    assert math.isnan(outside.score)
    assert outside.failure == 'not in the table'
    missing = evaluator.evaluate(SPACE.canonical(CELLS[2]))
    assert missing.failed
    assert missing.failure == 'the table has no valid of it'


def test_a_column_that_is_not_there():
    with pytest.raises(InputError, match="no column 'accuracy'; its columns are valid, test"):
        TableEvaluator(TABLE, valid='accuracy')
