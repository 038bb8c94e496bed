"""`tools/compare_sharing.py` on the records of the published figures: it prints them again, and trains nothing."""

import pathlib
import shutil

import numpy as np
import pytest

from tests.support import forks

ROOT = pathlib.Path(__file__).parents[2]


def run(output, *arguments):
    program = ('tools/compare_sharing.py', '--config=configs/ptb_ws_small.py', f'--output={output}')
    return forks.finish(*program, *arguments, timeout=300)


@pytest.fixture
def records(tmp_path):
    return shutil.copytree(ROOT / 'docs' / 'measured' / 'sharing_ptb', tmp_path / 'records')


def test_the_records_give_the_published_figures(records):
    before = {file.name for file in records.iterdir()}
    done = run(records, '--config.threads=1', '--seeds=3')
    assert done.returncode == 0, done.stderr
    published = (ROOT / 'docs' / 'results.md').read_text()
    rows = {row.split('│')[1].strip(): row for row in done.stdout.splitlines() if row.startswith('│')}
    assert list(rows) == ['NAO-WS', 'Random-WS', 'ENAS', 'NAO, trained children']
    for name, row in rows.items():
        tests, mean, ratio = (part.strip() for part in row.split('│')[3:6])
        assert f'| {name} | {tests} | {float(mean):.1f} | {ratio} |' in published
        assert float(mean) == pytest.approx(
            np.exp(np.log([float(test) for test in tests.split(', ')]).mean()), rel=1e-3
        )
    assert 'mean of 9 searches: +0.12 (95% -0.08 to +0.33)' in done.stdout
    assert {file.name for file in records.iterdir()} == before


def test_records_of_another_config_are_refused(records):
    done = run(records, '--config.threads=1', '--config.child.epochs=4')
    assert done.returncode != 0
    assert "holds records of {'child.epochs': 3}, now {'child.epochs': 4}" in done.stderr
