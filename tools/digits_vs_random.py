"""Does NAO beat random search with real children? The digits search over many seeds, with paired random starts.

    python tools/digits_vs_random.py --seeds=10 --output=runs/digits_vs_random

Each seed is one `nao search --config=configs/digits.py` with its own random start, which both arms share; then NAO
adds its rounds and the random arm as many cells. The paired differences over seeds get a bootstrap interval. Seeds
that are finished are only read; several of this program may work on one output (--first, --seeds).
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import scipy.stats
from absl import app, flags
from ml_collections import config_flags
from rich.console import Console
from rich.table import Table

FLAGS = flags.FLAGS
config_flags.DEFINE_config_file('config', 'configs/digits.py')
flags.DEFINE_integer('first', 0, 'first seed')
flags.DEFINE_integer('seeds', 10, 'number of seeds')
flags.DEFINE_string('output', 'runs/digits_vs_random', 'folder of the work directories')

WIDTH = 140  # of the table, also where the terminal is narrower or there is none
ROWS = {
    'mean validation score of the added cells': lambda summary, arm: summary['arms'][arm]['mean_added'],
    'best validation score': lambda summary, arm: summary['arms'][arm]['best_score'],
    'test score of the best': lambda summary, arm: summary['arms'][arm]['best_test'][summary['metric']],
}


def paired_interval(differences: np.ndarray, seed: int = 0) -> tuple[float, float]:
    """Returns the 95% bootstrap interval of the mean of paired differences (BCa; equal ends if all are equal)."""
    if np.ptp(differences) == 0:
        return float(differences[0]), float(differences[0])
    interval = scipy.stats.bootstrap(
        (differences,), np.mean, n_resamples=10_000, method='BCa', rng=np.random.default_rng(seed)
    ).confidence_interval
    return float(interval.low), float(interval.high)


def main(arguments: Sequence[str]) -> None:
    """Runs the seeds and prints the table."""
    if len(arguments) > 1:
        raise app.UsageError(f'unexpected argument {arguments[1]!r}')
    from nao_tf.search.run import run_search

    console = Console(highlight=False, soft_wrap=True)
    summaries = []
    for seed in range(FLAGS.first, FLAGS.first + FLAGS.seeds):
        config = FLAGS.config.copy_and_resolve_references()
        config.seed = seed
        config.baseline = 'random'
        result = run_search(config, Path(FLAGS.output) / f'seed_{seed:03d}', console=console)
        if result is not None:
            summaries.append(result.summary)
    table = Table(title=f'NAO beside random over {len(summaries)} seeds', title_justify='left')
    for name in ('figure', 'NAO', 'random', 'difference', '95% interval', 'NAO ahead', ''):
        table.add_column(name, no_wrap=True)
    for name, read in ROWS.items():
        nao, random = (np.array([read(summary, arm) for summary in summaries]) for arm in ('search', 'baseline'))
        low, high = paired_interval(nao - random)
        table.add_row(
            name,
            f'{nao.mean():.4f}',
            f'{random.mean():.4f}',
            f'{(nao - random).mean():+.4f}',
            f'{low:+.4f} to {high:+.4f}',
            f'{(nao > random).sum()} of {len(nao)}, {(nao == random).sum()} equal',
            'significant' if low > 0 or high < 0 else 'not significant',
        )
    Console(highlight=False, width=max(console.width, WIDTH)).print(table)


if __name__ == '__main__':
    app.run(main)
