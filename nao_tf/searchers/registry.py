"""Searchers by name, built from a config."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from nao_tf.controller.presets import preset
from nao_tf.errors import InputError
from nao_tf.searchers.base import Searcher
from nao_tf.searchers.nao import NAO
from nao_tf.searchers.random import RandomSearch
from nao_tf.spaces.base import SearchSpace

SEARCHERS = ('nao', 'random')


def make_searcher(name: str, space: SearchSpace, *, config: Mapping[str, Any], seed: int) -> Searcher:
    """Returns a searcher by name.

    Args:
        name: one of `SEARCHERS`.
        space: what it searches.
        config: the `searcher` part of a search's config (`nao_tf.search.config`).
        seed: of its draws.

    Raises:
        InputError: if there is no such searcher, or a value of the config is out of range.
    """
    if name == 'nao':
        for field in ('initial', 'per_round', 'seeds'):
            if config[field] < 1:
                raise InputError(f'searcher.{field} is {config[field]}; it must be at least 1')
        return NAO(
            space,
            initial=config['initial'],
            per_round=config['per_round'],
            seeds=config['seeds'],
            controller=dataclasses.replace(preset(config['preset']), **controller_overrides(config['controller'])),
            seed=seed,
        )
    if name == 'random':
        return RandomSearch(space, evaluations=total_evaluations(config), seed=seed)
    raise InputError(f'there is no searcher {name!r}; there are {", ".join(SEARCHERS)}')


def controller_overrides(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the controller fields that a config sets; None leaves the preset's value."""
    return {name: value for name, value in fields.items() if value is not None}


def total_evaluations(config: Mapping[str, Any]) -> int:
    """Returns how many cells a search evaluates: the random start and `rounds` rounds.

    Args:
        config: the `searcher` part of a search's config.
    """
    if config['rounds'] < 0:
        raise InputError(f'searcher.rounds is {config["rounds"]}; it must not be negative')
    return config['initial'] + config['rounds'] * config['per_round']
