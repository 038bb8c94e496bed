"""Which candidates are trained on their own, and how well their shared scores rank."""

import math

import pytest

from nao_tf.search.events import evaluated_event, proposed_event
from nao_tf.search.history import SEARCH, History, Trial
from nao_tf.search.sharing.candidates import Scored
from nao_tf.search.sharing.ranking import FINALIST, RANKING, measure, select, spread
from nao_tf.searchers.evaluation import Evaluation, Proposal
from nao_tf.spaces.architecture import Architecture

SCORES = [0.3, 0.9, math.nan, 0.5, 0.1, 0.7, 0.6]


def scored(scores=SCORES):
    return [Scored(Proposal(Architecture('s', (place,)), 'random'), score) for place, score in enumerate(scores)]


def history(proposals, alone):
    events = []
    for number, (proposal, score) in enumerate(zip(proposals, alone, strict=True), start=1):
        evaluation = Evaluation(proposal.architecture, score, failure='diverged' if math.isnan(score) else None)
        events += [proposed_event(Trial(number, SEARCH, proposal)), evaluated_event(number, evaluation)]
    return History(events, 's')


def test_takes_the_best_and_places_at_equal_distances():
    chosen = select(scored(), finalists=2, ranked=3)
    assert [(p.architecture.tokens[0], p.origin, p.predicted) for p in chosen] == [
        (1, FINALIST, 0.9),
        (5, FINALIST, 0.7),
        (6, RANKING, 0.6),
        (4, RANKING, 0.1),
    ]
    assert spread(6, 3) == [0, 2, 5]
    assert spread(2, 5) == [0, 1]
    assert spread(0, 5) == []


def test_tau_and_top_by_hand():
    chosen = select(scored(), finalists=1, ranked=6)  # all, in the order .9 .7 .6 .5 .3 .1
    found = measure(scored(), history(chosen, [0.8, 0.5, 0.9, 0.4, 0.2, 0.3]), ranked=6)
    # Discordant of 15 pairs: (.8, .9), (.5, .9), (.2, .3).
    assert found['kendall_tau'] == pytest.approx((12 - 3) / 15)
    assert (found['architectures'], found['top'], found['top_overlap']) == (6, 2, 1)
    assert found['pairs'][0] == {'trial': 1, 'shared': 0.9, 'alone': 0.8}


def test_ties_do_not_count_for_the_shared_scores():
    chosen = select(scored(), finalists=1, ranked=6)
    found = measure(scored(), history(chosen, [0.5, 0.5, 0.5, 0.5, 0.5, 0.9]), ranked=6)
    assert (found['top'], found['top_overlap']) == (2, 0)


def test_leaves_out_what_failed_and_says_nothing_of_too_little():
    chosen = select(scored(), finalists=1, ranked=3)
    found = measure(scored(), history(chosen, [0.8, math.nan, 0.1]), ranked=3)
    assert (found['architectures'], found['kendall_tau']) == (2, pytest.approx(1.0))
    assert measure(scored(), history(chosen, [0.8, math.nan, math.nan]), ranked=3) is None
    equal = measure(scored(), history(chosen, [0.5, 0.5, 0.5]), ranked=3)
    assert equal['kendall_tau'] is None
