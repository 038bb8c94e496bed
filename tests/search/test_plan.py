"""What a search says before it starts of what it will take."""

import io
import types

import pytest
from rich.console import Console

from nao_tf.search.execution import Execution
from nao_tf.search.history import SEARCH, WARM, History, Trial
from nao_tf.search.plan import describe_children
from nao_tf.searchers.evaluation import Evaluation, Proposal
from nao_tf.spaces.architecture import Architecture
from tests.search.test_loop import SPACE, Hashed, make_loop


class Ended:
    """A loop whose children have ended."""

    def __init__(self, trials):
        self.history = History((), 'space')
        self.history.finished = trials


def trial(number, seconds, arm=SEARCH, reused=None, parameters=1000):
    architecture = Architecture('space', (number,))
    evaluation = Evaluation(architecture, 0.5, seconds=seconds, parameters=parameters)
    return Trial(number, arm, Proposal(architecture, 'random', 0), batch=0, evaluation=evaluation, reused=reused)


@pytest.mark.parametrize(('workers', 'clock'), [(1, '1:20'), (2, '0:40')])
def test_a_search_that_is_continued_reckons_from_its_own_children(workers, clock):
    ended = [
        trial(1, 10.0),
        trial(2, 20.0, parameters=3000),
        trial(3, 90.0),
        trial(4, 0.0, WARM),
        trial(5, 0.0, reused=1),
    ]
    output = io.StringIO()
    # Were a child built to be measured, there would have to be parts.
    describe_children(None, Console(file=output, width=200), 4, Execution('ray', workers), Ended(ended))
    assert output.getvalue() == (
        f'4 children to train, about 20.0 s each (measured on the 3 that were trained): estimated {clock} and the '
        "searcher's own time; 0.0 MB on disk\n"
    )


def test_a_child_that_ends_the_process_as_it_is_measured_does_so_once(tmp_path, monkeypatch):
    class Killed(BaseException):
        """Stands for the end of the process: nothing after it runs."""

    def measure(*arguments):
        raise Killed

    monkeypatch.setattr('nao_tf.search.plan.estimate', measure)
    loop = make_loop(tmp_path, Hashed())
    parts = types.SimpleNamespace(evaluator=None, searched=SPACE)
    with pytest.raises(Killed):
        describe_children(parts, Console(), 4, Execution(), loop)
    loop.journal.close()
    output = io.StringIO()
    describe_children(parts, Console(file=output), 4, Execution(), make_loop(tmp_path, Hashed()))
    assert output.getvalue() == '4 children to train\n'
