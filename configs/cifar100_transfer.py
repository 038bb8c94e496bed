"""The cell that was found on CIFAR-10, trained on CIFAR-100 (section 4.1, Table 2).

    nao train --config=configs/cifar100_transfer.py --data_dir=DATA --workdir=runs/cifar100

`architecture` is a name, a file, tokens, or the work directory of a search. N=6 and F=36; the recipe is the released
one of CIFAR-100 at F=128 (--config.child.filters=128). 5,000 of the training images choose the best epoch. Never run
here in full. Expected result: the paper reports 15.67% test error at F=36 with cutout.
"""

from nao_tf.final.config import default_image_train_config


def get_config():
    """Returns the config of the transfer to CIFAR-100."""
    config = default_image_train_config()
    config.architecture = 'NAONet'
    config.task.name = 'tfds:cifar100'
    config.task.validation = 5000
    config.task.augment.pad = 4
    config.task.augment.flip = True
    config.task.augment.cutout = 16
    config.child.drop_path_keep = 0.6
    config.child.dense_keep = 0.8
    config.child.learning_rate = 0.024
    config.child.weight_decay = 5e-4
    return config
