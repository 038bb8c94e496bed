"""What a long search costs beside its children: the time of a trial, open files and the disk, with instant children.

    python tools/long_run.py --trials=10,100,1000,5000 --searcher=random

The search is the real one from its config to its summary; its children score by a hash and cost nothing. The memory of
real children over a long search is what `tools/child_memory.py --search` measures.
"""

from __future__ import annotations

import hashlib
import io
import os
import tempfile
import time
from pathlib import Path

import psutil
from absl import app, flags
from rich.console import Console

FLAGS = flags.FLAGS
flags.DEFINE_list('trials', ['10', '100', '1000', '5000'], 'lengths of the searches')
flags.DEFINE_string('searcher', 'random', 'name of the searcher')
flags.DEFINE_integer('per_round', 20, 'proposals of a round')


def search(trials: int, folder: Path) -> tuple[float, float]:
    """Runs a search of so many instant children.

    Returns:
        Its seconds, and those of `propose` among them.
    """
    import nao_tf.search.run
    from nao_tf.evaluators.base import Evaluator
    from nao_tf.files import write_text
    from nao_tf.search.config import default_config
    from nao_tf.searchers.evaluation import Evaluation
    from nao_tf.tasks.make import make_task

    class Instant(Evaluator):
        """Scores by a hash of the architecture; its model is an empty file."""

        def evaluate(self, architecture):
            value = hashlib.sha256(str(architecture).encode()).digest()[0] / 255
            return Evaluation(architecture, value, metrics={'accuracy': value}, seconds=0.0, parameters=1)

        def save(self, path):
            write_text(path, '')

        def test_metrics(self, model):
            return {'accuracy': 0.0}

    config = default_config()
    config.task.name = 'digits'
    config.baseline = 'none'
    config.child.update({'auxiliary': False, 'cells_per_stage': 1})
    config.searcher.name = FLAGS.searcher
    initial = min(FLAGS.per_round, trials // 2)
    config.searcher.update({'initial': initial, 'per_round': FLAGS.per_round})
    config.searcher.rounds = -(-(trials - initial) // FLAGS.per_round)
    build_parts, crown = nao_tf.search.run.build_parts, nao_tf.search.run.crown

    def with_instant_children(*arguments):
        parts = build_parts(*arguments)
        parts.evaluator = Instant()
        return parts

    nao_tf.search.run.build_parts = with_instant_children
    nao_tf.search.run.crown = lambda *arguments: None  # there is no model that could be tested
    task = make_task({'name': 'digits'})
    started = time.perf_counter()
    try:
        result = nao_tf.search.run.run_search(config, folder, task=task, console=Console(file=io.StringIO()))
    finally:
        nao_tf.search.run.build_parts, nao_tf.search.run.crown = build_parts, crown
    assert result is not None
    return time.perf_counter() - started, sum(batch.seconds for batch in result.history.batches.values())


def main(argv: list[str]) -> None:
    """Searches of growing lengths, a line each."""
    del argv
    process = psutil.Process()
    with tempfile.TemporaryDirectory() as warm:
        search(4, Path(warm))  # what is done once: imports, the space's tables
    for trials in map(int, FLAGS.trials):
        with tempfile.TemporaryDirectory() as name:
            folder, before, user = Path(name), time.process_time(), process.memory_info().rss
            seconds, proposing = search(trials, folder)
            cpu = time.process_time() - before
            sizes = [file.stat().st_size for file in folder.rglob('*') if file.is_file()]
            print(
                f'{FLAGS.searcher}, {trials} trials: {1000 * seconds / trials:.1f} ms a trial, of it '
                f'{1000 * proposing / trials:.1f} ms of the searcher, {1000 * cpu / trials:.1f} ms of the processor; '
                f'{sum(sizes) / trials:.0f} bytes of disk a trial in {len(sizes)} files, '
                f'{process.num_fds()} open files, '
                f'{(process.memory_info().rss - user) / 2**20:+.0f} MiB',
                flush=True,
            )


if __name__ == '__main__':
    os.environ.setdefault('OMP_NUM_THREADS', '1')
    app.run(main)
