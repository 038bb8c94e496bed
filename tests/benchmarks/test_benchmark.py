"""`nao benchmark` in a process of its own: runs, resumes, is interrupted, reports."""

import json
import math
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nao_tf.benchmarks.benchmark import run_benchmark
from nao_tf.benchmarks.config import default_benchmark_config
from nao_tf.benchmarks.record import read_record, record_path
from nao_tf.benchmarks.table import Table
from nao_tf.search.journal import Journal
from nao_tf.searchers.enumeration import canonical_cells
from tests.support import forks

ROOT = Path(__file__).parents[2]
BUDGET = 20
TINY_NAO = [
    *('--config.searcher.initial=10', '--config.searcher.per_round=5', '--config.searcher.seeds=5'),
    *('--config.searcher.controller.epochs=4', '--config.searcher.controller.hidden=16'),
    *('--config.searcher.controller.embedding=8', '--config.searcher.controller.least_steps=0'),
]


def command(files, output, *more):
    return [
        *('nao_tf.cli', 'benchmark', '--config=configs/nasbench201.py'),
        *(f'--table={files / "whole.npz"}', f'--output={output}', f'--budget={BUDGET}'),
        *('--config.table.valid=valid', '--config.table.test=test', *TINY_NAO, *more),
    ]


def finish(arguments):
    result = forks.finish(*arguments, timeout=300)
    assert result.returncode == 0, result.stderr
    return result


@pytest.fixture(scope='module')
def done(files, tmp_path_factory):
    """A complete benchmark: its folder and what it printed."""
    output = tmp_path_factory.mktemp('benchmark') / 'out'
    result = finish(command(files, output, '--searchers=nao,random', '--seeds=2'))
    return output, result


def timeless(path):
    """Returns the events of a record without the times."""
    events = Journal(path).read()
    for event in events:
        event.pop('seconds', None)
        event['report'] = {name: value for name, value in event.get('report', {}).items() if 'seconds' not in name}
    return events


def test_one_record_a_run(done, files):
    output, _ = done
    table = Table.open(files / 'whole.npz')
    queried = {}
    for name in ('nao', 'random'):
        for run in range(2):
            record = read_record(record_path(output, name, run), name, run)
            cells = [trial.proposal.architecture for trial in record.history.trials.values()]
            assert len(cells) == len(set(cells)) == BUDGET
            rows = [table.lookup(cell) for cell in cells]
            assert record.valid.tolist() == table.column('valid')[rows].tolist()
            assert record.test.tolist() == table.column('test')[rows].tolist()
            assert record.seconds > 0
            queried[name, run] = cells
    assert len({tuple(cells) for cells in queried.values()}) == 4  # every run has a seed of its own


def test_summaries_are_those_of_the_records(done):
    output, _ = done
    for name in ('nao', 'random'):
        summary = json.loads((output / name / 'summary.json').read_text())
        records = [read_record(record_path(output, name, run), name, run) for run in range(2)]
        times = [
            next((i + 1 for i, value in enumerate(record.valid) if value == summary['optimum']), BUDGET + 1)
            for record in records
        ]
        assert summary['mean_queries_to_optimum'] == sum(times) / 2
        assert summary['hit_rate'] == sum(time <= BUDGET for time in times) / 2
        assert summary['test_at_budget'] == []  # the first is at 50, beyond this budget
        assert {'mean_queries_to_optimum', 'median_queries_to_optimum', 'hit_rate', 'test_at_budget'} <= set(
            summary['raw_strings']
        )
        assert summary['seconds_per_query'] == pytest.approx(sum(record.seconds for record in records) / 40)
        assert (summary['searcher'], summary['mode'], summary['runs']) == (name, 'generate', 2)
    pairs = json.loads((output / 'comparison.json').read_text())['pairs']
    assert [(pair['reference'], pair['rival']) for pair in pairs] == [('nao', 'random')]


def test_what_a_person_sees(done):
    _, result = done
    assert result.stderr == ''
    for words in ('4 of 4 runs ended', 'signal valid', 'report test', f'a miss counts as {BUDGET + 1}', '>= '):
        assert words in result.stdout
    assert 'a figure that is quoted needs at least 50' in result.stdout


def test_a_table_with_gaps(space, tmp_path):
    cells = canonical_cells(space)[:12]
    valid = np.where(np.arange(12) % 3, np.arange(12.0), math.nan)
    test = np.where(np.arange(12) == 11, math.nan, valid)  # the best cell has no report
    Table.of(space, cells, {'valid': valid, 'test': test}).save(tmp_path / 'gaps.npz')
    config = default_benchmark_config()
    config.table.update({'path': str(tmp_path / 'gaps.npz'), 'valid': 'valid', 'test': 'test'})
    config.update({'searchers': ('random',), 'seeds': 2, 'budget': 12, 'report_at': (12,), 'workers': 1})
    run_benchmark(config, tmp_path / 'out')
    text = (tmp_path / 'out' / 'random' / 'summary.json').read_text()
    summary = json.loads(text, parse_constant=pytest.fail)
    assert summary['hit_rate'] == 1
    row = {'budget': 12, 'mean': None, 'sd': None, 'runs': 0, 'without': 2}
    assert summary['test_at_budget'] == [row]
    json.loads((tmp_path / 'out' / 'comparison.json').read_text(), parse_constant=pytest.fail)


@pytest.mark.parametrize('name', ['regret.png', 'hitting_times.png'])
def test_plots(done, name):
    with Image.open(done[0] / name) as picture:
        assert picture.width >= 900
        assert len(picture.convert('RGB').getcolors(1 << 20)) > 10  # something is drawn


def test_the_same_command_makes_only_what_is_missing(done, files):
    output, _ = done
    lost, kept = record_path(output, 'nao', 1), record_path(output, 'random', 1)
    before, stamp = timeless(lost), kept.stat().st_mtime_ns
    kept_content = kept.read_bytes()
    lost.write_bytes(lost.read_bytes()[:-20])  # torn
    result = finish(command(files, output, '--searchers=nao,random', '--seeds=2', '--config.workers=1'))
    assert 'continuing' in result.stdout
    assert '3 of 4 runs are there' in result.stdout
    # The same run again, alone in a fresh process: figures do not depend on what else ran, or where.
    assert timeless(lost) == before
    assert (kept.stat().st_mtime_ns, kept.read_bytes()) == (stamp, kept_content)


def test_interrupted_and_continued(files, tmp_path):
    output = tmp_path / 'out'
    arguments = command(files, output, '--searchers=random', '--budget=400', '--seeds=2000')
    process = forks.Fork(*arguments)
    try:
        deadline = time.monotonic() + 120
        while len(list(output.glob('random/run-*.jsonl'))) < 3:
            assert process.poll() is None, process.errors
            assert time.monotonic() < deadline
            time.sleep(0.05)
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to the workers too
        printed, errors = process.communicate(timeout=60)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
    assert process.returncode == 1
    assert 'the same command continues' in printed
    assert errors == ''
    files_left = [path for path in (output / 'random').iterdir() if path.suffix == '.jsonl']
    assert 3 <= len(files_left) < 2000
    for path in files_left:
        assert read_record(path, 'random', int(path.stem[4:])) is not None
    seeds = len(files_left) + 2
    result = finish(command(files, output, '--searchers=random', '--budget=400', f'--seeds={seeds}'))
    assert f'{len(files_left)} of {seeds} runs are there' in result.stdout
    assert json.loads((output / 'random' / 'summary.json').read_text())['runs'] == seeds


def test_searchers_without_tensorflow_do_not_import_it(files, tmp_path):
    program = f"""
import sys
from nao_tf.benchmarks.worker import Desk, Job, Settings
from nao_tf.benchmarks.problem import TableSource
source = TableSource('valid', 'test', {str(files / 'whole.npz')!r}, 'nasbench201')
settings = Settings({str(tmp_path)!r}, source, 5, 50, 0, dict(name='random', initial=2, per_round=1, rounds=3))
Desk.of(source.open()).run(Job(settings, 'random', 0))
assert 'tensorflow' not in sys.modules and 'matplotlib' not in sys.modules
"""
    subprocess.run([sys.executable, '-c', program], cwd=ROOT, check=True, timeout=300)
    assert read_record(record_path(tmp_path, 'random', 0), 'random', 0).queries == 5
