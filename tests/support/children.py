"""Children that cost nothing and behave badly on demand, for tests of executors; they need no TensorFlow."""

import functools
import hashlib
import os
import signal
import time
from pathlib import Path

from nao_tf.errors import InputError
from nao_tf.evaluators.base import Evaluator
from nao_tf.search.recipe import Recipe
from nao_tf.searchers.evaluation import Evaluation

MIB = 2**20


def hashed_score(architecture):
    """Returns a score in [0, 1] that is a function of the architecture."""
    return hashlib.sha256(str(architecture).encode()).digest()[0] / 255


class Scripted(Evaluator):
    """Scores an architecture by a hash of it; some architectures do something else first.

    Args:
        deeds: by the text of an architecture: hang, eat (memory), die, die_once, raise or refuse.
        folder: for notes of what was done, one file an attempt.
    """

    def __init__(self, deeds, folder):
        self.deeds = deeds
        self.folder = Path(folder)

    def evaluate(self, architecture):
        deed = self.deeds.get(str(architecture), '')
        earlier = len(list(self.folder.glob(f'{hash_name(architecture)}.*')))
        (self.folder / f'{hash_name(architecture)}.{earlier}').write_text(f'{os.getpid()}')
        if deed == 'hang':
            time.sleep(1000)
        elif deed == 'eat':
            eaten = [bytearray(64 * MIB) for _ in range(64)]
            raise AssertionError(f'ate {len(eaten)} pieces')
        elif deed == 'die' or (deed == 'die_once' and not earlier):
            os.kill(os.getpid(), signal.SIGKILL)
        elif deed == 'raise':
            raise RuntimeError('out of\nluck')
        elif deed == 'refuse':
            raise InputError('the data is gone')
        time.sleep(0.02)
        return Evaluation(architecture, hashed_score(architecture), metrics={'pid': float(os.getpid())})

    def save(self, path):
        path.write_text('a model')


def hash_name(architecture):
    """Returns a file name for an architecture."""
    return hashlib.sha256(str(architecture).encode()).hexdigest()[:16]


def recipe(deeds, folder):
    """Returns what makes the evaluator in a worker."""
    return Recipe(nothing, functools.partial(Scripted, deeds, folder))


def nothing():
    """Prepares nothing."""


def broken():
    """Cannot be made, as on a machine where something is not installed."""
    raise ModuleNotFoundError("No module named 'nao_tf_operations'")
