"""Progressive search: stages, the beam, what it scores, spaces that do not grow."""

import numpy as np
import pytest

from nao_tf.errors import InputError
from nao_tf.searchers.evaluation import Evaluation
from nao_tf.searchers.progressive import Progressive
from nao_tf.searchers.registry import make_searcher
from nao_tf.spaces.registry import get_space

SPACE = get_space('pnas_cnn')
CONVOLUTIONS = {SPACE.vocabulary.index(f'sep_conv {size}') for size in ('3x3', '5x5', '7x7')}


def convolutions(architecture):
    return float(sum(token in CONVOLUTIONS for token in architecture.tokens))


def rounds(searcher, count):
    result = []
    for _ in range(count):
        batch = searcher.propose(searcher.round_size)
        searcher.observe([Evaluation(p.architecture, convolutions(p.architecture)) for p in batch])
        result.append(batch)
    return result


def test_stage_by_stage():
    searcher = Progressive(SPACE, beam=12, epochs=5)
    batches = rounds(searcher, 7)
    assert [len(batch) for batch in batches] == [136, 12, 12, 12, 12, 12, 12]
    stages = [{SPACE.stage(p.architecture) for p in batch} for batch in batches]
    assert stages == [{1}, {2}, {3}, {4}, {5}, {5}, {5}]
    assert [{p.round for p in batch} for batch in batches[:5]] == [{0}, {1}, {2}, {3}, {4}]
    parents = {p.parent for p in batches[2]}
    assert parents <= {p.architecture for p in batches[1]}


def test_the_paper_trains_1160_cells():
    searcher = Progressive(SPACE)
    assert len(searcher.smallest) + 4 * searcher.beam == 1160


def test_the_beam_holds_what_is_predicted_best():
    batches = rounds(Progressive(SPACE, beam=12, epochs=30, seed=1), 5)
    means = [np.mean([convolutions(p.architecture) for p in batch]) for batch in batches]
    assert means[4] > 7  # 10 branches, of which 3 in 8 are convolutions at random
    predicted = [p.predicted for p in batches[4]]
    assert predicted == sorted(predicted, reverse=True)


def test_twenty_extensions_are_scored_for_each_or_all():
    few = Progressive(SPACE, beam=4, epochs=5)
    rounds(few, 2)
    assert few.candidates == 20 * 4
    assert few.mode == 'generate'
    every = Progressive(SPACE, beam=4, epochs=5, extensions=0)
    rounds(every, 2)
    assert every.candidates > 1000  # 300 extensions of each of 4 cells, some of them the same
    assert every.mode == 'enumerate'
    assert Progressive.mode == 'generate'


def test_it_grows_the_cells_of_nas_bench_101():
    space = get_space('nasbench101')
    searcher = Progressive(space, beam=40, epochs=3)
    convolution = space.vocabulary.index('conv3x3-bn-relu')
    sizes = []
    for _ in range(5):
        batch = searcher.propose(searcher.round_size)
        sizes.append({space.stage(p.architecture) for p in batch})
        searcher.observe([Evaluation(p.architecture, float(p.architecture.tokens.count(convolution))) for p in batch])
    assert sizes == [{1}, {2}, {3}, {4}, {5}]


def test_where_the_beam_cannot_grow_it_goes_on():
    space = get_space('nasbench101')
    searcher = Progressive(space, beam=10, epochs=5)
    for _ in range(6):  # more edges are better, and cells with all nine cannot grow
        batch = searcher.propose(searcher.round_size)
        assert batch
        searcher.observe([Evaluation(p.architecture, float(space.graph(p.architecture).edges)) for p in batch])


@pytest.mark.parametrize('name', ['nao_cnn', 'nasbench201', 'nao_rnn'])
def test_a_space_without_growth_is_refused(name):
    with pytest.raises(InputError, match=rf'space {name} has no growth.*progressive search cannot search it'):
        make_searcher('progressive', get_space(name), config={'initial': 10, 'per_round': 5}, seed=0)


@pytest.mark.parametrize('setting', ['beam', 'members', 'hidden', 'epochs', 'max_draws'])
def test_settings_out_of_range(setting):
    with pytest.raises(InputError, match=f'{setting} is 0; it must be at least 1'):
        Progressive(SPACE, **{setting: 0})
    with pytest.raises(InputError, match='extensions'):
        Progressive(SPACE, extensions=-1)
