"""A search that is whole but small, through the command line in a fresh process."""

import contextlib
import fcntl
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from nao_tf import cli
from tests.support import forks

ROOT = Path(__file__).resolve().parents[2]
SMALL = (
    '--config=configs/digits.py',
    '--config.space.module=tests/support/tiny_space.py',  # whose networks are traced in no time
    '--config.threads=1',
    '--config.child.filters=2',
    '--config.child.epochs=1',
    '--config.child.batch_size=128',
    '--config.searcher.initial=4',
    '--config.searcher.rounds=1',
    '--config.searcher.per_round=2',
    '--config.searcher.seeds=2',
    '--config.searcher.controller.epochs=5',
    '--config.searcher.controller.least_steps=0',
    '--config.searcher.controller.hidden=16',
    '--config.searcher.controller.embedding=8',
)


def nao(*arguments, timeout=600):
    """Runs `nao` in a process of its own and returns what it printed and its exit code."""
    return forks.finish('nao_tf.cli', *arguments, timeout=timeout)


def nao_from_nothing(*arguments, timeout=600):
    """Runs `nao` in a fresh interpreter, as a person does, and returns the same as `nao`."""
    return subprocess.run(
        [sys.executable, '-m', 'nao_tf.cli', *map(str, arguments)],
        cwd=ROOT, env={**os.environ, 'PYTHONPATH': str(ROOT)}, capture_output=True, text=True, timeout=timeout,
        check=False,
    )  # fmt: skip


def nao_here(*arguments):
    """Runs `nao` in this process, where a fresh one would only cost time, and returns the same as `nao`."""
    output, errors = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(errors):
        code = cli.main(['nao', *map(str, arguments)])
    return subprocess.CompletedProcess(arguments, code, output.getvalue(), errors.getvalue())


def trials(workdir):
    """Returns what a journal says of each trial: architecture, score, round, origin."""
    rows = {}
    for line in (Path(workdir) / 'trials.jsonl').read_text().splitlines():
        event = json.loads(line)
        if event['event'] == 'proposed':
            rows[event['trial']] = [event['tokens'], event['arm'], event['round'], event['origin'], event['predicted']]
        elif event['event'] in ('finished', 'failed'):
            assert len(rows[event['trial']]) == 5, 'a trial ended twice'
            rows[event['trial']] += [event['event'], event['score'], event['metrics'].get('loss')]
    return rows


@pytest.fixture(scope='session')
def finished(tmp_path_factory):
    """The work directory of a finished small search, and what the command printed; made once for all workers."""
    place = tmp_path_factory.getbasetemp()
    if 'PYTEST_XDIST_WORKER' in os.environ:
        place = place.parent
    workdir, printed = place / 'finished' / 'run', place / 'finished.json'
    with (place / 'finished.lock').open('w') as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        if not printed.exists():
            result = nao_from_nothing('search', *SMALL, f'--workdir={workdir}')
            assert result.returncode == 0, result.stderr
            printed.write_text(json.dumps([result.args, result.returncode, result.stdout, result.stderr]))
    return workdir, subprocess.CompletedProcess(*json.loads(printed.read_text()))
