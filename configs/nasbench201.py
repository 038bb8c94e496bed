"""Searchers on NAS-Bench-201, CIFAR-10, under the protocol of docs/benchmarks.md.

    nao benchmark --config=configs/nasbench201.py --table=FILE --searchers=nao,random --seeds=50 --budget=500 \\
        --output=runs/nasbench201

The signal is the mean validation accuracy of the 200-epoch training on half of the training set, the report the test
accuracy of the 200-epoch training on all of it. `--config.table.valid=... --config.table.test=...` choose another
data set of the same file; a wrong name is answered with the columns that the file has.
"""

from nao_tf.benchmarks.config import default_benchmark_config


def get_config():
    """Returns the config of the NAS-Bench-201 benchmark."""
    config = default_benchmark_config()
    config.space.name = 'nasbench201'
    config.table.valid = 'c10v_valid200'
    config.table.test = 'c10_test200'
    config.searcher.initial = 10
    config.searcher.per_round = 5
    config.searcher.seeds = 20
    return config
