"""The paper's recurrent cell on Penn Treebank, trained to the end (section 4.3, Table 3).

    nao train --config=configs/ptb_final.py --data_dir=DATA --workdir=runs/ptb_final

DATA is a folder with ptb.train.txt, ptb.valid.txt and ptb.test.txt, each as it is or with .gz. Another cell is trained
by `--config.architecture=TOKENS`, such as the `text` of the best cell in a search's summary.json. The recipe is that of
the released code, whose script trains for 4,000 epochs (the paper says 2,000), with one deviation: the released code
tests with one stream, this one with the ten that it validates with (`child.eval_batch_size`), each of which begins with
an empty state. Never run here. Expected result: the paper reports 56.0 test perplexity at 27 million parameters.
"""

from nao_tf.final.config import default_train_config


def get_config():
    """Returns the config of the final training on Penn Treebank."""
    config = default_train_config()
    config.task.name = 'ptb'
    config.child.epochs = 4000
    return config
