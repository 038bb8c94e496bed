"""NAO beside KerasTuner's own tuners on tuning problems whose every configuration was measured (docs/kerastuner.md).

    OMP_NUM_THREADS=1 python tools/compare_tuners.py --problems=digits_cnn,cancer_mlp,diabetes_trees \
        --tuners=random,bayesian,nao --seeds=20 --output=runs/tuners

Every run is KerasTuner's own search loop with its oracle, files and all; a trial is a look-up in the table of
`tools/tabulate_tuning.py`. A configuration that is tried twice costs two trials. At the end stands the best score after
25, 50 and 100 trials: its mean over the seeds, and the 95% bootstrap interval of that mean. Runs that are in the output
folder are only read, so several of this program may share the work. With `--live` every trial is trained instead.
"""

import functools
import importlib
import json
import shutil
import tempfile
import time
import unittest.mock
from collections.abc import Callable, Sequence
from pathlib import Path

import keras_tuner
import numpy as np
import scipy.stats
from absl import app, flags
from consoles import make_console
from rich.table import Table as Printed
from threadpoolctl import threadpool_limits
from tuning.measure import measure

from nao_tf import NAOOracle, SearcherOracle
from nao_tf.benchmarks.table import Table
from nao_tf.evaluators.table import TableEvaluator
from nao_tf.files import write_text

FLAGS = flags.FLAGS
HERE = Path(__file__).parent
flags.DEFINE_list('problems', ['digits_cnn', 'cancer_mlp', 'diabetes_trees'], 'modules of tools/tuning/')
flags.DEFINE_list('tuners', ['random', 'bayesian', 'nao'], "KerasTuner's random and bayesian, nao, or any searcher")
flags.DEFINE_string('tables', str(HERE / 'tuning' / 'tables'), 'folder of the tables')
flags.DEFINE_integer('seeds', 20, 'runs of each tuner')
flags.DEFINE_integer('trials', 100, 'of a run')
flags.DEFINE_bool('live', False, 'train every trial')
flags.DEFINE_string('output', 'runs/tuners', 'folder of the records')
REPORT_AT = (25, 50, 100)
# KerasTuner's n-th draw has the seed + n: seeds that are close to one another share most of their draws.
SPACING = 1_000_000


class Scored(keras_tuner.Tuner):
    """Scores trials by a function of their values; NaN is a failed trial.

    Args:
        score: of the values of the hyper-parameters.
        options: of the tuner.
    """

    def __init__(self, score: Callable[[dict], float], **options):
        super().__init__(**options)
        self.score = score
        self.seconds = 0.0  # between trials: of the oracle, and of KerasTuner's files
        self._left = time.perf_counter()

    def run_trial(self, trial, *args, **options) -> dict[str, float]:
        """Returns the score."""
        self.seconds += time.perf_counter() - self._left
        score = self.score(trial.hyperparameters.values)
        self._left = time.perf_counter()
        return {'score': score}


class Unchecked(keras_tuner.oracles.BayesianOptimizationOracle):
    """KerasTuner's oracle without scikit-learn's checks of arrays, which are most of its time and decide nothing."""

    def populate_space(self, trial_id: str) -> dict:
        """Returns what the oracle proposes."""

        def given(estimator, inputs, targets=None, **options):
            return inputs if targets is None else (inputs, targets)

        with unittest.mock.patch('sklearn.gaussian_process._gpr.validate_data', given):
            return super().populate_space(trial_id)


def make_oracle(name: str, space_of: keras_tuner.HyperParameters, seed: int) -> keras_tuner.Oracle:
    """Returns a tuner's oracle with its default settings."""
    options = {
        'objective': keras_tuner.Objective('score', 'max'), 'max_trials': FLAGS.trials, 'seed': seed,
        'hyperparameters': space_of, 'max_consecutive_failed_trials': FLAGS.trials,
    }  # fmt: skip
    if name == 'random':
        return keras_tuner.oracles.RandomSearchOracle(**options)
    if name == 'bayesian':
        return Unchecked(**options)
    return NAOOracle(**options) if name == 'nao' else SearcherOracle(name, **options)


def looked_up(problem) -> Callable[[dict], float]:
    """Returns the score of values by the table of a problem."""
    table = Table.open(Path(FLAGS.tables) / f'{problem.SPACE.name}.npz', space=problem.SPACE)
    evaluator = TableEvaluator(table, valid='score')
    return lambda values: evaluator.evaluate(table.space.from_values(values)).score


def run(problem, tuner_name: str, seed: int) -> dict:
    """Returns the record of one run: the score of every trial, in their order."""
    score = functools.partial(measure, problem) if FLAGS.live else looked_up(problem)
    hyperparameters = keras_tuner.HyperParameters()
    problem.HyperModel().declare_hyperparameters(hyperparameters)
    folder = tempfile.mkdtemp()
    try:
        oracle = make_oracle(tuner_name, hyperparameters, 1 + SPACING * seed)
        tuner = Scored(score, oracle=oracle, directory=folder)
        tuner.search(verbose=0)
        trials = [tuner.oracle.trials[name] for name in tuner.oracle.start_order]
    finally:
        shutil.rmtree(folder)
    scores = [trial.score if trial.status == 'COMPLETED' else None for trial in trials]
    different = len({json.dumps(trial.hyperparameters.values, sort_keys=True) for trial in trials})
    return {'scores': scores, 'different': different, 'seconds': tuner.seconds}


def best_after(record: dict, trials: int) -> float:
    """Returns the best score of the first trials."""
    return max((score for score in record['scores'][:trials] if score is not None), default=-np.inf)


def interval(values: np.ndarray) -> tuple[float, float]:
    """Returns the 95% bootstrap interval of the mean."""
    if np.ptp(values) == 0 or len(values) < 2:
        return float(values[0]), float(values[0])
    rng = np.random.default_rng(0)
    found = scipy.stats.bootstrap((values,), np.mean, n_resamples=10_000, method='percentile', rng=rng)
    return float(found.confidence_interval.low), float(found.confidence_interval.high)


def reported() -> list[int]:
    """Returns the numbers of trials after which the best score is shown."""
    return [trials for trials in REPORT_AT if trials <= FLAGS.trials] or [FLAGS.trials]


def report(name: str, records: dict[str, list[dict]]) -> Printed:
    """Returns the figures of one problem."""
    printed = Printed(title=name, title_justify='left')
    for column in ('tuner', 'runs', *(f'best of {trials}' for trials in reported()), 'different', 'ms a trial'):
        printed.add_column(column)
    for tuner, runs in records.items():
        cells = []
        for trials in reported():
            values = np.array([best_after(record, trials) for record in runs])
            low, high = interval(values)
            cells.append(f'{values.mean():.4f}' + (f' ({low:.4f} to {high:.4f})' if len(values) > 1 else ''))
        seconds = np.mean([record['seconds'] / len(record['scores']) for record in runs])
        different = np.mean([record['different'] for record in runs])
        printed.add_row(tuner, str(len(runs)), *cells, f'{different:.0f}', f'{1000 * seconds:.0f}')
    return printed


def main(arguments: Sequence[str]) -> None:
    """Runs what has no record, and prints the figures."""
    if len(arguments) > 1:
        raise app.UsageError(f'unexpected argument {arguments[1]!r}')
    console = make_console()
    for name in FLAGS.problems:
        problem = importlib.import_module(f'tuning.{name}')
        records: dict[str, list[dict]] = {tuner: [] for tuner in FLAGS.tuners}
        for seed in range(FLAGS.seeds):
            for tuner in FLAGS.tuners:
                path = Path(FLAGS.output) / name / f'{tuner}-{seed:03d}.json'
                if not path.exists():
                    with threadpool_limits(1):
                        write_text(path, json.dumps(run(problem, tuner, seed)))
                    console.print(f'{name}, {tuner}, seed {seed}')
                records[tuner].append(json.loads(path.read_text()))
        console.print(report(name, records))


if __name__ == '__main__':
    app.run(main)
