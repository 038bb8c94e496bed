"""Attempts of a trial: which count, and when a trial is given up."""

import math
import os
import signal

import pytest
import tensorflow as tf

from nao_tf.errors import InputError
from nao_tf.search.history import SEARCH
from nao_tf.search.journal import Journal
from nao_tf.search.together import Together
from tests.search.test_loop import SPACE, Climber, Hashed, make_loop, outcome


@pytest.mark.parametrize('written', [True, False])
def test_interrupted_as_a_start_is_recorded(tmp_path, tmp_path_factory, monkeypatch, written):
    whole = make_loop(tmp_path_factory.mktemp('whole'), Hashed())
    whole.run_arm(SEARCH, Climber(SPACE, seed=3), 12)
    append = Journal.append

    def interrupted(journal, events):
        if [event['event'] for event in events] != ['started']:
            return append(journal, events)
        if written:
            append(journal, events)
        raise KeyboardInterrupt

    loop = make_loop(tmp_path, Hashed())
    with monkeypatch.context() as patch:
        patch.setattr(Journal, 'append', interrupted)
        with pytest.raises(KeyboardInterrupt):
            loop.run_arm(SEARCH, Climber(SPACE, seed=3), 12)
    loop.journal.close()
    again = make_loop(tmp_path, Hashed())
    assert [trial.attempts for trial in again.history.trials.values()] == [0] * len(again.history.trials)
    again.run_arm(SEARCH, Climber(SPACE, seed=3), 12)
    assert outcome(again.history) == outcome(whole.history)


def test_ctrl_c_that_c_code_makes_another_error_of_is_no_failure(tmp_path, tmp_path_factory):
    class Swallowing(Hashed):
        def evaluate(self, architecture):
            if len(self.asked) == 3:
                try:
                    os.kill(os.getpid(), signal.SIGINT)
                except KeyboardInterrupt:
                    raise SystemError('bad argument to internal function') from None
            return super().evaluate(architecture)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        loop = make_loop(tmp_path, Swallowing())
        with pytest.raises(KeyboardInterrupt):
            loop.run_arm(SEARCH, Climber(SPACE, seed=3), 12)
    finally:
        signal.signal(signal.SIGINT, before)
    loop.journal.close()
    again = make_loop(tmp_path, Hashed())
    ended = [trial.evaluation is not None for trial in again.history.trials.values()]
    assert ended == [True, True, True, False]
    assert [trial.attempts for trial in again.history.trials.values() if trial.evaluation is None] == [0]
    again.run_arm(SEARCH, Climber(SPACE, seed=3), 12)
    whole = make_loop(tmp_path_factory.mktemp('whole'), Hashed())
    whole.run_arm(SEARCH, Climber(SPACE, seed=3), 12)
    assert outcome(again.history) == outcome(whole.history)


def test_a_trial_that_kills_the_process_becomes_a_failure(tmp_path):
    class Killed(BaseException):
        """Stands for the end of the process: nothing after it runs."""

    for attempts in (1, 2, 3):
        loop = make_loop(tmp_path, Hashed(0, Killed()))
        with pytest.raises(Killed):
            loop.run_arm(SEARCH, Climber(SPACE, seed=3), 4)
        loop.journal.close()
        assert loop.history.trials[1].attempts == attempts
    loop = make_loop(tmp_path, Hashed(), max_attempts=3)
    loop.run_arm(SEARCH, Climber(SPACE, seed=3), 4)
    assert loop.history.trials[1].evaluation.failure == 'the process died in each of 3 attempts'
    assert [trial.finished for trial in loop.history.trials.values()] == [False, True, True, True]


class Reached:
    """A keeper of children of which one has come so far."""

    def __init__(self, position):
        self.position = position

    def floor(self, trial, history):
        return math.inf

    def keep(self, trial, evaluation, history):
        pass

    def tidy(self, history):
        pass

    def reached(self, trial):
        return self.position


def test_an_attempt_that_came_further_is_the_first_of_its_place(tmp_path):
    class Killed(BaseException):
        """Stands for the end of the process: nothing after it runs."""

    found = []
    for position in (None, 5, 5, 7, 7, 7):
        loop = make_loop(tmp_path, Hashed(0, Killed()), max_attempts=3)
        loop.keeper = Reached(position)
        with pytest.raises(Killed):
            loop.run_arm(SEARCH, Climber(SPACE, seed=3), 4)
        loop.journal.close()
        found.append(loop.history.trials[1].attempts)
    assert found == [1, 1, 2, 1, 2, 3]
    loop = make_loop(tmp_path, Hashed(), max_attempts=3)
    loop.keeper = Reached(7)
    loop.run_arm(SEARCH, Climber(SPACE, seed=3), 4)
    assert loop.history.trials[1].evaluation.failure == 'the process died in each of 3 attempts'


def test_a_child_that_ends_all_of_its_processes_is_passed(tmp_path):
    class Broadcast:
        """To nobody."""

        def send(self, data):
            return data

    class Child(Hashed):
        def evaluate(self, architecture):
            if not self.asked or architecture == self.asked[0]:
                self.asked = [architecture]
                raise tf.errors.ResourceExhaustedError(None, None, 'OOM when allocating')
            return super().evaluate(architecture)

    child = Child()
    for attempts in (1, 2, 3):
        loop = make_loop(tmp_path, child, max_attempts=3)
        loop.executor = Together(child, Broadcast(), {})
        with pytest.raises(
            InputError, match=r'failed \(ResourceExhaustedError: OOM when allocating\); start all'
        ) as error:
            loop.run_arm(SEARCH, Climber(SPACE, seed=3), 4)
        assert '\n' not in str(error.value)
        loop.journal.close()
        assert loop.history.trials[1].attempts == attempts
    loop = make_loop(tmp_path, child, max_attempts=3)
    loop.executor = Together(child, Broadcast(), {})
    loop.run_arm(SEARCH, Climber(SPACE, seed=3), 4)
    assert [trial.finished for trial in loop.history.trials.values()] == [False, True, True, True]
