"""A sweep by the program in tools/, and what it refuses."""

import pytest
from rich.console import Console

from nao_tf.benchmarks.config import default_benchmark_config
from nao_tf.benchmarks.record import read_record
from nao_tf.benchmarks.sweep import Sweep, run_sweep
from nao_tf.errors import InputError
from tests.support import forks


def run(output, *arguments):
    program = ('tools/development.py', '--config=configs/nasbench101.py', f'--output={output}')
    return forks.finish(*program, *arguments, timeout=300, NAO_TF_TEST_DATA='')


def test_a_sweep_and_its_continuation(tmp_path):
    arguments = ['--searchers=evolution,forest', '--spaces=enas_cnn:0', '--workers=1', '--budget=12']
    settings = '--settings={"evolution.population": [4], "evolution.sample": [2, 4]}'
    first = run(tmp_path, *arguments, settings, '--seeds=1')
    assert first.returncode == 0, first.stderr
    assert 'forest is left out of enas_cnn:0' in first.stdout
    assert 'evolution population=4 sample=2' in first.stdout
    files = sorted(tmp_path.glob('enas_cnn-0/evolution-*/evolution/run-0000.jsonl'))
    assert len(files) == 3
    before = [(file.stat().st_mtime_ns, file.read_bytes()) for file in files]
    assert all(read_record(file, 'evolution', 0).queries == 12 for file in files)
    second = run(tmp_path, *arguments, settings, '--seeds=2')
    assert second.returncode == 0, second.stderr
    assert 'Mean rank of 3 settings, 2 runs of 12 queries on enas_cnn:0' in second.stdout
    assert [(file.stat().st_mtime_ns, file.read_bytes()) for file in files] == before
    assert len(list(tmp_path.glob('enas_cnn-0/*/*/run-*.jsonl'))) == 6


def test_runs_of_one_number_have_one_start(tmp_path):
    sweep = Sweep(
        config=default_benchmark_config(),
        searchers=['evolution'],
        settings='[{"evolution.sample": 3}]',
        instances=['enas_cnn:0'],
        seeds=1,
        budget=5,
        output=tmp_path,
    )
    standings = run_sweep(sweep, workers=1, console=Console(quiet=True))
    assert list(standings) == ['evolution default', 'evolution sample=3']
    starts = [
        [trial.proposal.architecture for trial in read_record(file, 'evolution', 0).history.trials.values()]
        for file in tmp_path.glob('enas_cnn-0/*/evolution/run-0000.jsonl')
    ]
    assert len(starts) == 2
    assert starts[0] == starts[1]


def sweep(tmp_path, **changes):
    fields = {
        'config': default_benchmark_config(),
        'searchers': ['evolution'],
        'settings': '',
        'instances': ['enas_cnn:0'],
        'seeds': 1,
        'budget': 5,
        'output': tmp_path,
    }
    return run_sweep(Sweep(**{**fields, **changes}), workers=1, console=Console(quiet=True))


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        ({'settings': '[{"evolution.sample": 0}]'}, 'sample is 0'),
        ({'instances': ['nasbench201']}, "no development space 'nasbench201'"),
    ],
)
def test_what_is_wrong_is_said_before_any_run(tmp_path, changes, message):
    with pytest.raises(InputError, match=message):
        sweep(tmp_path, **changes)
    assert not list(tmp_path.iterdir())
