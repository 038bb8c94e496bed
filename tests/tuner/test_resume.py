"""KerasTuner's own ways: a process that is killed and started again; a chief and two workers on loopback."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.tuner.black_box import make_tuner, proposed

PROGRAM = Path(__file__).parent / 'black_box.py'
ROOT = PROGRAM.parents[2]


def start(*arguments, **variables):
    environment = os.environ | {'PYTHONPATH': str(ROOT), 'OMP_NUM_THREADS': '1'} | variables
    return subprocess.Popen([sys.executable, str(PROGRAM), *map(str, arguments)], env=environment,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)  # fmt: skip


@pytest.fixture(scope='module')
def whole(tmp_path_factory):
    tuner = make_tuner(tmp_path_factory.mktemp('whole'), 'nao')
    tuner.search(verbose=0)
    return proposed(tuner)


def test_killed_and_started_again_it_proposes_the_same(tmp_path, whole):
    killed = start(tmp_path, 'nao', 'die_after=15')
    killed.communicate(timeout=300)
    assert killed.returncode == -signal.SIGKILL
    tuner = make_tuner(tmp_path, 'nao')
    assert len(tuner.oracle.trials) == 15
    tuner.search(verbose=0)
    assert proposed(tuner) == whole
    assert tuner.begun == 10


@pytest.mark.parametrize('torn', ['trial made, state not', 'trial ended, state not'])
def test_killed_between_the_writes_of_a_trial_and_of_the_state(tmp_path, whole, torn):
    tuner = make_tuner(tmp_path, 'nao')
    project = tmp_path / 'untitled_project'
    states = []
    save = tuner.oracle.save

    def keep():
        save()
        states.append((project / 'oracle.json').read_text())

    tuner.oracle.save = keep
    tuner.oracle.max_trials = 13
    tuner.search(verbose=0)
    state = next(
        text
        for text in states
        if (len(json.loads(text)['start_order']), len(json.loads(text)['end_order']))
        == ((12, 12) if torn.startswith('trial made') else (13, 12))
    )
    (project / 'oracle.json').write_text(state)
    again = make_tuner(tmp_path, 'nao')
    again.search(verbose=0)
    assert proposed(again) == whole
    assert again.begun == (12 if torn.startswith('trial made') else 11)


def test_equal_scores_are_in_the_order_of_the_trials_after_a_reload(tmp_path):
    tuner = make_tuner(tmp_path, 'random')
    tuner.run_trial = lambda trial, **_: {'score': 1.0}
    tuner.search(verbose=0)
    names = [trial.trial_id for trial in tuner.oracle.get_best_trials(24)]
    again = make_tuner(tmp_path, 'random')
    assert [trial.trial_id for trial in again.oracle.get_best_trials(24)] == names == sorted(names)


def test_a_chief_and_two_workers(tmp_path):
    with socket.socket() as free:
        free.bind(('127.0.0.1', 0))
        port = free.getsockname()[1]
    shared = {'KERASTUNER_ORACLE_IP': '127.0.0.1', 'KERASTUNER_ORACLE_PORT': str(port)}
    processes = [
        start(tmp_path, 'nao', 'seconds=0.3', KERASTUNER_TUNER_ID=name, **shared) for name in ('chief', 'one', 'two')
    ]
    try:
        outputs = [process.communicate(timeout=300)[0] for process in processes]
    finally:
        for process in processes:
            process.kill()
    assert [process.returncode for process in processes] == [0, 0, 0], outputs
    project = tmp_path / 'untitled_project'
    state = json.loads((project / 'oracle.json').read_text())
    values = [
        json.loads((project / f'trial_{name}' / 'trial.json').read_text())['hyperparameters']['values']
        for name in state['end_order']
    ]
    assert len(values) == len({json.dumps(value, sort_keys=True) for value in values}) == 24
    assert sum(len(entry['proposed']) for entry in state['nao_tf']['rounds']) >= 24
    assert all((project / f'{name}.json').exists() for name in ('one', 'two'))
