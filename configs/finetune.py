"""A trained classifier goes on with your own images: a folder with one folder of images for each class.

    nao train --config=configs/finetune.py --config.weights=runs/cifar10_final/best_model.keras \
        --config.task.path=photos --config.replace_head=True --workdir=runs/photos

Images of any size are resized to the size that the weights were trained on, or to task.image_size. Without
`replace_head` the classes must be as many as those of the weights. Cost and expected result depend on the images; the
training ends when 10 epochs have brought nothing better.
"""

from nao_tf.final.config import default_finetune_config


def get_config():
    """Returns the config of a fine-tuning."""
    config = default_finetune_config()
    config.task.name = 'folder'
    config.task.augment.flip = True
    config.child.epochs = 50
    config.child.batch_size = 32
    config.child.patience = 10
    return config
