"""The loop on a search whose children cost nothing: order, failures, stops, and that nothing is done twice."""

import hashlib
import math

import pytest

from nao_tf.evaluators.base import Evaluator
from nao_tf.search.executor import InProcess, OutOfTime
from nao_tf.search.history import BASELINE, SEARCH
from nao_tf.search.journal import Journal
from nao_tf.search.loop import SearchLoop, start_evaluations
from nao_tf.searchers.base import Searcher
from nao_tf.searchers.evaluation import Evaluation, Proposal
from nao_tf.searchers.random import RandomSearch
from nao_tf.spaces.conv_cell import ConvCellSpace
from nao_tf.spaces.registry import get_space

SPACE = get_space('enas_cnn')


class Silent:
    """An observer that keeps the warnings."""

    def __init__(self):
        self.warnings = []

    def proposing(self, arm, number):
        pass

    def started(self, trial):
        pass

    def ended(self, trial, history):
        pass

    def warn(self, message):
        self.warnings.append(message)


class Hashed(Evaluator):
    """Scores an architecture by a hash of it, and counts what it was asked for."""

    def __init__(self, stop_after=None, error=None):
        self.asked = []
        self.stop_after = stop_after
        self.error = error

    def evaluate(self, architecture):
        if self.stop_after is not None and len(self.asked) == self.stop_after:
            raise self.error
        self.asked.append(architecture)
        digest = hashlib.sha256(str(architecture).encode()).digest()
        return Evaluation(architecture, digest[0] / 255, metrics={'accuracy': digest[0] / 255}, seconds=0.01)


class Climber(RandomSearch):
    """Learns from what it observes: proposes mutations of its best cell, in rounds of four."""

    @property
    def round_size(self):
        return 4

    def _propose(self, count):
        if not self.evaluations:
            return super()._propose(count)
        best = max((e for e in self.evaluations if not e.failed), key=lambda e: (e.score, e.architecture))
        proposals, taken, rng = [], set(), self.rng()
        while len(proposals) < count:
            child = self.space.canonical(self.space.mutate(best.architecture, rng))
            if child not in self.known and child not in taken:
                taken.add(child)
                proposals.append(Proposal(child, 'mutation', len(self.evaluations) // 4, best.score, best.architecture))
        return proposals


def make_loop(folder, evaluator, **options):
    journal = Journal(folder / 'trials.jsonl')
    loop = SearchLoop(journal, SPACE.name, executor=InProcess(evaluator), observer=Silent(), **options)
    return loop


def outcome(history):
    rows = [(t.id, t.arm, t.batch, t.proposal, t.score, t.reused) for t in history.trials.values()]
    return sorted(rows, key=lambda row: row[0])


@pytest.fixture(scope='module')
def whole(tmp_path_factory):
    """An uninterrupted run of 12 cells."""
    loop = make_loop(tmp_path_factory.mktemp('whole'), Hashed())
    loop.run_arm(SEARCH, Climber(SPACE, seed=3), 12)
    return outcome(loop.history)


def test_reaches_the_budget_once(tmp_path):
    evaluator = Hashed()
    loop = make_loop(tmp_path, evaluator)
    loop.run_arm(SEARCH, Climber(SPACE, seed=3), 12)
    assert len(loop.history.trials) == loop.history.ended == 12
    assert len(set(evaluator.asked)) == len(evaluator.asked) == 12
    assert loop.history.best().score == max(t.score for t in loop.history.trials.values())


@pytest.mark.parametrize('stop', range(12))
def test_interrupted_anywhere_ends_the_same(tmp_path, whole, stop):
    first = make_loop(tmp_path, Hashed(stop, KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        first.run_arm(SEARCH, Climber(SPACE, seed=3), 12)
    first.journal.close()
    evaluator = Hashed()
    second = make_loop(tmp_path, evaluator)
    second.run_arm(SEARCH, Climber(SPACE, seed=3), 12)
    assert outcome(second.history) == whole
    assert len(evaluator.asked) == 12 - stop
    assert all(trial.attempts == 1 for trial in second.history.trials.values())


def test_cut_at_any_byte_ends_the_same(tmp_path, whole):
    loop = make_loop(tmp_path, Hashed())
    loop.run_arm(SEARCH, Climber(SPACE, seed=3), 12)
    loop.journal.close()
    content = (tmp_path / 'trials.jsonl').read_bytes()
    for cut in range(0, len(content), 211):
        folder = tmp_path / f'cut{cut}'
        folder.mkdir()
        (folder / 'trials.jsonl').write_bytes(content[:cut])
        again = make_loop(folder, Hashed())
        again.run_arm(SEARCH, Climber(SPACE, seed=3), 12)
        assert outcome(again.history) == whole
        assert not [w for w in again.observer.warnings if 'differ' in w]


def test_any_damaged_line_costs_only_what_it_recorded(tmp_path, whole):
    loop = make_loop(tmp_path, Hashed())
    loop.run_arm(SEARCH, Climber(SPACE, seed=3), 12)
    loop.journal.close()
    lines = (tmp_path / 'trials.jsonl').read_text().splitlines(keepends=True)
    for number, line in enumerate(lines):
        folder = tmp_path / f'line{number}'
        folder.mkdir()
        damaged = [*lines[:number], line.replace('e', 'f', 1), *lines[number + 1 :]]
        (folder / 'trials.jsonl').write_text(''.join(damaged))
        evaluator = Hashed()
        again = make_loop(folder, evaluator)
        again.run_arm(SEARCH, Climber(SPACE, seed=3), 12)
        assert outcome(again.history) == whole, line
        assert len(evaluator.asked) == ('"finished"' in line)
        assert f':{number + 1} is damaged' in again.observer.warnings[0]


def test_failures_are_trials(tmp_path):
    class Bad(Hashed):
        def evaluate(self, architecture):
            evaluation = super().evaluate(architecture)
            if len(self.asked) == 2:
                raise RuntimeError('out of\nluck')
            if len(self.asked) == 3:
                return Evaluation(architecture, math.inf)
            return evaluation

    loop = make_loop(tmp_path, Bad())
    loop.run_arm(SEARCH, Climber(SPACE, seed=3), 8)
    failed = [t for t in loop.history.trials.values() if t.evaluation.failed]
    assert [t.evaluation.failure for t in failed] == ['RuntimeError: out of luck', 'the score is inf']
    assert loop.history.ended == 8
    reread = make_loop(tmp_path, Hashed())
    assert [t.evaluation.failure for t in reread.history.trials.values() if t.evaluation.failed] == [
        'RuntimeError: out of luck',
        'the score is inf',
    ]


def test_an_end_of_another_proposal_is_not_taken(tmp_path):
    loop = make_loop(tmp_path, Hashed())
    loop.run_arm(SEARCH, Climber(SPACE, seed=3), 4)
    loop.journal.close()
    path = tmp_path / 'trials.jsonl'
    lines = path.read_text().splitlines(keepends=True)
    path.write_text(''.join(line for line in lines if '"proposed"' not in line and '"batch"' not in line))
    again = make_loop(tmp_path, Hashed())
    again.run_arm(SEARCH, Climber(SPACE, seed=4), 4)  # as when proposals cannot be repeated
    score = Hashed().evaluate
    for trial in again.history.trials.values():
        assert trial.score == score(trial.proposal.architecture).score


def test_out_of_time_stops_before_a_child(tmp_path, whole):
    loop = make_loop(tmp_path, Hashed(), max_seconds=0.0)
    with pytest.raises(OutOfTime):
        loop.run_arm(SEARCH, Climber(SPACE, seed=3), 12)
    loop.journal.close()
    again = make_loop(tmp_path, Hashed())
    again.run_arm(SEARCH, Climber(SPACE, seed=3), 12)
    assert outcome(again.history) == whole


def test_extension_continues(tmp_path, whole):
    loop = make_loop(tmp_path, Hashed())
    loop.run_arm(SEARCH, Climber(SPACE, seed=3), 8)
    loop.journal.close()
    evaluator = Hashed()
    again = make_loop(tmp_path, evaluator)
    again.run_arm(SEARCH, Climber(SPACE, seed=3), 12)
    assert outcome(again.history) == whole
    assert len(evaluator.asked) == 4


def test_arms_share_the_start_and_reuse_results(tmp_path):
    class Echo(Searcher):
        """Proposes what the search arm has evaluated already."""

        cells: tuple = ()

        @property
        def round_size(self):
            return 2

        def _propose(self, count):
            return [Proposal(cell, 'echo') for cell in self.cells[:count]]

    evaluator = Hashed()
    loop = make_loop(tmp_path, evaluator)
    loop.run_arm(SEARCH, Climber(SPACE, seed=3), 8)
    start = start_evaluations(loop.history)
    assert len(start) == 4
    own = [t for t in loop.history.of_arm(SEARCH) if not t.shared]
    echo = Echo(SPACE)
    echo.observe(start)
    echo.cells = tuple(t.proposal.architecture for t in own[:2])
    loop.run_arm(BASELINE, echo, 2)
    assert len(evaluator.asked) == 8
    assert [t.reused for t in loop.history.of_arm(BASELINE)] == [own[0].id, own[1].id]
    assert [t.score for t in loop.history.of_arm(BASELINE)] == [own[0].score, own[1].score]


class Few(RandomSearch):
    """Finds three cells and no more."""

    def _propose(self, count):
        return super()._propose(min(count, 3 - len(self.known)))


def test_exhausted_space_ends_clearly(tmp_path):
    space = ConvCellSpace('tiny', operations=('identity', 'max_pool 3x3', 'conv 1x1'), nodes=1)
    loop = make_loop(tmp_path, Hashed())
    loop.run_arm(SEARCH, Few(space, evaluations=10), 10)
    assert loop.history.ended == 3
    assert loop.observer.warnings == ['the space is exhausted: 3 of 10 cells of the search arm exist']
    assert loop.history.exhausted == {SEARCH}


def test_a_large_space_is_not_said_to_be_exhausted(tmp_path):
    loop = make_loop(tmp_path, Hashed())
    loop.run_arm(SEARCH, Few(SPACE, evaluations=10), 10)
    assert loop.observer.warnings == ['the searcher of the search arm found no new cell after 3 of 10; the arm ends']
    assert not loop.history.exhausted
    loop.run_arm(SEARCH, Climber(SPACE, seed=3), 10)
    assert loop.history.ended == 10
