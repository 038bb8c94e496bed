"""The config of a benchmark: every field with its default and its meaning."""

from __future__ import annotations

import ml_collections

from nao_tf.search.config import default_searcher_config

# The paper's |X| = 600, two rounds of 200 and K = 200 are 1,000 evaluations; half of each for a budget of 500.
HALF = {'initial': 300, 'per_round': 100, 'seeds': 100}

# `of` names the searcher, the rest are fields of `config.searcher`: what the ascent is compared with at the same number
# of scored candidates, and the faithful presets (docs/controller.md).
VARIANTS = {
    'nao_random_step': {'of': 'nao', 'moves': 'random_step'},
    'nao_mutation': {'of': 'nao', 'moves': 'mutation'},
    # The paper's f is fitted to accuracies as they are, fractions; those of a table may be percentages.
    'nao_paper': {'of': 'nao', 'preset': 'paper', 'controller': {'scores': 'min_max'}, **HALF},
    'nao_released': {'of': 'nao', 'preset': 'released', **HALF},
}


def default_benchmark_config() -> ml_collections.ConfigDict:
    """Returns the config that the benchmark files in `configs/` start from.

    Returns:
        A locked ConfigDict: setting a field that does not exist raises, and names the nearest that does.
    """
    config = ml_collections.ConfigDict()
    config.seed = 0  # run k of a searcher has a seed of its own, a hash of this, k and the searcher's name
    config.space = ml_collections.ConfigDict(
        {
            'name': 'nasbench201',  # see nao_tf/spaces/registry.py; the table must be of this space
            'module': '',  # a Python file of yours that defines a space
        }
    )
    config.table = ml_collections.ConfigDict(
        {
            'path': '',  # --table sets it
            'valid': '',  # the column that searchers see (the signal)
            'test': '',  # the column that is reported and never shown to a searcher
        }
    )
    config.searchers = ('nao', 'random')  # --searchers sets it
    config.variants = ml_collections.ConfigDict(VARIANTS)  # searchers with other settings, by name
    config.reference = 'nao'  # whose lead over each other searcher is computed, where it is among them
    config.seeds = 50  # runs of each searcher; --seeds sets it. A figure that is quoted needs at least 50
    config.budget = 500  # queries of a run; --budget sets it
    config.report_at = (50, 100, 150, 200, 500)  # queries after which the test value is reported
    config.stop_at_optimum = False  # whether a run ends where the optimum is found, after which no value changes
    config.outside = 20  # proposals in a row that may fall outside a table that is a sample of its space
    config.workers = 0  # processes; 0 for as many as there are cores
    config.searcher = default_searcher_config()
    # The random start of 600 would be the whole budget. `rounds` is not used: the budget says when a run ends.
    config.searcher.initial = 20
    config.searcher.per_round = 10
    config.searcher.seeds = 20
    return config.lock()
