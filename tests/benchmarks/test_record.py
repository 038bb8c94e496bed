"""The record of a run: read back as it was written, or not at all."""

import math

import numpy as np
import pytest

from nao_tf.benchmarks.problem import Cells
from nao_tf.benchmarks.protocol import Run
from nao_tf.benchmarks.record import read_record, record_path, write_record
from nao_tf.benchmarks.strings import StringCounter
from nao_tf.searchers.random import RandomSearch

HEADER = {'searcher': 'random', 'run': 3, 'seed': 7, 'mode': 'generate', 'space': 'nasbench201'}


@pytest.fixture
def written(tmp_path, whole):
    """A real run of 30 queries and its file."""
    cells = Cells.of_table(whole, valid='valid', test='test')
    counter = StringCounter(cells.space)
    run = Run(cells, counter, RandomSearch(counter.space, evaluations=30, seed=7), budget=30)
    events = run.go()
    path = record_path(tmp_path, 'random', 3)
    totals = {'duplicates': run.searcher.duplicates, 'candidates': 0, 'outside': 0, 'seconds': 0.25}
    write_record(path, HEADER, events, totals)
    return path, run


def test_read_back(written, whole):
    path, run = written
    record = read_record(path, 'random', 3)
    queried = [evaluation.architecture for evaluation in run.searcher.evaluations]
    assert [trial.proposal.architecture for trial in record.history.trials.values()] == queried
    rows = [whole.lookup(cell) for cell in queried]
    assert record.valid.tolist() == whole.column('valid')[rows].tolist()
    assert record.test.tolist() == whole.column('test')[rows].tolist()
    assert np.all(np.diff(record.strings) >= 1)
    assert (record.mode, record.seconds, dict(record.origins)) == ('generate', 0.25, {'random': 30})


def test_no_record(tmp_path):
    assert read_record(record_path(tmp_path, 'random', 0), 'random', 0) is None


def test_a_file_of_another_run(written):
    assert read_record(written[0], 'random', 4) is None
    assert read_record(written[0], 'nao', 3) is None


@pytest.mark.parametrize('share', [0.0, 0.3, 0.99])
def test_a_file_that_is_cut_off(written, share):
    path, _ = written
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    assert read_record(path, 'random', 3) is None


def test_a_file_with_a_flipped_byte(written):
    path, _ = written
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    assert read_record(path, 'random', 3) is None


def test_a_lost_value_is_nan(tmp_path, whole):
    cell = whole.classes[0]
    proposed = {
        'event': 'proposed', 'trial': 1, 'arm': 'search', 'batch': 0, 'round': 0, 'origin': 'random',
        'tokens': list(cell.tokens), 'predicted': None, 'parent': None,
    }  # fmt: skip
    failed = {'event': 'failed', 'trial': 1, 'score': None, 'metrics': {}, 'reason': 'no value', 'strings': 1}
    path = tmp_path / 'run.jsonl'
    totals = {'duplicates': 0, 'candidates': 0, 'outside': 0, 'seconds': 0.0}
    write_record(path, HEADER, [proposed, failed], totals)
    record = read_record(path, 'random', 3)
    assert math.isnan(record.valid[0])
    assert math.isnan(record.test[0])
