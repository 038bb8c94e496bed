"""How well can shared weights rank, and after how long? Kendall's tau for a fixed set of architectures.

    python tools/sharing_ranking.py --config=configs/digits_ws.py --cells=30 --seeds=3 --output=runs/ranking

The same random architectures are trained on their own (as `child` of the config says) with several seeds, and scored
by shared weights (as `sharing` says) of several seeds at `--looks` points of their training, whose steps draw from a
pool of `--pool` cells with these among them, or uniformly from the space with `--pool=0`. Two trainings of the same
cells do not agree either: tau between the seeds of the children bounds what any score can reach. Records in the output
folder are only read.
"""

import itertools
import statistics
from collections.abc import Sequence

import ml_collections
import numpy as np
import scipy.stats
from absl import app, flags
from consoles import make_console
from ml_collections import config_flags
from records import check_settings, recorded
from rich.console import Console
from rich.table import Table

from nao_tf.spaces.architecture import Architecture

CELLS_SEED, DRAWS_SEED = 5, 100

FLAGS = flags.FLAGS
config_flags.DEFINE_config_file('config', 'configs/digits_ws.py')
flags.DEFINE_string('data_dir', None, 'sets config.task.data_dir')
flags.DEFINE_integer('cells', 30, 'architectures that are ranked')
flags.DEFINE_integer('seeds', 3, 'trainings of each, and of the shared weights')
flags.DEFINE_integer('pool', 60, 'cells that the steps draw from; 0: all of the space')
flags.DEFINE_integer('looks', 6, 'times that the shared weights are asked')
flags.DEFINE_string('output', 'runs/ranking', 'folder of the records')


def given_config(seed: int) -> ml_collections.ConfigDict:
    """Returns the config of one seed."""
    config = FLAGS.config.copy_and_resolve_references()
    config.seed = seed
    if FLAGS.data_dir is not None:
        config.task.data_dir = FLAGS.data_dir
    return config


def children(parts, cells: Sequence[Architecture]) -> list[float]:
    """Returns the score of each architecture, trained on its own."""
    return [parts.evaluator.evaluate(cell).score for cell in cells]


def shared(config: ml_collections.ConfigDict, parts, cells: Sequence[Architecture]) -> list[dict]:
    """Returns steps, mean loss and scores at each look at one training of the shared weights."""
    from nao_tf.search.sharing.weights import make_shared

    weights = make_shared(config, parts)
    space, rng = parts.space, np.random.default_rng([config.seed, DRAWS_SEED])
    pool = [*cells, *(space.canonical(space.sample(rng)) for _ in range(FLAGS.pool - len(cells)))]
    epochs = (config.searcher.rounds + 1) * config.sharing.epochs
    looks = {round(epochs * look / FLAGS.looks) for look in range(1, FLAGS.looks + 1)}
    found, losses, step = [], [], 0
    for epoch in range(epochs):
        for batch in weights.batches(epoch, 0):
            cell = pool[rng.integers(len(pool))] if FLAGS.pool else space.canonical(space.sample(rng))
            losses.append(weights.train(batch, cell, step))
            step += 1
        if epoch + 1 in looks:
            scores = [weights.evaluate(cell).score for cell in cells]
            found.append({'steps': step, 'loss': float(np.mean(losses)), 'scores': scores})
            losses = []
    return found


def tau(one: Sequence[float], other: Sequence[float]) -> float:
    """Returns Kendall's tau of two lists of scores."""
    return float(scipy.stats.kendalltau(one, other).statistic)


def report(alone: Sequence[Sequence[float]], looks: Sequence[Sequence[dict]], console: Console) -> None:
    """Prints how the scores agree."""
    mean = np.mean(alone, axis=0)
    pairs = [tau(one, other) for one, other in itertools.combinations(alone, 2)]
    within, between = np.sqrt(np.var(alone, axis=0, ddof=1).mean()), mean.std(ddof=1)
    agree = ', '.join(f'{value:+.2f}' for value in pairs) or '-'
    console.print(
        f'children: tau between two seeds {agree}; deviation of a cell from seed to seed {within:.4f}, '
        f'of the means of cells {between:.4f}, which chance alone makes {within / len(alone) ** 0.5:.4f}'
    )
    table = Table(title='shared weights', title_justify='left')
    for column in ('steps', 'loss', 'mean score', 'tau with the mean of the children', 'tau between two seeds'):
        table.add_column(column)
    for at in zip(*looks, strict=True):
        scores = [look['scores'] for look in at]
        taus = [tau(mean, score) for score in scores]
        between_seeds = [tau(one, other) for one, other in itertools.combinations(scores, 2)]
        table.add_row(
            f'{at[0]["steps"]:,}',
            f'{statistics.fmean(look["loss"] for look in at):.3f}',
            f'{np.mean(scores):.3f}',
            f'{", ".join(f"{value:+.2f}" for value in taus)} (mean {statistics.fmean(taus):+.2f})',
            ', '.join(f'{value:+.2f}' for value in between_seeds) or '-',
        )
    console.print(table)


def main(arguments: Sequence[str]) -> None:
    """Makes the records that are missing, and prints what they say."""
    if len(arguments) > 1:
        raise app.UsageError(f'unexpected argument {arguments[1]!r}')
    if FLAGS.pool and FLAGS.pool < FLAGS.cells:
        raise app.UsageError(f'--pool={FLAGS.pool} is smaller than --cells={FLAGS.cells}')
    from nao_tf.search.config import flatten
    from nao_tf.search.setup import build_parts, set_threads
    from nao_tf.tasks.make import make_task

    console = make_console()
    alone, looks = [], []
    set_threads(FLAGS.config.threads)
    recipe = {name: value for name, value in flatten(FLAGS.config).items() if name not in ('seed', 'task.data_dir')}
    check_settings(FLAGS.output, {**recipe, 'cells': FLAGS.cells, 'looks': FLAGS.looks}, console)
    for seed in range(FLAGS.seeds):
        config = given_config(seed)
        parts = build_parts(config, make_task(config.task))
        rng = np.random.default_rng(CELLS_SEED)
        cells = [parts.space.canonical(parts.space.sample(rng)) for _ in range(FLAGS.cells)]
        alone.append(recorded(FLAGS.output, f'children-{seed}', lambda p=parts, c=cells: children(p, c), console))
        name = f'shared-{FLAGS.pool}-{seed}'
        looks.append(recorded(FLAGS.output, name, lambda f=config, p=parts, c=cells: shared(f, p, c), console))
    report(alone, looks, console)


if __name__ == '__main__':
    app.run(main)
