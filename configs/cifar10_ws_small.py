"""NAO with shared weights on CIFAR-10 images at half their size, of a size that a CPU finishes.

    nao search --config=configs/cifar10_ws_small.py --data_dir=DATA --workdir=runs/cifar10_ws_small

DATA is a tensorflow-datasets directory that holds cifar10; --config.task.download=True fetches it. With
--config.searcher.name=reinforce it is ENAS, with random Random-WS, for the same number of steps. Cost: 22 to 54
minutes of one core beside other work, with a fifth of the data (8,000 training images; docs/measured/sharing_cifar10);
`--dry_run` measures it on yours. Expected result: a cell, and how well the shared scores of small networks rank; not
their accuracy.
"""

from nao_tf.search.sharing.config import default_sharing_config


def get_config():
    """Returns the config of the small search with shared weights on CIFAR-10."""
    config = default_sharing_config()
    config.threads = 2
    config.task.name = 'tfds:cifar10'
    config.task.validation = 0.2
    config.task.image_size = 16
    config.task.augment.pad = 2
    config.task.augment.flip = True

    config.sharing.cells_per_stage = 1
    config.sharing.filters = 8
    config.sharing.auxiliary = False
    config.sharing.epochs = 8
    config.sharing.batch_size = 64
    config.sharing.score_batches = 2
    config.sharing.learning_rate = 0.2  # few steps; the default is for many
    config.sharing.drop_path_keep = 1.0
    config.sharing.dense_keep = 1.0
    config.sharing.restart_epochs = 0
    config.sharing.fresh = 6
    config.sharing.finalists = 3
    config.sharing.ranked = 8

    config.searcher.initial = 60
    config.searcher.rounds = 3
    config.searcher.per_round = 20
    config.searcher.seeds = 20
    config.searcher.reinforce.batch = 5  # a few updates; the default rate and decay are for thousands
    config.searcher.reinforce.learning_rate = 0.01
    config.searcher.reinforce.baseline_decay = 0.9

    config.child.cells_per_stage = 1
    config.child.filters = 8
    config.child.auxiliary = False
    config.child.drop_path_keep = 1.0
    config.child.epochs = 3
    config.child.batch_size = 64
    config.child.learning_rate = 0.05
    config.child.score = 'last'
    return config
