"""The paper's search for a recurrent cell (section 4.3): 850 units on Penn Treebank, 600 epochs a child.

    nao search --config=configs/ptb.py --data_dir=DATA --workdir=runs/ptb

DATA is a folder with ptb.train.txt, ptb.valid.txt and ptb.test.txt, each as it is or with .gz. The recipe of the
children is that of the released code, the controller that of the paper for recurrent cells. The paper gives neither the
random start nor the proposals of a round here; they are those of its image search. Cost: the paper used 200 P100 GPUs
for one and a half days. Never run here in full. Expected result: the paper reports 56.0 test perplexity for its winner
after 2,000 epochs; this config is the search alone.
"""

from nao_tf.search.config import default_text_config


def get_config():
    """Returns the config of the paper's search on Penn Treebank."""
    config = default_text_config()
    config.task.name = 'ptb'
    config.searcher.preset = 'paper'
    config.searcher.controller.embedding = 64
    config.searcher.controller.hidden = 128
    config.searcher.controller.predictor_hidden = (200,)
    config.searcher.controller.trade_off = 0.8
    return config
