"""A KerasTuner search without training, as a program that tests can kill or run as chief and workers.

python black_box.py DIRECTORY SEARCHER [die_after=N] [seconds=S]
"""

import math
import os
import signal
import sys
import time

import keras_tuner

from nao_tf import NAOOracle, SearcherOracle
from nao_tf.searchers.evolution import Evolution


class BlackBox(keras_tuner.HyperModel):
    """A function of a choice, a condition, an integer and a logarithmic float; some values fail."""

    def build(self, hp):
        hp.Fixed('always', 1)
        kind = hp.Choice('kind', ['a', 'b', 'c'])
        rate = hp.Float('rate', 1e-4, 1e-1, sampling='log')
        width = hp.Int('width', 8, 256, step=8)
        with hp.conditional_scope('kind', ['b']):
            deep = hp.Boolean('deep')
        if kind == 'c' and width > 128:
            raise ValueError('too wide')
        # Few levels: equal scores are common.
        return round(-abs(math.log10(rate) + 2) - abs(width - 100) / 100 + (0.5 if kind == 'b' and deep else 0), 1)


class Tuner(keras_tuner.Tuner):
    """Returns what `build` returns, and can kill its own process in a trial."""

    die_after = None
    seconds = 0.0
    begun = 0

    def run_trial(self, trial, *args, **options):
        self.begun += 1
        if self.begun == self.die_after:
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(self.seconds)
        return {'score': float(self.hypermodel.build(trial.hyperparameters))}

    def save_model(self, trial_id, model, step=0):
        """Nothing to save."""


QUICK = {'epochs': 4, 'least_steps': 0, 'embedding': 8, 'hidden': 16, 'batch': 16}


def make_oracle(searcher, **options):
    options = {'objective': keras_tuner.Objective('score', 'max'), 'max_trials': 24, 'seed': 3,
               'max_consecutive_failed_trials': 20} | options  # fmt: skip
    if searcher == 'nao':
        return NAOOracle(initial=8, per_round=4, seeds=4, controller=QUICK, **options)
    if searcher == 'evolution':
        return SearcherOracle(
            lambda space, seed: Evolution(space, population=8, sample=3, batch=4, seed=seed), **options
        )
    return SearcherOracle(searcher, **options)


def make_tuner(directory, searcher, **options):
    tuner_options = {name: options.pop(name) for name in ('overwrite', 'project_name') if name in options}
    hypermodel = options.pop('hypermodel', None) or BlackBox()
    return Tuner(make_oracle(searcher, **options), hypermodel, directory=str(directory), **tuner_options)


def proposed(tuner):
    """Every trial's values, in the order in which trials were made."""
    return [tuner.oracle.trials[name].hyperparameters.values for name in sorted(tuner.oracle.trials)]


if __name__ == '__main__':
    directory, searcher, *settings = sys.argv[1:]
    tuner = make_tuner(directory, searcher)
    for setting in settings:
        name, value = setting.split('=')
        setattr(tuner, name, float(value))
    tuner.search(verbose=0)
