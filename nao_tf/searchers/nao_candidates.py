"""What a round of NAO chooses among: the best cells' ascents, decoded, and what the ascent is compared with."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from nao_tf.searchers.candidates import DRAWS
from nao_tf.searchers.evaluation import Proposal
from nao_tf.spaces.architecture import Architecture

if TYPE_CHECKING:
    from nao_tf.searchers.nao import NAO

MOVES = ('ascent', 'random_step', 'mutation')
WAVES = 6  # of tries at the most, each with longer steps, where few of them found new cells
ENOUGH = 0.5  # share of the candidates wanted at which the tries end


def make_candidates(searcher: NAO, total: int, *, optimism: float, round_number: int) -> list[Proposal]:
    """Returns new cells, made by `searcher.moves` from the K best: what the posterior scores (Alg. 1, lines 4 to 6).

    They are made in `searcher.climbs` parts. The first starts from the K best cells, every other one from the K that
    the posterior finds the most promising among these and the candidates so far: a seed climbs further than one step
    of Eq. (2). Where the moves find fewer new cells than are wanted, mutations of the same starts take their place.

    Args:
        searcher: whose evaluated cells and controller are used.
        total: candidates at the most.
        optimism: weight of the posterior's deviation in what is climbed.
        round_number: of the proposals.

    Returns:
        Proposals without a predicted score; `parent` is the evaluated cell that a climb began with.
    """
    seeds = searcher.best(min(searcher.seeds, total))
    found: list[Proposal] = []
    starts = seeds
    for climb in range(1, searcher.climbs + 1):
        if found:
            starts = _promising(searcher, [*seeds, *(proposal.architecture for proposal in found)], optimism)[
                : len(seeds)
            ]
        roots = {proposal.architecture: proposal.parent for proposal in found}
        wanted = total * climb // searcher.climbs - len(found)
        made: list[Proposal] = []
        if searcher.moves != 'mutation':
            made = _steps(searcher, starts, wanted, set(roots), optimism=optimism, round_number=round_number)
        taken = set(roots) | {proposal.architecture for proposal in made}
        left = wanted - len(made)
        made += searcher.mutation_proposals(left, starts, taken, round_number=round_number, limit=DRAWS * left)
        for proposal in made:
            assert proposal.parent is not None
            found.append(dataclasses.replace(proposal, parent=roots.get(proposal.parent, proposal.parent)))
    return found


def _promising(searcher: NAO, architectures: list[Architecture], optimism: float) -> list[Architecture]:
    """Returns architectures by mean + optimism * deviation, the largest first."""
    values = searcher.controller.optimistic(architectures, optimism)
    return [architectures[index] for index in np.argsort(-values, kind='stable')]


def _steps(
    searcher: NAO,
    starts: list[Architecture],
    total: int,
    taken: set[Architecture],
    *,
    optimism: float,
    round_number: int,
) -> list[Proposal]:
    """Returns new cells by steps in the embedding, `total` at the most.

    Where short steps lead back to known cells for the most part, as in a small space, longer ones follow.
    """
    found: list[Proposal] = []
    taken = set(taken)
    tried = 0
    for _ in range(WAVES if total else 0):
        tries = max(1, min((total - len(found)) // len(starts), searcher.controller.config.max_steps))
        ascents = searcher.controller.ascend(
            starts,
            lambda architecture: architecture in searcher.known or architecture in taken,
            tries=tries,
            made=tried,
            rng=searcher.rng(),
            optimism=optimism,
            uphill=searcher.moves == 'ascent',
        )
        found += [
            Proposal(ascent.architecture, searcher.moves, round_number, parent=ascent.parent)
            for ascent in ascents
            if ascent.architecture is not None
        ]
        del found[total:]
        taken.update(proposal.architecture for proposal in found)
        tried += tries
        if ENOUGH * total <= len(found):
            break
    return found
