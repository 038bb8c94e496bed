"""Does a search's memory grow with its children? Trains the smallest children one after the other in one process.

    python tools/child_memory.py --children=200

Prints the resident memory after every tenth child, and how much it grew from child 20 to the last.
"""

from collections.abc import Sequence

import numpy as np
import psutil
from absl import app, flags

FLAGS = flags.FLAGS
flags.DEFINE_integer('children', 200, 'children to train')


def main(arguments: Sequence[str]) -> None:
    """Trains the children and prints the memory."""
    if len(arguments) > 1:
        raise app.UsageError(f'unexpected argument {arguments[1]!r}')
    from nao_tf.evaluators.trained_child import TrainedChild
    from nao_tf.networks.config import NetworkConfig
    from nao_tf.spaces.registry import get_space
    from nao_tf.tasks.make import make_task
    from nao_tf.training.config import TrainConfig

    task = make_task({'name': 'digits'})
    space = get_space('nao_cnn')
    network = NetworkConfig(cells_per_stage=1, filters=2, image_shape=task.image_shape, classes=task.classes)
    training = TrainConfig(epochs=1, batch_size=256, score='last')
    evaluator = TrainedChild(task, space, network=network, training=training, seed=0)
    rng = np.random.default_rng(0)
    process = psutil.Process()
    memory = []
    for child in range(1, FLAGS.children + 1):
        evaluator.evaluate(space.canonical(space.sample(rng)))
        memory.append(process.memory_info().rss / 2**20)
        if child % 10 == 0:
            print(f'child {child}: {memory[-1]:.0f} MiB', flush=True)
    if len(memory) > 20:
        print(f'from child 20 to child {len(memory)}: {memory[-1] / memory[19] - 1:+.1%}')


if __name__ == '__main__':
    app.run(main)
