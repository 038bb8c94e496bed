"""One process of searches with shared weights: python -m tests.support.sharing_worker FOLDER; see TF_CONFIG."""

import io
import json
import os
import sys
from pathlib import Path

from rich.console import Console

from nao_tf.search.devices import set_threads
from nao_tf.search.execution import Execution
from nao_tf.search.run import run_search
from nao_tf.search.sharing.config import default_sharing_config, default_text_sharing_config
from nao_tf.training.distribution import Distribution
from nao_tf.training.strategy import make_strategy, task_of_cluster

DISTRIBUTION = Distribution('multi_worker_mirrored')


def image_config():
    """Returns a search of a few small cells on digits."""
    config = default_sharing_config()
    config.space.module = str(Path(__file__).with_name('tiny_space.py'))
    config.task.name = 'digits'
    config.task.validation = 0.5
    config.sharing.update(
        cells_per_stage=1, filters=2, auxiliary=False, epochs=1, batch_size=128, eval_batch_size=200, restart_epochs=0,
        score_batches=3, finalists=1, ranked=0,
    )  # fmt: skip
    config.child.update(cells_per_stage=1, filters=2, auxiliary=False, epochs=1, batch_size=255, score='last')
    return config


def text_config():
    """Returns a search of a few cells on a little text."""
    config = default_text_sharing_config()
    config.task.update(min_count=20, train_tokens=2000)
    config.sharing.update(
        hidden=6, epochs=1, batch_size=7, eval_batch_size=64, sequence_length=20, random_length=False,
        score_segments=3, finalists=1, ranked=0,
    )  # fmt: skip
    config.child.update(hidden=6, epochs=1, batch_size=15, eval_batch_size=64, sequence_length=20, random_length=False)
    return config


def main():
    """Searches on images at one go, on a text also in two sessions; says what every search came to and printed."""
    folder = Path(sys.argv[1])
    number, _ = task_of_cluster()
    set_threads(1)
    make_strategy(DISTRIBUTION)
    found = []
    sessions = (('whole', None), ('parts', 1e-9), ('parts', None), ('parts', None))  # the last one finds it finished
    for kind, config, count in (('images', image_config(), 1), ('text', text_config(), 4)):
        config.threads = 1
        config.searcher.name = 'random'
        config.searcher.update(initial=4, rounds=1, per_round=2)
        for name, hours in sessions[:count]:
            output = io.StringIO()
            result = run_search(
                config, folder / f'{kind}_{name}_{number}', max_hours=hours,
                console=Console(file=output, width=200), execution=Execution(distribution=DISTRIBUTION),
            )  # fmt: skip
            summary = result and {name: result.summary[name] for name in ('best', 'sharing')}
            found.append((summary, output.getvalue()))
    (folder / f'found_{number}.json').write_text(json.dumps(found))
    os._exit(0)


if __name__ == '__main__':
    main()
