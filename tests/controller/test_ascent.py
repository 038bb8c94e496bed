"""The ascent's rule on a made-up climb: the step grows until the cell is canonically new, then the seed is given up."""

import numpy as np
import pytest

from nao_tf.controller.ascent import Climbed, StepRule, Tries, ascend, drawn_states, moved_states
from nao_tf.spaces.registry import get_space

SPACE = get_space('enas_cnn')
RULE = StepRule(first=10.0, increment=5.0, count=6)


class Climb:
    """Decodes prescribed cells: `table[seed][step]`; the prediction is the step's number in `predictions`."""

    def __init__(self, table, predictions=(0.0,) * 50):
        self.table = table
        self.predictions = np.array(predictions)
        self.calls = []

    def __call__(self, tries):
        self.calls.append(tries)
        tokens = [self.table[seed][step].tokens for seed, step in zip(tries.seeds, tries.steps, strict=True)]
        rows = len(tokens)
        return Climbed(np.array(tokens), np.zeros(rows), np.ones(rows), self.predictions[tries.steps])


def run(parents, climb, *, rule=RULE, known=frozenset(), per_parent=1, rows=1):
    return ascend(SPACE, parents, climb=climb, rule=rule, known=known, per_parent=per_parent, rows=rows)


@pytest.fixture
def cells(rng):
    return [SPACE.canonical(SPACE.sample(rng)) for _ in range(40)]


def test_the_step_grows_until_the_cell_is_new(cells):
    parent = cells[0]
    twin = next(SPACE.symmetries(parent))  # other tokens, the same cell
    climb = Climb([[parent, twin, cells[1], *cells[2:5]]])
    (ascent,) = run([parent], climb, known={parent})
    assert ascent.architecture == cells[1]
    assert (ascent.step_size, ascent.steps) == (20.0, 3)
    assert (ascent.parent, ascent.before, ascent.after) == (parent, 0.0, 1.0)


def test_what_is_found_is_canonical_and_found_once(cells):
    twin = next(SPACE.symmetries(cells[2]))
    climb = Climb([[cells[2]] * 6, [twin, twin, cells[3], *cells[4:7]]])
    first, second = run(cells[:2], climb)
    assert (first.architecture, second.architecture) == (cells[2], cells[3])
    assert second.steps == 3


def test_a_seed_is_given_up_after_max_steps(cells):
    parent = cells[0]
    climb = Climb([[parent] * 6])
    (ascent,) = run([parent], climb, known={parent})
    assert ascent.architecture is None
    assert (ascent.step_size, ascent.steps) == (35.0, 6)


def test_known_may_be_a_function(cells):
    climb = Climb([cells[1:8]])
    (ascent,) = run(cells[:1], climb, known=lambda architecture: architecture in cells[:4])
    assert ascent.architecture == cells[4]


@pytest.mark.parametrize('rows', [1, 3, 100])
def test_looking_ahead_changes_nothing(cells, rows):
    table = [[cells[5], cells[6], cells[0], *cells[7:10]], [cells[0]] * 6, [cells[6], cells[5], *cells[11:15]]]
    expected = run(cells[:3], Climb(table), known=set(cells[:3]), rows=1)
    assert run(cells[:3], Climb(table), known=set(cells[:3]), rows=rows) == expected
    assert [ascent.architecture for ascent in expected] == [cells[5], None, cells[6]]


def test_several_from_each_parent(cells):
    table = [[cells[0], cells[5], cells[5], cells[6], cells[7], cells[8]], [cells[9]] + [cells[1]] * 5]
    ascents = run(cells[:2], Climb(table), known=set(cells[:2]), per_parent=3)
    assert [(a.parent, a.architecture, a.steps) for a in ascents] == [
        (cells[0], cells[5], 2), (cells[0], cells[6], 4), (cells[0], cells[7], 5),
        (cells[1], cells[9], 1), (cells[1], None, 6),
    ]  # fmt: skip


def test_the_best_predicted_candidate_is_taken(cells):
    rule = StepRule(first=10.0, increment=5.0, count=6, candidates=3)
    climb = Climb([cells[1:7]], predictions=[0.1, 0.9, 0.5, 2.0, 0.0, 0.0])
    (ascent,) = run(cells[:1], climb, rule=rule)
    assert (ascent.architecture, ascent.predicted, ascent.steps) == (cells[2], 0.9, 2)
    assert len(climb.calls) == 1
    (ascent,) = run(cells[:1], climb, rule=rule, known=set(cells[:4]))  # none of the first three is new
    assert (ascent.architecture, ascent.steps) == (cells[4], 4)


def test_tries_are_counted_once_a_seed(cells):
    table = [[cells[5], cells[6], *cells[7:11]], [cells[0]] * 6, [cells[0], cells[11], *[cells[0]] * 4]]
    for rows in (1, 100):
        ascents = run(cells[:3], Climb(table), known=set(cells[:3]), per_parent=2, rows=rows)
        assert [(a.steps, a.tries) for a in ascents] == [(1, 2), (2, 2), (6, 6), (2, 6), (6, 6)]


def test_tries_that_were_compared_count(cells):
    rule = StepRule(first=10.0, increment=5.0, count=6, candidates=3)
    (ascent,) = run(cells[:1], Climb([cells[1:7]], predictions=[0.9, 0.1, 0.5, 0, 0, 0]), rule=rule)
    assert (ascent.steps, ascent.tries) == (1, 3)


def test_no_seeds():
    assert run([], Climb([])) == []


def test_the_states_with_most_to_gain_move(rng):
    embeddings = np.eye(6, dtype=np.float32)[None].repeat(2, axis=0)  # state t is the unit vector t
    gradient = np.zeros((2, 6, 6), np.float32)
    gradient[0] = [5, 1, 4, 2, 3, 6]  # every state has the same gradient; along[t] = gradient[t]
    gradient[1] = [1, 2, 3, 4, 5, 6]
    choose = moved_states(embeddings, gradient, 2, pool=3)
    tries = Tries(np.array([0, 0, 0, 0, 1]), np.array([0, 1, 2, 3, 0]), np.ones(5, np.float32))
    moved = [set(np.flatnonzero(row).tolist()) for row in choose(tries)]
    assert moved == [{1, 3}, {1, 4}, {3, 4}, {1, 3}, {0, 1}]


@pytest.mark.parametrize('count', [0, 6, 9])
def test_all_states_move_as_equation_2_is_printed(count, rng):
    embeddings, gradient = rng.normal(size=(2, 3, 6, 4)).astype(np.float32)
    choose = moved_states(embeddings, gradient, count, pool=5)
    assert np.all(choose(Tries(np.arange(3), np.zeros(3, int), np.ones(3, np.float32))) == 1)


@pytest.mark.parametrize('most', [0, 4, 9])
def test_up_to_all_states_are_drawn(most, rng):
    choose = drawn_states(np.ones((1, 4)), most, rng)
    moved = choose(Tries(np.zeros(200, int), np.zeros(200, int), np.ones(200, np.float32)))
    assert set(moved.sum(axis=1)) == {1, 2, 3, 4}
