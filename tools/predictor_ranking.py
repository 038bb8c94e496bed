"""Ranking quality of NAO's predictor on a table: Kendall's tau on all cells that it was not fitted to.

    python tools/predictor_ranking.py --table=FILE --valid=c10v_valid200 --sizes=78,156,469 --draws=20

Each draw fits a new controller to that many classes, drawn uniformly, and predicts the others; the predictor is the one
that chooses inside the search (f on the embedding; the posterior's mean under `posterior='process'`). tau-b, its mean
and standard error over the draws.
"""

from __future__ import annotations

import sys
import time

import numpy as np
import scipy.stats
import tensorflow as tf
from absl import app, flags

from nao_tf.benchmarks.problem import Cells
from nao_tf.benchmarks.table import Table
from nao_tf.controller.controller import Controller
from nao_tf.controller.presets import PRESETS, preset

FLAGS = flags.FLAGS
flags.DEFINE_string('table', None, 'file of the table', required=True)
flags.DEFINE_string('valid', 'c10v_valid200', 'column that is fitted and ranked')
flags.DEFINE_list('sizes', ['156'], 'classes that a controller is fitted to')
flags.DEFINE_integer('draws', 20, 'of each size', lower_bound=2)
flags.DEFINE_integer('seed', 0, 'of the draws and the controllers', lower_bound=0)
flags.DEFINE_enum('preset', 'default', sorted(PRESETS), 'of the controller')


def tau_of(cells: Cells, size: int, draw: int) -> tuple[float, float]:
    """Returns tau-b on the classes that were not drawn, and the seconds of the fit.

    Args:
        cells: of the table.
        size: classes that the controller is fitted to.
        draw: number of the draw, from 0.
    """
    classes = sorted(cells.rows)
    scores = np.array([cells.valid[cells.rows[cell]] for cell in classes])
    order = np.random.default_rng([FLAGS.seed, size, draw]).permutation(len(classes))
    fitted, others = order[:size], order[size:]
    controller = Controller(cells.space, preset(FLAGS.preset), seed=FLAGS.seed + draw)
    started = time.perf_counter()
    controller.fit([classes[index] for index in fitted], scores[fitted])
    seconds = time.perf_counter() - started
    predicted = controller.predict([classes[index] for index in others])
    return float(scipy.stats.kendalltau(predicted, scores[others]).statistic), seconds


def main(arguments: list[str]) -> None:
    """Prints a line for each size."""
    del arguments
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    table = Table.open(FLAGS.table)
    if FLAGS.valid not in table.columns:
        sys.exit(f'--valid is {FLAGS.valid!r}; the columns are {", ".join(table.columns)}')
    cells = Cells.of_table(table, valid=FLAGS.valid, test=FLAGS.valid)
    print(f'{table.space.name}, {len(cells.rows):,} classes, {FLAGS.valid}; preset {FLAGS.preset}; {FLAGS.draws} draws')
    for size in map(int, FLAGS.sizes):
        results = np.array([tau_of(cells, size, draw) for draw in range(FLAGS.draws)])
        mean, error = results[:, 0].mean(), results[:, 0].std(ddof=1) / np.sqrt(FLAGS.draws)
        print(
            f'{size} classes: tau {mean:.3f} ± {error:.3f} (least {results[:, 0].min():.3f}), '
            f'{np.median(results[:, 1]):.1f} s a fit',
            flush=True,
        )


if __name__ == '__main__':
    app.run(main)
