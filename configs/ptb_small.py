"""A search on Penn Treebank that a CPU finishes: small children on the first 200,000 tokens of train.

    nao search --config=configs/ptb_small.py --data_dir=DATA --workdir=runs/ptb_small

DATA is a folder with ptb.train.txt, ptb.valid.txt and ptb.test.txt, each as it is or with .gz. The vocabulary is that
of all of train, and the perplexity is that of all of validation. Cost: 90 children in 1:57 hours of one core. Expected
result: NAO's rounds better than random ones on average, perplexities of about 375 at best (docs/results.md); the cell
is the result, not its perplexity.
"""

from nao_tf.search.config import default_text_config


def get_config():
    """Returns the config of the small search on Penn Treebank."""
    config = default_text_config()
    config.threads = 2
    config.baseline = 'random'

    config.task.name = 'ptb'
    config.task.train_tokens = 200_000

    config.child.hidden = 64
    config.child.epochs = 2
    config.child.batch_size = 32
    config.child.eval_batch_size = 64
    config.child.random_length = False
    config.child.embedding_dropout = 0.0  # two passes over the text leave nothing to regularise
    config.child.input_dropout = 0.0
    config.child.hidden_dropout = 0.0
    config.child.output_dropout = 0.0

    config.searcher.initial = 30
    config.searcher.rounds = 2
    config.searcher.per_round = 15
    config.searcher.seeds = 15
    return config
