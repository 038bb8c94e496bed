"""One process of trainings by several: python -m tests.support.train_worker FOLDER; TF_CONFIG says which one it is."""

import io
import json
import os
import sys
from pathlib import Path

from rich.console import Console

from nao_tf.errors import InputError
from nao_tf.final.config import default_image_train_config, default_train_config
from nao_tf.final.images import train_classifier
from nao_tf.final.run import train
from nao_tf.final.text import train_cell
from nao_tf.search.devices import set_threads
from nao_tf.training.distribution import Distribution
from nao_tf.training.strategy import make_strategy, task_of_cluster

DISTRIBUTION = Distribution('multi_worker_mirrored', steps_per_loop=3)


def image_config():
    """Returns a training of two epochs on digits."""
    config = default_image_train_config()
    config.space.module = str(Path(__file__).with_name('tiny_space.py'))
    config.architecture = 'node_2 conv 1x1 node_1 max_pool 3x3 node_2 conv 1x1 node_1 max_pool 3x3'
    config.threads = 1
    config.task.name = 'digits'
    config.task.validation = 0.5
    config.child.update(cells_per_stage=1, filters=2, auxiliary=False, epochs=2, batch_size=255, learning_rate=0.01)
    return config


def text_config():
    """Returns a training of two epochs on a little text."""
    config = default_train_config()
    config.threads = 1
    config.task.update(min_count=20, train_tokens=2000)
    config.child.update(hidden=6, epochs=2, batch_size=15, eval_batch_size=64, sequence_length=20, random_length=False)
    return config


def main():
    """Trains at one go and in two sessions; says what every training came to and printed."""
    folder = Path(sys.argv[1])
    number, _ = task_of_cluster()
    set_threads(1)
    make_strategy(DISTRIBUTION)
    found = []
    for kind, config, command in (('images', image_config(), train_classifier), ('text', text_config(), train_cell)):
        for name, hours in (('whole', None), ('parts', 1e-9), ('parts', None)):
            output = io.StringIO()
            summary = command(
                config, folder / f'{kind}_{name}_{number}', max_hours=hours,
                console=Console(file=output, width=200), distribution=DISTRIBUTION,
            )  # fmt: skip
            found.append((summary, output.getvalue()))
    config.child.epochs += number  # which the second refuses, so that the first is left alone
    try:
        train(config, folder / 'other', distribution=DISTRIBUTION, max_hours=1e-9)
    except InputError as error:
        found.append((None, str(error)))
    (folder / f'found_{number}.json').write_text(json.dumps(found))
    os._exit(0)  # as the threads of TensorFlow wait for a process that was refused


if __name__ == '__main__':
    main()
