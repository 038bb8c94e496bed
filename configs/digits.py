"""The quickstart: NAO on scikit-learn's handwritten digits, from scratch, on a laptop.

    nao search --config=configs/digits.py --workdir=runs/digits

Cost and expected result: see the README, which quotes a measured run.
"""

from nao_tf.search.config import default_config


def get_config():
    """Returns the config of the quickstart."""
    config = default_config()
    config.threads = 2
    config.baseline = 'random'

    config.task.name = 'digits'
    config.task.validation = 0.3  # of 1,797 images: fewer could not tell children apart

    config.child.cells_per_stage = 1
    config.child.filters = 8
    config.child.auxiliary = False  # 8 x 8 images leave 2 x 2 pixels at its place
    config.child.drop_path_keep = 1.0
    config.child.epochs = 5
    config.child.batch_size = 64
    config.child.learning_rate = 0.05
    config.child.weight_decay = 1e-4
    config.child.score = 'last'

    config.searcher.initial = 30
    config.searcher.rounds = 2
    config.searcher.per_round = 8
    config.searcher.seeds = 8
    return config
