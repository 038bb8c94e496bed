"""The cells that a model ranks: as many mutations and uniform draws as were asked for."""

import numpy as np
import pytest

from nao_tf.searchers.candidates import draw_candidates
from nao_tf.searchers.random import RandomSearch
from nao_tf.spaces.registry import get_space


@pytest.mark.parametrize('count', [50, 1500])
def test_large_batches_have_their_share_of_mutations(count):
    space = get_space('enas_cnn')
    rng = np.random.default_rng(0)
    searcher = RandomSearch(space, evaluations=1)
    parents = [space.canonical(space.sample(rng)) for _ in range(20)]
    drawn = draw_candidates(searcher, count, parents, mutated=0.8, round_number=1)
    origins = [proposal.origin for proposal in drawn]
    assert (origins.count('mutation'), origins.count('random')) == (0.8 * count, 0.2 * count)
    assert len({proposal.architecture for proposal in drawn}) == count
