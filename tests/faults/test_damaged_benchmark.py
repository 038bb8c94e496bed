"""Every file of a benchmark's folder, damaged in every way: the command makes the run again, or says what to do."""

import io

import numpy as np
import pytest
from rich.console import Console

from nao_tf.benchmarks import benchmark, worker
from nao_tf.benchmarks.config import default_benchmark_config
from nao_tf.benchmarks.record import read_record, record_path
from nao_tf.benchmarks.table import Table
from nao_tf.spaces.registry import get_space
from tests.faults.conftest import TINY
from tests.faults.damage import every_damage, survives


@pytest.fixture
def command(tmp_path, monkeypatch):
    """Returns the command, whose runs are made in this process and whose plots are not drawn."""
    space = get_space('', module=TINY)
    rng = np.random.default_rng(0)
    cells = sorted({space.canonical(space.sample(rng)) for _ in range(200)})
    Table.of(space, cells, {'valid': rng.random(len(cells))}).save(tmp_path / 'table.npz')
    config = default_benchmark_config()
    config.space.update(name=space.name, module=TINY)
    config.table.update(path=str(tmp_path / 'table.npz'), valid='valid', test='valid')
    config.searchers = ('random',)
    config.update(seeds=1, budget=20, report_at=(20,), reference='random', outside=1000)
    monkeypatch.setattr(benchmark, 'make_runs', lambda missing, **_: [worker.work(job) for job in missing])
    for name in ('draw_regret', 'draw_hitting_times'):
        monkeypatch.setattr(benchmark, name, lambda *arguments, **_: None)
    return lambda output: benchmark.run_benchmark(config, output, console=Console(file=io.StringIO()))


def run_of(output):
    record = read_record(record_path(output, 'random', 0), 'random', 0)
    return record.valid.tolist(), record.strings.tolist()


def test_the_same_command(command, tmp_path):
    command(tmp_path / 'whole')
    expected = run_of(tmp_path / 'whole')
    stopped = set()
    for file, how in every_damage(tmp_path / 'whole', tmp_path / 'run'):
        if survives(lambda: command(tmp_path / 'run') or 1, file, how) is None:
            stopped.add((file.name, how))
        else:
            assert run_of(tmp_path / 'run') == expected, (file.name, how)
    assert {name for name, how in stopped if how != 'a folder'} == {'config.json'}
