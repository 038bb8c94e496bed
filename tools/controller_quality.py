"""Measures the controller on a synthetic score: ranking, recovery, ascent and speed, one line a space and seed.

    python tools/controller_quality.py --space=nao_cnn,enas_cnn --seeds=0,1,2 --preset=default --threads=1

The score is `tests/support/synthetic.py`. For each seed: 600 evaluated cells with noise, 300 held-out cells with noise
of which none is an isomorph of another; the controller is fitted to the 600 and ranks the 300; beside it the noise
ceiling (the noise-free score ranks them) and a linear model on one-hot tokens (ridge, its penalty by cross-validation).
Then the searcher `nao` proposes 300 cells from the 100 best evaluated ones, as it does in a search.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import sys
import time
from pathlib import Path

import nao_tf  # noqa: F401 - before TensorFlow, which reads what it sets

os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '2')
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import tensorflow as tf
from sklearn.linear_model import RidgeCV

from nao_tf.controller import metrics
from nao_tf.controller.controller import Controller
from nao_tf.controller.presets import PRESETS, preset
from nao_tf.searchers.evaluation import Evaluation
from nao_tf.searchers.nao import NAO
from nao_tf.spaces.registry import get_space
from tests.support import synthetic

PROPOSALS = 300


@dataclasses.dataclass(frozen=True)
class Result:
    """One line of the table.

    Args:
        accuracy: pairwise accuracy on the held-out cells.
        ceiling: that of the noise-free score.
        linear: that of the linear model.
        hamming: mean wrong tokens of the decoded held-out cells.
        gain: noise-free mean of the proposals less that of the cells they started from, in deviations of the score.
        proposals: cells that the ascent proposed.
        epochs: passes made.
        first_fit: seconds of the first fit, trace and compile included.
        fit: seconds of a second fit of a new controller, the searcher's.
        proposing: seconds of a round of 300 after warm-up, least of 5: candidates of the search's settings and choice.
        ascent: seconds of 300 cells from 100 seeds with no more candidates than they need, least of 5.
    """

    accuracy: float
    ceiling: float
    linear: float
    hamming: float
    gain: float
    proposals: int
    ascents: int
    epochs: float
    first_fit: float
    fit: float
    proposing: float
    ascent: float


def linear_accuracy(space, train, scores, held, held_scores) -> float:
    """Returns the pairwise accuracy of ridge regression on one-hot tokens."""

    def features(architectures):
        words = np.eye(len(space.vocabulary))[np.array([architecture.tokens for architecture in architectures])]
        return words.reshape(len(architectures), -1)

    model = RidgeCV(np.logspace(-2, 4, 25)).fit(features(train), scores)
    return metrics.pairwise_accuracy(model.predict(features(held)), held_scores)


def measure(
    space_name: str, seed: int, preset_name: str, *, evaluated: int = 600, held_out: int = 300, repeats: int = 5
) -> Result:
    """Fits a controller and returns what it reaches; the times of proposals are the least of some repeats."""
    space = get_space(space_name)
    score = synthetic.SyntheticScore(space, seed=seed)
    rng = np.random.default_rng(seed)
    train, held = synthetic.split(space, (evaluated, held_out), rng)
    scores, held_scores = score.evaluate(train, rng), score.evaluate(held, rng)
    controller = Controller(space, preset(preset_name), seed=seed)
    report = controller.fit(train, scores)
    tokens = np.array([architecture.tokens for architecture in held])
    decoded = np.array([architecture.tokens for architecture in controller.decode(controller.encode(held))])
    best = [train[index] for index in np.argsort(-scores)[:100]]
    searcher = NAO(
        space, initial=evaluated, per_round=PROPOSALS, seeds=len(best), controller=preset(preset_name), seed=seed
    )
    searcher.observe([Evaluation(space.canonical(x), float(y)) for x, y in zip(train, scores, strict=True)])
    chosen = [proposal for proposal in searcher.propose(PROPOSALS) if proposal.origin in ('ascent', 'mutation')]
    proposed = [proposal.architecture for proposal in chosen]
    second_fit = searcher.report['fit_seconds']
    known = {space.canonical(architecture) for architecture in train}
    seconds, simple = [], []
    for _ in range(repeats):
        searcher.propose(PROPOSALS)
        seconds.append(searcher.report['ascent_seconds'])
        started = time.perf_counter()
        searcher.controller.ascend(best, known, per_parent=PROPOSALS // len(best))
        simple.append(time.perf_counter() - started)
    gain = np.mean([score(x) for x in proposed]) - np.mean([score(x) for x in best]) if proposed else np.nan
    return Result(
        accuracy=metrics.pairwise_accuracy(controller.predict(held), held_scores),
        ceiling=metrics.pairwise_accuracy(np.array([score(x) for x in held]), held_scores),
        linear=linear_accuracy(space, train, scores, held, held_scores),
        hamming=metrics.hamming_distance(decoded, tokens),
        gain=float(gain / synthetic.DEVIATION),
        proposals=len(proposed),
        ascents=sum(proposal.origin == 'ascent' for proposal in chosen),
        epochs=report.epochs,
        first_fit=report.seconds,
        fit=second_fit,
        proposing=min(seconds),
        ascent=min(simple),
    )


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--space', default='enas_cnn,nao_cnn', help='names of convolutional spaces, with commas')
    parser.add_argument('--seeds', default='0,1,2', help='seeds of score, cells and controller, with commas')
    parser.add_argument('--preset', default='default', choices=sorted(PRESETS))
    parser.add_argument('--threads', type=int, default=1, help='threads of TensorFlow')
    arguments = parser.parse_args()
    tf.config.threading.set_intra_op_parallelism_threads(arguments.threads)
    tf.config.threading.set_inter_op_parallelism_threads(arguments.threads)
    titles = (
        'space',
        'seed',
        'pairs',
        'ceiling',
        'linear',
        'hamming',
        'gain',
        'new',
        'ascents',
        'epochs',
        'fit 1',
        'fit 2',
        'round',
        'ascent',
    )
    print(
        f'preset {arguments.preset}, {arguments.threads} thread(s); gain in deviations of the score, times in seconds'
    )
    print(('{:<11}' + '{:>8}' * (len(titles) - 1)).format(*titles))
    for space in arguments.space.split(','):
        for seed in arguments.seeds.split(','):
            result = measure(space, int(seed), arguments.preset)
            print(
                f'{space:<11}{seed:>8}{result.accuracy:>8.3f}{result.ceiling:>8.3f}{result.linear:>8.3f}'
                f'{result.hamming:>8.2f}{result.gain:>+8.2f}{result.proposals:>8d}{result.ascents:>8d}{result.epochs:>8.0f}'
                f'{result.first_fit:>8.1f}{result.fit:>8.1f}{result.proposing:>8.2f}{result.ascent:>8.3f}',
                flush=True,
            )


if __name__ == '__main__':
    main()
