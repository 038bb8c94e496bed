"""The quickstart for text: NAO finds a recurrent cell on Python's own documentation, which comes with Python.

    nao search --config=configs/text_quickstart.py --workdir=runs/text

44 children, 2:57 on two cores. Expected result: small language models after one pass over the text; the cell
is the result, not their perplexity.
"""

from nao_tf.search.config import default_text_config


def get_config():
    """Returns the config of the quickstart for text."""
    config = default_text_config()
    config.threads = 2
    config.baseline = 'random'

    config.task.min_count = 3
    config.task.train_tokens = 40_000

    config.child.hidden = 48
    config.child.epochs = 1
    config.child.batch_size = 16
    config.child.eval_batch_size = 64
    config.child.sequence_length = 20
    config.child.random_length = False
    config.child.embedding_dropout = 0.0  # one pass over the text leaves nothing to regularise
    config.child.input_dropout = 0.0
    config.child.hidden_dropout = 0.0
    config.child.output_dropout = 0.0

    config.searcher.initial = 20
    config.searcher.rounds = 2
    config.searcher.per_round = 6
    config.searcher.seeds = 6
    return config
