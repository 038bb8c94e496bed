"""The paper's NAO-WS for a recurrent cell (A3 of the released code): 1,000 epochs of shared weights on Penn Treebank.

    nao search --config=configs/ptb_ws.py --data_dir=DATA --workdir=runs/ptb_ws

DATA is a folder with ptb.train.txt, ptb.valid.txt and ptb.test.txt, each as it is or with .gz. A pool of 1,000 cells,
a controller that starts warm after every 200 epochs, 300 new and 50 uniform cells a round; width 300. The finalists and
the architectures that measure the ranking train for ten epochs at that width. Cost: 8 hours on a V100 by the released
code's account; never run here in full. Expected result: the paper reports 56.6 test perplexity for its winner, trained
at 850 units for 2,000 epochs (configs/ptb_final.py); this config is the search alone.
"""

from nao_tf.search.sharing.config import default_text_sharing_config


def get_config():
    """Returns the config of the paper's search with shared weights on Penn Treebank."""
    config = default_text_sharing_config()
    config.task.name = 'ptb'

    config.searcher.preset = 'released'
    config.searcher.controller.embedding = 48
    config.searcher.controller.hidden = 96
    config.searcher.controller.predictor_hidden = (200, 200, 200, 200)
    config.searcher.controller.batch = 100

    config.child.hidden = 300
    config.child.epochs = 10
    return config
