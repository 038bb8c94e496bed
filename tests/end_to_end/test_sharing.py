"""A weight-sharing search from the command line: what it prints and leaves, killed and continued, bad input."""

import json
import signal
import time

import numpy as np
import pytest

from nao_tf import cli
from tests.end_to_end.conftest import nao, nao_here, trials
from tests.support.forks import Fork

pytestmark = pytest.mark.slow

SHARED = (
    '--config=configs/digits_ws.py',
    '--config.threads=1',
    '--config.space.module=tests/end_to_end/data/one_node.py',
    '--config.sharing.filters=2',
    '--config.sharing.epochs=2',
    '--config.sharing.batch_size=128',
    '--config.sharing.finalists=1',
    '--config.sharing.ranked=3',
    '--config.searcher.name=reinforce',
    '--config.searcher.reinforce.batch=4',
    '--config.searcher.reinforce.hidden=8',
    '--config.searcher.initial=9',
    '--config.searcher.rounds=1',
    '--config.searcher.per_round=8',
    '--config.child.filters=2',
    '--config.child.epochs=1',
    '--config.child.batch_size=128',
)


@pytest.fixture(scope='module')
def shared(tmp_path_factory):
    """The work directory of a finished search, and what the command printed."""
    workdir = tmp_path_factory.mktemp('shared') / 'run'
    result = nao('search', *SHARED, f'--workdir={workdir}')
    assert result.returncode == 0, result.stderr
    return workdir, result


def content(workdir):
    """Everything in the checkpoint of a work directory but the times."""
    with np.load(workdir / 'sharing.npz') as arrays:
        about = json.loads(arrays['about'].tobytes())
        del about['state']['seconds']
        return about, {name: arrays[name] for name in arrays.files if name != 'about'}


def test_prints_and_leaves_the_ranking(shared):
    workdir, result = shared
    assert result.stderr == ''
    lines = result.stdout.splitlines()
    assert [line[:12] for line in lines if line.startswith('epoch ')] == [f'epoch {n} of 4' for n in range(1, 5)]
    assert sum(line.startswith('round ') for line in lines) == 2
    assert 'Kendall tau' in result.stdout
    summary = json.loads((workdir / 'summary.json').read_text())
    ranking = summary['sharing']['ranking']
    assert ranking['architectures'] == len(ranking['pairs']) == 3
    scores = {number: row[6] for number, row in trials(workdir).items()}
    assert len(scores) == 3  # the finalist is the first of those that measure the ranking
    assert [pair['alone'] for pair in ranking['pairs']] == [scores[pair['trial']] for pair in ranking['pairs']]
    assert [row['scored'] for row in summary['sharing']['rounds']] == [8, 9]
    assert summary['best']['score'] == max(scores.values())
    assert (workdir / 'best_model.keras').exists()


def test_killed_in_the_training_it_ends_the_same_to_the_bit(shared, tmp_path):
    workdir = tmp_path / 'run'
    process = Fork('nao_tf.cli', 'search', *SHARED, f'--workdir={workdir}')
    while process.poll() is None and '\nepoch 3 of 4' not in process.output:
        time.sleep(0.02)
    process.kill()
    assert process.wait() == -signal.SIGKILL
    assert not (workdir / 'trials.jsonl').exists()
    status = nao_here('status', f'--workdir={workdir}')
    assert 'shared weights: 2 of 4 epochs trained, 1 of 2 rounds scored' in status.stdout
    result = nao('search', *SHARED, f'--workdir={workdir}')
    assert result.returncode == 0, result.stderr
    assert 'continuing: 2 of 4 epochs' in result.stdout
    (about, arrays), (expected, values) = content(workdir), content(shared[0])
    assert about == expected
    for name, value in values.items():
        np.testing.assert_array_equal(arrays[name], value)
    assert trials(workdir) == trials(shared[0])
    assert ranking_of(workdir) == ranking_of(shared[0])


def ranking_of(workdir):
    return json.loads((workdir / 'summary.json').read_text())['sharing']['ranking']


def test_what_does_not_fit_is_one_line(tmp_path, capsys):
    """Before anything is written."""
    workdir = tmp_path / 'run'
    wrong = (*SHARED, '--config.threads=0', '--config.searcher.name=evolution', f'--workdir={workdir}')
    assert cli.main(['nao', 'search', *wrong]) == 2
    error = capsys.readouterr().err
    assert error.count('\n') == 1
    assert 'searcher.per_round=8 and sharing.fresh=5' in error
    assert not workdir.exists()
