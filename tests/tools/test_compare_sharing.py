"""`tools/compare_sharing.py` on the records of the published figures: it prints them again, and trains nothing."""

import pathlib
import shutil

import numpy as np
import pytest

from tests.support import forks

ROOT = pathlib.Path(__file__).parents[2]


MEANS = {
    'ptb': (lambda tests: np.exp(np.log(tests).mean()), '.1f', 'mean of 9 searches: +0.12 (95% -0.08 to +0.33)'),
    'cifar10': (np.mean, '.4g', 'mean of 9 searches: +0.19 (95% +0.03 to +0.34)'),
}


def run(data, output, *arguments):
    program = ('tools/compare_sharing.py', f'--config=configs/{data}_ws_small.py', f'--output={output}')
    return forks.finish(*program, *arguments, timeout=300)


@pytest.fixture
def records(request, tmp_path):
    return shutil.copytree(ROOT / 'docs' / 'measured' / f'sharing_{request.param}', tmp_path / 'records')


@pytest.mark.parametrize(('data', 'records'), [(name, name) for name in MEANS], indirect=['records'])
def test_the_records_give_the_published_figures(data, records):
    before = {file.name for file in records.iterdir()}
    done = run(data, records, '--config.threads=1', '--seeds=3')
    assert done.returncode == 0, done.stderr
    published = (ROOT / 'docs' / 'results.md').read_text()
    rows = {row.split('│')[1].strip(): row for row in done.stdout.splitlines() if row.startswith('│')}
    assert set(rows) == {'NAO-WS', 'Random-WS', 'ENAS', 'NAO, trained children'}
    middle, form, taus = MEANS[data]
    for name, row in rows.items():
        tests, mean, ratio, tau = (part.strip() for part in row.split('│')[3:7])
        assert f'| {name} | {tests} | {float(mean):{form}} | {ratio} | {tau.replace("-, -, -", "-")} |' in published
        assert float(mean) == pytest.approx(middle([float(test) for test in tests.split(', ')]), rel=1e-3)
    assert taus in done.stdout
    assert {file.name for file in records.iterdir()} == before


@pytest.mark.parametrize('records', ['ptb'], indirect=True)
def test_records_of_another_config_are_refused(records):
    done = run('ptb', records, '--config.threads=1', '--config.child.epochs=4')
    assert done.returncode != 0
    assert "holds records of {'child.epochs': 3}, now {'child.epochs': 4}" in done.stderr
