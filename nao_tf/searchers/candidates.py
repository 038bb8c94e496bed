"""New cells for a model to rank: mutations of the best ones and uniform draws."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from nao_tf.errors import InputError
from nao_tf.searchers.base import Searcher, check_at_least
from nao_tf.searchers.evaluation import Proposal
from nao_tf.spaces.architecture import Architecture

DRAWS = 4  # mutations drawn at the most for each that is wanted
FEWEST_DRAWS = 1000  # where few are wanted, so many all the same: most neighbours of good cells may be known
PER_QUERY = 20  # cells that a searcher of mode 'generate' may score for each one that it has evaluated


def draw_candidates(
    searcher: Searcher, count: int, parents: Sequence[Architecture], *, mutated: float, round_number: int
) -> list[Proposal]:
    """Draws distinct new cells, mutations first.

    Args:
        searcher: whose space, draws and known cells count.
        count: how many at the most.
        parents: cells whose mutations are drawn, taking turns.
        mutated: share of the mutations, 0 to 1.
        round_number: of the proposals.
    """
    taken: set[Architecture] = set()
    mutations = math.ceil(count * mutated) if parents else 0
    limit = max(FEWEST_DRAWS, DRAWS * mutations)
    result = searcher.mutation_proposals(mutations, parents, taken, round_number=round_number, limit=limit)
    return result + searcher.random_proposals(count - len(result), taken, round_number=round_number)


def ranked(values: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Returns the indices of values, the largest first, equal ones in random order.

    Args:
        values: [n].
        rng: the source of randomness.
    """
    order = rng.permutation(len(values))
    return order[np.argsort(-np.asarray(values)[order], kind='stable')]


def check_candidates(parents: int, mutated: float, per_query: int) -> None:
    """Checks the settings of a searcher that ranks candidates.

    Raises:
        InputError: naming the first that is out of range.
    """
    check_at_least(1, parents=parents, per_query=per_query)
    check_at_least(0, mutated=mutated)
    if mutated > 1:
        raise InputError(f'the setting mutated is {mutated}; it is a share and must be at most 1')
    if per_query > PER_QUERY:
        raise InputError(f'the setting per_query is {per_query}; it must be at most {PER_QUERY}')
