"""The Pareto front: what belongs to it, what is kept of it, and what the searcher maximises under it."""

import dataclasses
import json
import math
import types

import numpy as np
import pytest

from nao_tf.errors import InputError
from nao_tf.search.config import default_config
from nao_tf.search.costs import Costs
from nao_tf.search.events import evaluated_event, proposed_event
from nao_tf.search.front import Front
from nao_tf.search.history import History, Trial
from nao_tf.search.keeper import BestChildren
from nao_tf.searchers.evaluation import Evaluation, Proposal
from nao_tf.searchers.evolution import Evolution
from nao_tf.searchers.weighted_product import WeightedProduct
from nao_tf.spaces.registry import get_space

SPACE = get_space('enas_cnn')
# arm, cost, score
ROWS = [
    ('search', 300, 0.6),
    ('search', 200, 0.6),  # as good for less
    ('baseline', 100, 0.3),
    ('search', 400, 0.5),
    ('search', 400, 0.9),
    ('search', 150, math.nan),
    ('warm', 50, 0.99),  # its weights are elsewhere
]


@pytest.fixture
def cells():
    rng = np.random.default_rng(0)
    return [SPACE.canonical(SPACE.sample(rng)) for _ in ROWS]


@pytest.fixture
def front(cells):
    costs = {cell: row[1] for cell, row in zip(cells, ROWS, strict=True)}
    return Front('params', costs.__getitem__, 0.07)


def trials_of(cells):
    return [
        Trial(number, arm, Proposal(cell, 'random', 1), Evaluation(cell, score, {'accuracy': score}, 1.0, cost))
        for number, (cell, (arm, cost, score)) in enumerate(zip(cells, ROWS, strict=True), start=1)
    ]


def history_of(trials):
    events = [{'event': 'session', 'time': 0}]
    for trial in trials:
        events += [proposed_event(trial), evaluated_event(trial.id, trial.evaluation)]
    return History(events, SPACE.name)


def test_by_hand(cells, front):
    history = history_of(trials_of(cells))
    assert [trial.id for trial in front.trials(history)] == [3, 2, 5]
    found = front.summary(history, SPACE, {2: 'children/trial_00002.keras'})
    assert [(row['cost'], row['score'], row['model']) for row in found['trials']] == [
        (100, 0.3, None),
        (200, 0.6, 'children/trial_00002.keras'),
        (400, 0.9, None),
    ]
    assert json.loads(json.dumps(found))['unit'] == 'parameters'
    assert [front.floor(trial, history) for trial in trials_of(cells)] == [0.6, 0.6, 0.3, 0.9, 0.9, 0.3, -math.inf]


def test_kept_trial_by_trial_it_is_that_of_all(cells):
    rng = np.random.default_rng(0)
    space_cells = [SPACE.canonical(SPACE.sample(rng)) for _ in range(60)]
    costs = {cell: int(rng.integers(1, 12)) for cell in space_cells}
    history, front = History([{'event': 'session', 'time': 0}], SPACE.name), Front('params', costs.__getitem__, 0.07)
    numbers = rng.permutation(60) + 1
    for number, cell in zip(numbers.tolist(), space_cells, strict=True):
        score = float(rng.integers(1, 12)) / 12
        trial = Trial(number, 'search', Proposal(cell, 'random', 1), Evaluation(cell, score, {}, 1.0, 1))
        whole = Front('params', costs.__getitem__, 0.07)
        assert [t.id for t in front.trials(history, trial)] == [t.id for t in whole.trials(history, trial)]
        for event in (proposed_event(trial), evaluated_event(number, trial.evaluation)):
            history.apply(event)
        assert [t.id for t in front.trials(history)] == [t.id for t in whole.trials(history)]
    assert len(front.trials(history)) > 1


def test_what_has_no_cost_is_not_of_the_front_and_has_failed_for_the_searcher(cells):
    costs = dict(zip(cells, (1.0, math.inf, 2.0), strict=False))
    trials = [
        Trial(number, 'search', Proposal(cell, 'random', 1), Evaluation(cell, score, {}, 1.0, 1))
        for number, (cell, score) in enumerate(zip(costs, (0.5, 0.9, 0.4), strict=True), start=1)
    ]
    front = Front('latency_ms', costs.__getitem__, 0.07)
    history = history_of(trials)
    assert [trial.id for trial in front.trials(history)] == [1]
    assert front.floor(trials[1], history) == math.inf
    searcher = front.searcher(Evolution(SPACE, seed=0))
    searcher.observe([trial.evaluation for trial in trials])
    assert [found.failed for found in searcher.inner.evaluations] == [False, True, False]
    assert math.isnan(searcher.score_of(cells[1], 0.9))


class Saver:
    def save(self, path):
        path.parent.mkdir(exist_ok=True)
        path.touch()


@pytest.mark.parametrize('order', [range(6), reversed(range(6)), (3, 1, 4, 0, 2, 5)])
def test_the_models_of_the_front_are_kept_whatever_the_order(cells, front, tmp_path, order):
    keeper = BestChildren(tmp_path / 'children', Saver(), None, front)
    trials, ended = trials_of(cells), []
    for index in order:
        trial = trials[index]
        history = history_of(ended)
        waiting = dataclasses.replace(trial, evaluation=None)
        if trial.finished:
            if keeper.floor(waiting, history) <= trial.score:
                keeper.keep(waiting, trial.evaluation, history)
            ended.append(trial)
        keeper.tidy(history_of(ended))
    history = history_of(ended)
    kept = {path.name for path in keeper.folder.iterdir()}
    assert kept == {'trial_00003.keras', 'trial_00002.keras', 'trial_00005.keras'}
    assert keeper.front_models(history)[2] == 'children/trial_00002.keras'


def test_wrong_values_are_named():
    child = types.SimpleNamespace(parameters=len, multiply_adds=len)

    def front_of(on='enas_cnn', **fields):
        config = default_config()
        config.objective = 'pareto'
        config.update(fields)
        return Front.of(config, get_space(on), Costs(child))

    assert front_of(objective='score') is None
    for fields, message in (
        ({'objective': 'front'}, "objective is 'front'; it is one of score, pareto"),
        ({'pareto': {'cost': 'size'}}, "pareto.cost is 'size'; it is one of params, flops, latency_ms"),
        ({'pareto': {'exponent': 0.0}}, 'pareto.exponent is 0.0; it must be above 0'),
        ({'on': 'nao_rnn'}, "pareto.cost is 'params', which is the same for all cells of space nao_rnn"),
    ):
        with pytest.raises(InputError, match=message):
            front_of(**fields)


class Guessing(Evolution):
    """Predicts for every child what it knows of the parent."""

    def _propose(self, count):
        return [
            dataclasses.replace(proposal, predicted=None if proposal.parent is None else self.score(proposal.parent))
            for proposal in super()._propose(count)
        ]


def weighted(seed=0):
    return WeightedProduct(Guessing(SPACE, population=4, sample=2, batch=3, seed=seed), cost, 0.5)


def cost(cell):
    return 1 + sum(cell.tokens)


def answer(proposals):
    return [Evaluation(p.architecture, math.sin(sum(p.architecture.tokens[::3]))) for p in proposals]


def drive(searcher, rounds):
    log = []
    for _ in range(rounds):
        proposals = searcher.propose(searcher.round_size)
        log.append((proposals, searcher.draws))
        searcher.observe(answer(proposals))
    return log


def test_the_searcher_maximises_the_product_and_speaks_of_scores():
    searcher = weighted()
    log = drive(searcher, 4)
    for seen in searcher.inner.evaluations:
        (real,) = answer([Proposal(seen.architecture, '')])
        factor = cost(seen.architecture) ** -0.5
        assert seen.score == pytest.approx(real.score * factor if real.score > 0 else real.score / factor)
        assert searcher.score_of(seen.architecture, seen.score) == pytest.approx(real.score)
    predicted = [proposal for proposals, _ in log for proposal in proposals if proposal.predicted is not None]
    assert predicted
    for proposal in predicted:
        inner = searcher.inner.score(proposal.parent)
        assert searcher.value(proposal.architecture, proposal.predicted) == pytest.approx(inner)
    # The same score at less cost is worth more, also below 0.
    assert np.all(np.diff([searcher.value(cell, 0.5) for cell in by_cost(searcher)]) < 0)
    assert np.all(np.diff([searcher.value(cell, -0.5) for cell in by_cost(searcher)]) < 0)


def test_what_it_tells_are_scores_as_they_are():
    searcher = weighted()
    drive(searcher, 4)
    loaded = weighted()
    loaded.load_state_dict(json.loads(json.dumps(searcher.state_dict())))
    for one in (searcher, loaded):
        cells, scores = one.pool()
        real = [found.score for found in answer([Proposal(cell, '') for cell in cells])]
        assert scores.tolist() == real == [found.score for found in one.evaluations]
        assert [one.score(cell) for cell in cells] == real
        assert one.best(2) == [cells[index] for index in np.argsort(-scores)[:2]]
        assert one.known == set(cells)
    assert searcher.best(12) != searcher.inner.best(12)


def by_cost(searcher):
    return list({cost(cell): cell for cell in sorted(searcher.known, key=cost)}.values())


def test_deterministic_replayed_and_loaded():
    whole, replayed, loaded = weighted(), weighted(), weighted()
    log = drive(whole, 3)
    for proposals, draws in log:
        replayed.adopt(proposals, draws)
        replayed.observe(answer(proposals))
    loaded.load_state_dict(json.loads(json.dumps(whole.state_dict())))
    assert drive(weighted(), 3) == log
    expected = drive(whole, 2)
    assert drive(replayed, 2) == expected
    assert drive(loaded, 2) == expected


def test_a_failure_stays_one():
    searcher = weighted()
    (proposal,) = searcher.propose(1)
    searcher.observe([Evaluation(proposal.architecture, math.nan, failure='diverged')])
    assert searcher.inner.evaluations[0].failed
