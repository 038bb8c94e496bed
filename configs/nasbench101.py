"""Searchers on NAS-Bench-101 under the protocol of docs/benchmarks.md.

    nao benchmark --config=configs/nasbench101.py --table=FILE --searchers=nao,random --seeds=50 --budget=500 \\
        --output=runs/nasbench101

The signal is the mean validation accuracy after 108 epochs, the report the mean test accuracy, both as fractions; FILE
is what tools/import_nasbench101.py wrote. A table with some of the 423,624 cells only is searched as a pool: what falls
outside it is free and counted. One without a test column reports its validation column:
`--config.table.test=valid_acc_108`.
"""

from nao_tf.benchmarks.config import default_benchmark_config


def get_config():
    """Returns the config of the NAS-Bench-101 benchmark."""
    config = default_benchmark_config()
    config.space.name = 'nasbench101'
    config.table.valid = 'valid_acc_108'
    config.table.test = 'test_acc_108'
    config.searcher.initial = 10
    config.searcher.per_round = 5
    config.searcher.seeds = 20
    return config
