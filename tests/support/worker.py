"""One process of a search by several: python -m tests.support.worker FOLDER; TF_CONFIG says which one it is."""

import os
import sys
from pathlib import Path

import numpy as np

import nao_tf.evaluators.child
from nao_tf.errors import InputError
from nao_tf.search.config import default_config
from nao_tf.search.execution import Execution
from nao_tf.search.run import run_search
from nao_tf.training.classifier import ClassifierTrainer
from nao_tf.training.distribution import Distribution
from nao_tf.training.replicas import read_local
from nao_tf.training.strategy import make_strategy, task_of_cluster

DISTRIBUTION = Distribution('multi_worker_mirrored', steps_per_loop=2)


def config_of():
    """Returns a search of one child, of a space with few layers."""
    config = default_config()
    config.threads = 1
    config.task.name = 'digits'
    config.task.validation = 0.5
    config.space.module = str(Path(__file__).with_name('tiny_space.py'))
    config.child.update(
        cells_per_stage=1, filters=2, auxiliary=False, epochs=10, batch_size=255, learning_rate=0.01, score='last'
    )
    config.searcher.name = 'random'
    config.searcher.update(initial=1, rounds=0)
    return config


def main():
    """Runs the search; leaves the weights of the child and says where it began."""
    folder, made = Path(sys.argv[1]), []
    number, _ = task_of_cluster()
    nao_tf.evaluators.child.CHECKPOINT_SECONDS = 0.0
    make, load = Execution.child, ClassifierTrainer.load_checkpoint
    Execution.child = lambda *arguments: made.append(make(*arguments)) or made[-1]

    def load_and_tell(trainer, source):
        load(trainer, source)
        print(f'continued at step {trainer.course.step}', flush=True)

    ClassifierTrainer.load_checkpoint = load_and_tell
    try:
        run_search(
            config_of(), folder / ('run' if number == 0 else 'unused'), execution=Execution(distribution=DISTRIBUTION)
        )
    except InputError as error:
        print(f'refused: {error}', flush=True)
        os._exit(2)  # as the threads of TensorFlow wait for the process that is gone
    (child,) = made
    values = read_local(make_strategy(DISTRIBUTION), child.network.variables)
    names = [variable.path.replace('/', '.') for variable in child.network.variables]
    np.savez(folder / f'weights_{number}.npz', **dict(zip(names, values, strict=True)))


if __name__ == '__main__':
    main()
