"""A search on CIFAR-10 images that a CPU finishes: small children, few epochs.

    nao search --config=configs/cifar10_small.py --data_dir=DATA --workdir=runs/cifar10_small

DATA is a tensorflow-datasets directory that holds cifar10; --config.task.download=True fetches it. Cost: with a
fifth of the data (8,000 training images; all of it has 40,000), 56 children in 28 minutes on two cores that did other
work too; `--dry_run` measures it on yours.
Expected result: small children trained for two epochs, in two runs .45 to .48 validation accuracy at best (NAO's two
rounds .0128 above random on average in one, .0039 below it in the other, neither significant: docs/results.md); the
cell is the result, not their accuracy.
"""

from nao_tf.search.config import default_config


def get_config():
    """Returns the config of the small CIFAR-10 search."""
    config = default_config()
    config.threads = 2
    config.baseline = 'random'
    config.task.name = 'tfds:cifar10'
    config.task.validation = 0.2
    config.task.augment.pad = 4
    config.task.augment.flip = True
    config.child.cells_per_stage = 1
    config.child.filters = 8
    config.child.auxiliary = False
    config.child.drop_path_keep = 1.0
    config.child.epochs = 2
    config.child.batch_size = 128
    config.child.learning_rate = 0.1
    config.child.score = 'last'
    config.searcher.initial = 24
    config.searcher.rounds = 2
    config.searcher.per_round = 8
    config.searcher.seeds = 8
    return config
