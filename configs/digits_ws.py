"""NAO with shared weights (NAO-WS) on scikit-learn's handwritten digits, its ranking measured, on a laptop.

nao search --config=configs/digits_ws.py --workdir=runs/digits_ws
nao search --config=configs/digits_ws.py --config.searcher.name=reinforce --workdir=runs/digits_enas
nao search --config=configs/digits_ws.py --config.searcher.name=random --workdir=runs/digits_random_ws

Cost: 6:19 on two cores, 3:17 of them for the twelve networks that are trained on their own. Expected result: a cell of
94 to 96% test accuracy; the shared scores hardly rank these architectures, as the end of the search says.
"""

from nao_tf.search.sharing.config import default_sharing_config


def get_config():
    """Returns the config of the quickstart with shared weights."""
    config = default_sharing_config()
    config.threads = 2

    config.task.name = 'digits'
    config.task.validation = 0.3  # of 1,797 images: fewer could not tell architectures apart

    config.sharing.cells_per_stage = 1
    config.sharing.filters = 8
    config.sharing.auxiliary = False  # 8 x 8 images leave 2 x 2 pixels at its place
    config.sharing.epochs = 30
    config.sharing.learning_rate = 0.4  # few steps; the default is for many
    config.sharing.batch_size = 64
    config.sharing.eval_batch_size = 500
    config.sharing.restart_epochs = 0
    config.sharing.drop_path_keep = 1.0
    config.sharing.dense_keep = 1.0
    config.sharing.fresh = 5
    config.sharing.finalists = 3
    config.sharing.ranked = 10

    config.searcher.initial = 60
    config.searcher.rounds = 2
    config.searcher.per_round = 20
    config.searcher.seeds = 20
    config.searcher.reinforce.batch = 5  # a few updates; the default rate and decay are for thousands
    config.searcher.reinforce.learning_rate = 0.01
    config.searcher.reinforce.baseline_decay = 0.9

    config.child.cells_per_stage = 1
    config.child.filters = 8
    config.child.auxiliary = False
    config.child.drop_path_keep = 1.0
    config.child.epochs = 8
    config.child.batch_size = 64
    config.child.learning_rate = 0.05
    config.child.weight_decay = 1e-4
    config.child.score = 'last'
    return config
