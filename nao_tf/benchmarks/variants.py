"""Searchers of a benchmark by name: those of the package, and variants of them that the config defines."""

from __future__ import annotations

import difflib

import ml_collections

from nao_tf.errors import InputError
from nao_tf.search.config import flatten, set_field
from nao_tf.searchers.registry import SEARCHERS


def searcher_config(name: str, config: ml_collections.ConfigDict) -> ml_collections.ConfigDict:
    """Returns the config of one searcher of a benchmark: `searcher.name` is its class, the other fields its settings.

    Args:
        name: of a searcher, or of one of `config.variants`: its field `of` names the searcher, all others are fields
            of `config.searcher` (`{'of': 'nao', 'preset': 'paper', 'controller': {'optimism': 0.5}}`).
        config: of `nao_tf.benchmarks.config.default_benchmark_config`.

    Returns:
        A copy of the config.

    Raises:
        InputError: if there is neither, or the variant names no searcher or a field that does not exist.
    """
    changed = config.copy_and_resolve_references()
    variants = changed.variants
    if name in SEARCHERS:
        if name in variants:
            raise InputError(f'variants.{name} has the name of a searcher; give the variant another')
        changed.searcher.name = name
        return changed
    if name not in variants:
        names = [*SEARCHERS, *variants]
        near = difflib.get_close_matches(name, names, 1)
        hint = f'; did you mean {near[0]}?' if near else ''
        raise InputError(f'there is no searcher {name!r}; there are {", ".join(names)}{hint}')
    fields = flatten(variants[name])
    searcher = fields.pop('of', None)
    if searcher not in SEARCHERS:
        raise InputError(f'variants.{name}.of is {searcher!r}; it must be one of {", ".join(SEARCHERS)}')
    for field, value in fields.items():
        set_field(changed, f'searcher.{field}', value, origin=f'variants.{name}')
    changed.searcher.name = searcher
    return changed
