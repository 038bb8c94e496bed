"""From the name of a searcher to the candidates of shared weights: NAO-WS, ENAS or Random-WS."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from nao_tf.errors import InputError
from nao_tf.search.sharing.candidates import Candidates
from nao_tf.search.sharing.drawn import Policy, Uniform
from nao_tf.search.sharing.pool import Pool
from nao_tf.searchers.policy_searcher import PolicySearcher
from nao_tf.searchers.random import RandomSearch
from nao_tf.searchers.registry import searcher_class
from nao_tf.spaces.architecture import Architecture
from nao_tf.spaces.base import SearchSpace


def make_candidates(
    space: SearchSpace,
    config: Mapping[str, Any],
    *,
    fresh: int,
    sampling: str = 'uniform',
    parameters: Callable[[Architecture], int] | None = None,
    seed: int,
) -> Candidates:
    """Returns the candidates of a searcher.

    Args:
        space: of the architectures.
        config: the `searcher` part of a search's config.
        fresh: uniform draws of every round, where there is a pool.
        sampling: what a step draws by, where there is a pool.
        parameters: counts those of an architecture; None where all have as many.
        seed: of every draw.

    Raises:
        InputError: if a value is wrong.
    """
    kind = searcher_class(config['name'])
    if sampling != 'uniform' and issubclass(kind, RandomSearch | PolicySearcher):
        raise InputError(
            f'sharing.sampling is {sampling!r}, but with searcher.name={config["name"]} there is no pool; set '
            'it to uniform'
        )
    if issubclass(kind, RandomSearch):
        return Uniform(space, config, seed=seed)
    if issubclass(kind, PolicySearcher):
        return Policy(space, config, seed=seed)
    return Pool(space, config, fresh=fresh, sampling=sampling, parameters=parameters, seed=seed)
