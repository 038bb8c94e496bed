"""Searchers by name, built from a config."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
from collections.abc import Mapping
from typing import Any

from nao_tf.controller.presets import preset
from nao_tf.errors import InputError
from nao_tf.searchers.base import Searcher
from nao_tf.spaces.base import SearchSpace

# Name -> module of nao_tf.searchers and class, imported when it is first asked for.
SEARCHERS = {
    'nao': ('nao', 'NAO'),
    'random': ('random', 'RandomSearch'),
    'evolution': ('evolution', 'Evolution'),
    'tournament': ('evolution', 'Tournament'),
    'local_search': ('local_search', 'LocalSearch'),
    'reinforce': ('reinforce', 'Reinforce'),
    'ppo': ('ppo', 'PPO'),
    'bayesian': ('bayesian', 'BayesianOptimisation'),
    'forest': ('forest', 'ForestRanker'),
    'forest_generate': ('forest', 'ForestGenerate'),
    'lanas': ('lanas', 'LaNAS'),
    'mcts': ('tree_search', 'TreeSearch'),
    'progressive': ('progressive', 'Progressive'),
}
# Settings that a search's config has once for all searchers; one's own value takes their place where it is set.
COMMON = ('initial', 'per_round')


def searcher_class(name: str) -> type[Any]:
    """Returns the class of a searcher.

    Args:
        name: one of `SEARCHERS`.

    Raises:
        InputError: if there is no such searcher.
    """
    if name not in SEARCHERS:
        raise InputError(f'there is no searcher {name!r}; there are {", ".join(SEARCHERS)}')
    module, attribute = SEARCHERS[name]
    return getattr(importlib.import_module(f'nao_tf.searchers.{module}'), attribute)


def settings(name: str) -> dict[str, Any]:
    """Returns the settings of a searcher and their defaults: the keyword arguments of its class but the seed."""
    parameters = inspect.signature(searcher_class(name).__init__).parameters.values()
    return {
        parameter.name: parameter.default
        for parameter in parameters
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY and parameter.name != 'seed'
    }


def make_searcher(name: str, space: SearchSpace, *, config: Mapping[str, Any], seed: int) -> Searcher:
    """Returns a searcher by name.

    Args:
        name: one of `SEARCHERS`.
        space: what it searches.
        config: the `searcher` part of a search's config (`nao_tf.search.config`); settings of one searcher stand
            under its name.
        seed: of its draws.

    Raises:
        InputError: if there is no such searcher, it cannot search that space, or a value is out of range.
    """
    cls = searcher_class(name)
    for field in COMMON:
        if config[field] < 1:
            raise InputError(f'searcher.{field} is {config[field]}; it must be at least 1')
    if name == 'nao':
        return cls(
            space,
            initial=config['initial'],
            per_round=config['per_round'],
            seeds=config['seeds'],
            per_query=config['per_query'],
            moves=config['moves'],
            climbs=config['climbs'],
            controller=dataclasses.replace(preset(config['preset']), **controller_overrides(config['controller'])),
            seed=seed,
        )
    values = {field: value for field, value in settings(name).items() if value is not inspect.Parameter.empty}
    values |= {field: config[field] for field in COMMON if field in values}
    values |= {field: value for field, value in config.get(name, {}).items() if value is not None}
    if 'evaluations' in values:
        values['evaluations'] = total_evaluations(config)
    try:
        return cls(space, **values, seed=seed)
    except InputError as error:
        raise InputError(f'searcher.{name}: {error}') from None


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
