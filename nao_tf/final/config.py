"""The configs of `nao train`: a language model, an image classifier, a trained classifier for new images."""

from __future__ import annotations

import ml_collections

from nao_tf.search.config import default_child_config, default_recurrent_child_config
from nao_tf.tasks.config import default_task_config
from nao_tf.tasks.text_config import default_text_task_config


def default_train_config() -> ml_collections.ConfigDict:
    """Returns the config of one recurrent cell, its language model and its recipe, by default the paper's.

    Returns:
        A locked ConfigDict; `task` and `child` have the fields of `default_text_config`.
    """
    config = _config()
    config.architecture = 'NAO-RNN'  # a name, tokens, a file, or the work directory of a search: its best
    config.task = default_text_task_config()
    config.child = default_recurrent_child_config()
    return config.lock()


def default_image_train_config() -> ml_collections.ConfigDict:
    """Returns the config of one pair of cells, its network and its recipe, by default the released one at F=36.

    The figures are those of the released NAONet-A-36 training on CIFAR-10 (A1, final training).

    Returns:
        A locked ConfigDict; `task` and `child` have the fields of `nao_tf.search.config.default_config`.
    """
    config = _config()
    config.architecture = 'NAONet_A'  # a name, tokens, a file, or the work directory of a search: its best
    config.top_k = 1  # above 1: so many of the search's best cells are trained, and the best of them is taken
    config.space = ml_collections.ConfigDict(
        {
            'name': '',  # of the tokens, where they do not tell it
            'module': '',  # a Python file of yours that defines a space or operations
        }
    )
    config.task = default_task_config()
    config.child = default_child_config()
    config.child.cells_per_stage = 6
    config.child.filters = 36
    config.child.drop_path_keep = 0.8
    config.child.dense_keep = 0.6
    config.child.epochs = 600
    config.child.learning_rate = 0.025
    config.child.weight_decay = 3e-4
    return config.lock()


def default_finetune_config() -> ml_collections.ConfigDict:
    """Returns the config of a trained classifier that goes on with other images.

    The cells, N, F, stem and rules are those of the weights, so there are no fields of them.

    Returns:
        A locked ConfigDict.
    """
    config = _config()
    config.weights = ''  # a .keras file that a search or a training left
    config.replace_head = False  # whether the last layer starts anew, for other classes than it was trained for
    config.space = ml_collections.ConfigDict({'module': ''})  # a Python file of yours that defines its operations
    config.task = default_task_config()
    config.child = default_child_config()
    for field in ('cells_per_stage', 'filters', 'stem', 'rules'):
        del config.child[field]
    config.child.auxiliary = False  # a saved model has none
    config.child.drop_path_keep = 1.0
    config.child.learning_rate = 0.005
    config.child.weight_decay = 1e-4
    return config.lock()


def _config() -> ml_collections.ConfigDict:
    config = ml_collections.ConfigDict()
    config.seed = 0
    config.threads = 0  # of TensorFlow, within one operation; 0 leaves them alone
    return config
