"""The paper's convolutional cell, or any other, trained to the end on CIFAR-10 (section 4.1, Table 1).

    nao train --config=configs/cifar10_final.py --data_dir=DATA --workdir=runs/cifar10_final
    nao train --config=configs/cifar10_final.py --config.architecture=runs/cifar10 --top_k=5 --workdir=runs/winner ...

`architecture` is a name, a file, tokens, or the work directory of a search. N=6, F=36 and the recipe of the released
NAONet-A-36 training (docs/train.md: the fields for F=128). The paper trains on all 50,000 images; here 5,000
of them choose the best epoch. Never run here in full. Expected result: the released code reports 2.48% test error
for NAONet_A at F=36, under the rules of its own (--config.child.rules=pytorch).
"""

from nao_tf.final.config import default_image_train_config


def get_config():
    """Returns the config of the final training on CIFAR-10."""
    config = default_image_train_config()
    config.task.name = 'tfds:cifar10'
    config.task.validation = 5000
    config.task.augment.pad = 4
    config.task.augment.flip = True
    config.task.augment.cutout = 16
    return config
