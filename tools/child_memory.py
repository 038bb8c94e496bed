"""Does a search's memory grow with its children? Trains the smallest children in one process.

    python tools/child_memory.py --children=200            # the evaluator alone, child after child
    python tools/child_memory.py --children=200 --text     # recurrent children on a text
    python tools/child_memory.py --children=200 --search   # a whole `run_search`: journal, keeper and searcher too
    python tools/child_memory.py --children=1000 --search --first=100 --space_module=tools/one_node_space.py

Prints the resident memory after every tenth child, and how much it grew from child 20 (`--first`) to the last.
"""

import io
import tempfile
from collections.abc import Callable, Sequence

import ml_collections
import numpy as np
import psutil
from absl import app, flags

FLAGS = flags.FLAGS
flags.DEFINE_integer('children', 200, 'children to train')
flags.DEFINE_integer('first', 20, 'child from which on it should not grow')
flags.DEFINE_string('space_module', '', 'sets config.space.module, for images')
flags.DEFINE_bool('text', False, 'recurrent children on a text')
flags.DEFINE_bool('search', False, 'train them in a search rather than by the evaluator alone')
flags.DEFINE_string('searcher', 'random', 'of the search; nao fits its controller after the first half of the children')


class Memory:
    """The resident memory of this process after each child, in MiB."""

    def __init__(self) -> None:
        self.process = psutil.Process()
        self.mebibytes: list[float] = []

    def child_ended(self) -> None:
        """Takes down and prints the memory."""
        self.mebibytes.append(self.process.memory_info().rss / 2**20)
        if len(self.mebibytes) % 10 == 0:
            print(f'child {len(self.mebibytes)}: {self.mebibytes[-1]:.0f} MiB', flush=True)


def smallest() -> ml_collections.ConfigDict:
    """Returns the config of the smallest children."""
    from nao_tf.search.config import default_config, default_text_config

    config = default_text_config() if FLAGS.text else default_config()
    config.threads = 1
    if FLAGS.text:
        config.task.name = 'pydoc'
        config.task.update({'min_count': 20, 'train_tokens': 2000})
        config.child.update({'hidden': 8, 'epochs': 1, 'batch_size': 16, 'sequence_length': 20, 'random_length': False})
    else:
        config.task.name = 'digits'
        config.space.module = FLAGS.space_module
        config.child.update({'cells_per_stage': 1, 'filters': 2, 'auxiliary': False, 'drop_path_keep': 1.0})
        config.child.update({'epochs': 1, 'batch_size': 256, 'score': 'last'})
    return config


def train(memory: Memory) -> None:
    """Trains random children by the evaluator alone."""
    from nao_tf.search.children import make_child
    from nao_tf.spaces.registry import get_space
    from nao_tf.tasks.make import make_task

    config = smallest()
    space = get_space('' if FLAGS.space_module else config.space.name, module=FLAGS.space_module)
    evaluator = make_child(config, make_task(config.task), space)
    rng = np.random.default_rng(0)
    for _ in range(FLAGS.children):
        evaluator.evaluate(space.canonical(space.sample(rng)))
        memory.child_ended()


def search(memory: Memory) -> None:
    """Runs a search whose console counts the children."""
    from rich.console import Console

    from nao_tf.search.run import run_search

    config = smallest()
    config.searcher.name = FLAGS.searcher
    config.searcher.initial = config.searcher.per_round = FLAGS.children // 2
    config.searcher.seeds = min(FLAGS.children // 2, 100)
    config.searcher.rounds = 1
    with tempfile.TemporaryDirectory() as folder:
        run_search(config, folder, console=Console(file=Lines(memory.child_ended), width=200))


class Lines(io.StringIO):
    """A terminal that calls a function for every line of a trial that ended, and keeps nothing."""

    def __init__(self, on_trial: Callable[[], None]):
        super().__init__()
        self.on_trial = on_trial

    def write(self, text: str) -> int:
        if text.startswith('trial '):
            self.on_trial()
        return len(text)


def main(arguments: Sequence[str]) -> None:
    """Trains the children and prints the memory."""
    if len(arguments) > 1:
        raise app.UsageError(f'unexpected argument {arguments[1]!r}')
    memory = Memory()
    (search if FLAGS.search else train)(memory)
    if len(memory.mebibytes) > FLAGS.first:
        first, last = memory.mebibytes[FLAGS.first - 1], memory.mebibytes[-1]
        print(f'from child {FLAGS.first} to child {len(memory.mebibytes)}: {last / first - 1:+.1%}')


if __name__ == '__main__':
    app.run(main)
