"""Searchers with other settings, under names of their own."""

import json

from nao_tf.benchmarks.benchmark import run_benchmark
from nao_tf.benchmarks.config import default_benchmark_config
from nao_tf.benchmarks.variants import searcher_config


def test_a_variant_is_its_searcher_with_its_fields():
    config = default_benchmark_config()
    config.variants = {'mine': {'of': 'nao', 'seeds': 7, 'controller': {'optimism': 0.25}}}
    mine = searcher_config('mine', config).searcher
    assert (mine.name, mine.seeds, mine.controller.optimism) == ('nao', 7, 0.25)
    assert config.searcher.seeds != 7
    assert config.searcher.controller.optimism is None
    assert searcher_config('lanas', config).searcher.name == 'lanas'


def test_variants_run_beside_their_searcher(files, tmp_path):
    config = default_benchmark_config()
    config.table.path, config.table.valid, config.table.test = str(files / 'whole.npz'), 'valid', 'test'
    config.variants = {'old': {'of': 'evolution', 'evolution': {'population': 50, 'sample': 10}}}
    config.searchers, config.reference, config.seeds, config.budget = ('evolution', 'old'), 'evolution', 4, 60
    summaries = run_benchmark(config, tmp_path)
    assert list(summaries) == ['evolution', 'old']
    # The first 50 of `old` are its random population, of `evolution` 20 are.
    assert summaries['evolution']['origins'] != summaries['old']['origins']
    pairs = json.loads((tmp_path / 'comparison.json').read_text())['pairs']
    assert [(pair['reference'], pair['rival']) for pair in pairs] == [('evolution', 'old')]
    assert json.loads((tmp_path / 'old' / 'config.json').read_text())['of'] == 'evolution'
