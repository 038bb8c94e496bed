"""The cell that was found on CIFAR-10, trained on ImageNet at 224 pixels (section 4.3).

    nao train --config=configs/imagenet_transfer.py --data_dir=DATA --workdir=runs/imagenet

DATA holds a prepared imagenet2012; its decoded images (200 GB) are kept in task.cache_dir. N=4 and F=42 under the
released PyTorch rules: 11,353,831 parameters and 1,243,996,992 multiply-adds, as the command prints before it trains;
the mobile setting of other papers is of at most 600 million: N and F have to be smaller for that.
The paper says no more of the training than that it follows related works; this is the released code's: 250 epochs, a
rate of 0.1 for a batch of 128 that falls by 3% an epoch, weight decay 3e-5, label smoothing 0.1, clipping at 5, nothing
dropped, no cutout. The augmentation is the usual one for ImageNet: crops of random size and shape, at least 8% of an
image, mirrored, brightness, contrast and saturation changed by up to 40%; images are decoded at 224 pixels, so a crop
is stretched from those. The 50,000 validation images are looked at after every epoch and choose nothing (`score` is
'last'); there is no test. Never run here. Expected result: the released code reports 25.7% top-1 error on them.
"""

from nao_tf.final.config import default_image_train_config


def get_config():
    """Returns the config of the transfer to ImageNet."""
    config = default_image_train_config()
    config.task.name = 'tfds:imagenet2012'
    config.task.image_size = 224
    config.task.cache_dir = '~/.cache/nao_tf'
    config.task.test = 0.0
    config.task.augment.area = 0.08
    config.task.augment.colour = 0.4
    config.task.augment.flip = True
    config.child.cells_per_stage = 4
    config.child.filters = 42
    config.child.stem = 'imagenet'
    config.child.rules = 'pytorch'
    config.child.auxiliary = False  # it needs 8 pixels a side, and 7 are left
    config.child.drop_path_keep = 1.0
    config.child.dense_keep = 1.0
    config.child.epochs = 250
    config.child.learning_rate = 0.1
    config.child.epoch_decay = 0.97
    config.child.weight_decay = 3e-5
    config.child.label_smoothing = 0.1
    config.child.score = 'last'
    config.child.precision = 'auto'
    return config
