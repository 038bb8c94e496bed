"""The paper's image search (section 4.1): 600 + 200 + 200 children of N=3, F=32 on CIFAR-10, 25 epochs each.

    nao search --config=configs/cifar10.py --data_dir=DATA --workdir=runs/cifar10

Cost: the paper used 200 V100 GPUs for one day. Never run here in full. Expected result: the paper reports 3.18%
test error for its winner trained large (N=6, F=36); this config is the search alone.
"""

from nao_tf.search.config import default_config


def get_config():
    """Returns the config of the paper's search; the released code's schedule (A1): a period of 100 epochs."""
    config = default_config()
    config.task.name = 'tfds:cifar10'
    config.task.validation = 5000
    config.task.augment.pad = 4
    config.task.augment.flip = True
    config.child.schedule_epochs = 100
    config.searcher.preset = 'paper'
    return config
