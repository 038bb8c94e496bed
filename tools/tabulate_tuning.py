"""Measures every configuration of a tuning problem once, and writes the table that searches are compared on.

    OMP_NUM_THREADS=1 python tools/tabulate_tuning.py --problem=digits_cnn --output=tools/tuning/tables/digits_cnn.npz

The problems are the files in `tools/tuning/`: digits_cnn, cancer_mlp, diabetes_trees. The column `score` is to be
maximised (a loss has its sign changed); NaN is a training that diverged. The tables in the repository were written by
this program; another machine's last digits may differ.
"""

import importlib
import time
from collections.abc import Sequence

import numpy as np
from absl import app, flags
from tqdm import tqdm
from tuning.measure import measure

from nao_tf.benchmarks.table import Table
from nao_tf.searchers.enumeration import canonical_cells

FLAGS = flags.FLAGS
PROBLEMS = ('digits_cnn', 'cancer_mlp', 'diabetes_trees')
flags.DEFINE_enum('problem', PROBLEMS[0], PROBLEMS, 'what is measured')
flags.DEFINE_string('output', None, 'file of the table (.npz)', required=True)


def main(arguments: Sequence[str]) -> None:
    """Measures and writes."""
    if len(arguments) > 1:
        raise app.UsageError(f'unexpected argument {arguments[1]!r}')
    problem = importlib.import_module(f'tuning.{FLAGS.problem}')
    cells = canonical_cells(problem.SPACE)
    started = time.process_time()
    scores = [measure(problem, problem.SPACE.values(cell)) for cell in tqdm(cells, mininterval=10)]
    seconds = time.process_time() - started
    columns = {'score': np.array(scores)}
    table = Table.of(problem.SPACE, cells, columns, source=f'tools/tabulate_tuning.py --problem={FLAGS.problem}')
    table.save(FLAGS.output)
    best = table.best('score')
    print(f'{len(cells):,} configurations in {seconds:.0f} s of CPU; {np.isnan(scores).sum()} diverged')
    print(f'best {scores[best]:.6g}: {problem.SPACE.values(table.architecture(best))}')


if __name__ == '__main__':
    app.run(main)
