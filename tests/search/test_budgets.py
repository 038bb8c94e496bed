"""How many children each arm trains."""

import numpy as np
import pytest

from nao_tf.search.budgets import arm_budgets, missing_children
from nao_tf.search.events import proposed_event
from nao_tf.search.history import BASELINE, SEARCH, History, Trial
from nao_tf.searchers.evaluation import Proposal
from nao_tf.spaces.registry import get_space

SPACE = get_space('enas_cnn')


def history_of(rounds, *, complete=True, exhausted=False):
    rng = np.random.default_rng(0)
    events = [{'event': 'session', 'time': 0}]
    numbers = list(range(1, len(rounds) + 1))
    for number, place in zip(numbers, rounds, strict=True):
        cell = SPACE.canonical(SPACE.sample(rng))
        events.append(proposed_event(Trial(number, SEARCH, Proposal(cell, 'random', place))))
    if complete:
        batch = {'event': 'batch', 'arm': SEARCH, 'number': 0, 'trials': numbers, 'draws': 1, 'seconds': 0.0}
        events.append(batch)
    if exhausted:
        events.append({'event': 'exhausted', 'arm': SEARCH})
    return History(events, SPACE.name)


def budgets(history, *, warm=0, baseline=True):
    return arm_budgets(history, total=100, initial=60, warm=warm, first=30, baseline=baseline)


def test_before_the_search_the_start_is_what_is_asked_for_first():
    assert budgets(history_of([], complete=False)) == {SEARCH: 100, BASELINE: 70}
    assert budgets(history_of([0] * 5, complete=False)) == {SEARCH: 100, BASELINE: 70}
    assert budgets(history_of([], complete=False), baseline=False) == {SEARCH: 100}


@pytest.mark.parametrize(('start', 'later'), [(60, 40), (20, 80), (0, 100)])
def test_both_arms_add_as_many_to_the_start(start, later):
    assert budgets(history_of([0] * start + [1] * 5)) == {SEARCH: 100, BASELINE: later}


def test_warm_scores_take_the_place_of_the_start():
    assert budgets(history_of([0] * 20 + [1] * 5), warm=40) == {SEARCH: 60, BASELINE: 40}
    assert budgets(history_of([1] * 5), warm=500) == {SEARCH: 40, BASELINE: 40}


def test_an_exhausted_space_leaves_the_random_arm_no_more():
    history = history_of([0] * 4 + [1] * 3, exhausted=True)
    assert budgets(history) == {SEARCH: 100, BASELINE: 3}
    assert missing_children(budgets(history), history) == 3
