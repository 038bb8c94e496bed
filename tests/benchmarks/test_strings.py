"""The count of raw strings beside the count of classes."""

import numpy as np

from nao_tf.benchmarks.strings import StringCounter, is_sample
from nao_tf.searchers.enumeration import canonical_cells
from nao_tf.searchers.evaluation import Proposal
from nao_tf.searchers.random import RandomSearch


def test_uniform_draws_cost_the_distinct_strings_drawn(space):
    counter = StringCounter(space)
    drawn = []
    sample = counter.space.sample

    def watched(rng):
        drawn.append(sample(rng))
        return drawn[-1]

    counter.space.sample = watched
    searcher = RandomSearch(counter.space, evaluations=400, seed=3)
    counts, queried = [], []
    for size in (150, 250):
        proposals = searcher.propose(size)
        queried += [proposal.architecture for proposal in proposals]
        counts += counter.count(proposals, mode='generate', duplicates=searcher.duplicates)
    assert searcher.duplicates > 50
    place = 0
    for query, count in zip(queried, counts, strict=True):
        place = next(i for i in range(place, len(drawn)) if space.canonical(drawn[i]) == query)
        assert count == len(set(drawn[: place + 1]))
        place += 1
    assert counts[-1] > len(queried)


def test_strings_of_cells_that_are_not_proposed_cost_nothing(space):
    counter = StringCounter(space)
    cells = canonical_cells(space)
    for cell in cells[:500]:
        for string in (cell, *space.symmetries(cell)):
            counter.space.canonical(string)
    other = Proposal(cells[600], 'ascent')
    assert counter.count([other], mode='generate', duplicates=100) == [1]


def test_at_most_as_many_further_strings_as_duplicates(space):
    counter = StringCounter(space)
    cell = next(cell for cell in canonical_cells(space) if len(list(space.symmetries(cell))) > 5)
    counter.space.canonical(cell)
    for string in space.symmetries(cell):
        counter.space.canonical(string)
    last = Proposal(canonical_cells(space)[-1], 'ascent')
    counter.space.canonical(last.architecture)
    assert counter.count([Proposal(cell, 'ascent'), last], mode='generate', duplicates=2) == [1, 4]


def test_a_ranking_of_all_cells_costs_whole_classes(space):
    counter = StringCounter(space)
    cell = next(cell for cell in canonical_cells(space) if len(list(space.symmetries(cell))) == 3)
    other = next(cell for cell in canonical_cells(space) if len(list(space.symmetries(cell))) == 7)
    proposals = [Proposal(cell, 'random'), Proposal(other, 'ranked')]
    assert counter.count(proposals, mode='enumerate', duplicates=0) == [1, 9]


def test_the_space_itself_stays_as_it_is(space, sample):
    counter = StringCounter(space, sample.classes)
    assert 'canonical' not in vars(space)
    assert type(counter.space) is type(space)
    inside = set(sample.classes)
    rng = np.random.default_rng(0)
    assert all(counter.space.sample(rng) in inside for _ in range(100))


def test_is_sample(space, whole, sample):
    assert not is_sample(space, whole.classes)
    assert is_sample(space, sample.classes)
