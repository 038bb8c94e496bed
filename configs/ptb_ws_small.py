"""NAO with shared weights for a recurrent cell, on 100,000 tokens of Penn Treebank, of a size that a CPU finishes.

    nao search --config=configs/ptb_ws_small.py --data_dir=DATA --workdir=runs/ptb_ws_small

DATA is a folder with ptb.train.txt, ptb.valid.txt and ptb.test.txt, each as it is or with .gz. Words that stand fewer
than fifty times in train are <unk>, so perplexities are lower than those of the full vocabulary and only compare with
one another. With --config.searcher.name=reinforce it is ENAS, with random Random-WS. Cost: 18 to 21 minutes of one
core. Expected result: a cell of test perplexity 132 to 144, and shared scores that hardly rank (docs/results.md).
"""

from nao_tf.search.sharing.config import default_text_sharing_config


def get_config():
    """Returns the config of the small search with shared weights on Penn Treebank."""
    config = default_text_sharing_config()
    config.threads = 2

    config.task.name = 'ptb'
    config.task.min_count = 50
    config.task.train_tokens = 100_000

    config.sharing.hidden = 64
    config.sharing.epochs = 6
    config.sharing.batch_size = 32
    config.sharing.score_segments = 10
    config.sharing.random_length = False
    config.sharing.learning_rate = 5.0  # .25 is for a thousand epochs
    config.sharing.fresh = 6
    config.sharing.finalists = 5
    config.sharing.ranked = 12

    config.searcher.initial = 60
    config.searcher.rounds = 3
    config.searcher.per_round = 18
    config.searcher.seeds = 18
    config.searcher.reinforce.batch = 6  # a few updates; the default rate and decay are for thousands
    config.searcher.reinforce.learning_rate = 0.01
    config.searcher.reinforce.baseline_decay = 0.9

    config.child.hidden = 64
    config.child.epochs = 3
    config.child.batch_size = 32
    config.child.eval_batch_size = 64
    config.child.random_length = False
    for part in (config.sharing, config.child):
        part.embedding_dropout = 0.0  # a few passes over the text leave nothing to regularise
        part.input_dropout = 0.0
        part.hidden_dropout = 0.0
        part.output_dropout = 0.0
    return config
