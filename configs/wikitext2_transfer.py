"""The cell that was found on Penn Treebank, on WikiText-2 (section 4.3, Table 4).

    nao train --config=configs/wikitext2_transfer.py --data_dir=DATA --workdir=runs/wikitext2

DATA is a folder with wiki.train.tokens, wiki.valid.tokens and wiki.test.tokens, each as it is or with .gz. The recipe
is that of the released code: 700 units, less dropout and weight decay, 2,000 epochs. Never run here. Expected result:
the paper reports 67.0 test perplexity at 36 million parameters.
"""

from nao_tf.final.config import default_train_config


def get_config():
    """Returns the config of the transfer to WikiText-2."""
    config = default_train_config()
    config.task.name = 'wikitext'
    config.child.hidden = 700
    config.child.hidden_dropout = 0.15
    config.child.weight_decay = 5e-7
    config.child.epochs = 2000
    return config
