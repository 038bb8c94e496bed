"""KerasTuner's own ways: a process that is killed and started again; a chief and two workers on loopback."""

import json
import signal
import socket

import keras_tuner
import pytest

from tests.support.forks import Fork
from tests.tuner.black_box import make_tuner, proposed


def start(*arguments, **variables):
    return Fork('tests.tuner.black_box', *arguments, OMP_NUM_THREADS='1', **variables)


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


def ended(trial, status='COMPLETED'):
    """The trial as a worker reports it: a copy that came over the network."""
    copy = keras_tuner.engine.trial.Trial.from_state(trial.get_state())
    copy.status = status
    return copy


@pytest.fixture
def continued(tmp_path):
    """A chief that was killed while two workers ran a trial each, started again; and the two trials."""
    tuner = make_tuner(tmp_path, 'random')
    trials = [tuner.oracle.create_trial(name) for name in ('one', 'two')]
    return make_tuner(tmp_path, 'random').oracle, trials


def test_a_trial_that_a_worker_reports_to_a_new_chief_is_not_run_again(continued):
    oracle, (first, second) = continued
    oracle.reload()
    for trial in (first, second):
        oracle.update_trial(trial.trial_id, {'score': 1.0})
        oracle.end_trial(ended(trial))
    assert oracle.end_order == ['00', '01']
    assert oracle.create_trial('one').trial_id == '02'


def test_a_trial_that_two_workers_run_ends_once(continued):
    oracle, (first, second) = continued
    given = [oracle.create_trial(name) for name in ('three', 'four')]
    assert {trial.trial_id for trial in given} == {'00', '01'}
    for score, trial in ((1.0, first), (2.0, given[0]), (3.0, given[1]), (4.0, second)):
        oracle.update_trial(trial.trial_id, {'score': score})
        oracle.end_trial(ended(trial))
    assert sorted(oracle.end_order) == ['00', '01']
    assert sorted(trial.score for trial in oracle.trials.values()) == [1.0, 2.0 if given[0].trial_id == '01' else 3.0]
    assert {oracle.create_trial(name).trial_id for name in ('three', 'four')} == {'02', '03'}


def test_a_chief_that_was_killed_does_not_believe_the_first_failure(continued, monkeypatch):
    oracle, (first, _) = continued
    for name, value in (('ORACLE_IP', '127.0.0.1'), ('ORACLE_PORT', '1'), ('TUNER_ID', 'chief')):
        monkeypatch.setenv(f'KERASTUNER_{name}', value)
    oracle.reload()
    oracle.end_trial(ended(first, 'INVALID'))  # its worker could not reach the chief
    assert oracle.end_order == []
    assert {oracle.create_trial(name).trial_id for name in ('one', 'two')} == {'00', '01'}
    oracle.end_trial(ended(first, 'INVALID'))
    assert oracle.end_order == []
    oracle.end_trial(ended(first, 'INVALID'))
    assert oracle.end_order == ['00']
    assert oracle.trials['00'].status == 'FAILED'


def test_a_chief_and_two_workers(tmp_path):
    with socket.socket() as free:
        free.bind(('127.0.0.1', 0))
        port = free.getsockname()[1]
    shared = {'KERASTUNER_ORACLE_IP': '127.0.0.1', 'KERASTUNER_ORACLE_PORT': str(port)}
    processes = [
        start(tmp_path, 'nao', 'seconds=0.3', KERASTUNER_TUNER_ID=name, **shared) for name in ('chief', 'one', 'two')
    ]
    try:
        outputs = [process.communicate(timeout=300) for process in processes]
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
