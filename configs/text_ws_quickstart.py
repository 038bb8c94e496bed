"""NAO with shared weights for a recurrent cell, on Python's own documentation, which comes with Python.

    nao search --config=configs/text_ws_quickstart.py --workdir=runs/text_ws
    nao search --config=configs/text_ws_quickstart.py --config.searcher.name=reinforce --workdir=runs/text_enas
    nao search --config=configs/text_ws_quickstart.py --config.searcher.name=random --workdir=runs/text_random_ws

Expected result: three small language models trained on their own for one pass over the text, and how well the shared
scores rank; the cell is the result, not its perplexity.
"""

from nao_tf.search.sharing.config import default_text_sharing_config


def get_config():
    """Returns the config of the quickstart for text with shared weights."""
    config = default_text_sharing_config()
    config.threads = 2

    config.task.min_count = 3
    config.task.train_tokens = 40_000

    config.sharing.hidden = 48
    config.sharing.epochs = 4
    config.sharing.batch_size = 16
    config.sharing.sequence_length = 20
    config.sharing.random_length = False
    config.sharing.learning_rate = 2.0  # .25 is for a thousand epochs
    config.sharing.fresh = 4
    config.sharing.finalists = 3
    config.sharing.ranked = 10

    config.searcher.initial = 40
    config.searcher.rounds = 2
    config.searcher.per_round = 12
    config.searcher.seeds = 12
    config.searcher.reinforce.batch = 6  # a few updates; the default rate and decay are for thousands
    config.searcher.reinforce.learning_rate = 0.01
    config.searcher.reinforce.baseline_decay = 0.9

    config.child.hidden = 48
    config.child.epochs = 1
    config.child.batch_size = 16
    config.child.eval_batch_size = 64
    config.child.sequence_length = 20
    config.child.random_length = False
    for part in (config.sharing, config.child):
        part.embedding_dropout = 0.0  # a few passes over the text leave nothing to regularise
        part.input_dropout = 0.0
        part.hidden_dropout = 0.0
        part.output_dropout = 0.0
    return config
