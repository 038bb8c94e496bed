"""What a search will take, measured on one child before it starts, or on those that have ended."""

from __future__ import annotations

import dataclasses
import itertools
import time
from collections.abc import Callable, Sequence

import numpy as np

from nao_tf.evaluators.child import Child, Trainer
from nao_tf.search.history import Trial
from nao_tf.search.sharing.setup import Sharing
from nao_tf.spaces.architecture import Architecture
from nao_tf.spaces.base import SearchSpace
from nao_tf.training.classifier import release
from nao_tf.training.rewrites import graph_rewrites

TRIAL_BYTES = 1200  # journal bytes of one trial of a 60-token space: four lines
PROBE_STEPS = 8
WARM_SECONDS = 30.0  # after which a probe ends early
WARM_STEPS = 30  # of shared weights: a step is slow while it comes upon operations for the first time


@dataclasses.dataclass(frozen=True)
class Estimate:
    """The time and the disk of a search.

    Args:
        children: to train.
        seconds_per_child: build, training and evaluation.
        bytes: on disk at the end: journal, the best child of each arm, and the copy of the winner.
        measured: on what, in words.
    """

    children: int
    seconds_per_child: float
    bytes: int
    measured: str

    @property
    def seconds(self) -> float:
        """Of all children, one after the other; the searcher's own time comes on top."""
        return self.children * self.seconds_per_child


def estimate(evaluator: Child, children: int, space: SearchSpace) -> Estimate:
    """Trains one random child for a few steps and extrapolates.

    Args:
        evaluator: of the search.
        children: still to be trained.
        space: that they are drawn from.

    Returns:
        An estimate; children differ by a factor of two or so, so it is a rough one.
    """
    architecture = space.sample(np.random.default_rng(evaluator.seed))
    # A first, unmeasured build pays for what the process does only once.
    for _ in range(2):
        built, step, evaluation, trainer = _probe(evaluator, architecture)
        release()
    seconds = built + trainer.total_steps * step + trainer.evaluations * evaluation
    parameters = evaluator.parameters(architecture)
    return Estimate(children, seconds, size_on_disk(children, parameters), f'one of {parameters:,} parameters')


def estimate_from(ended: Sequence[Trial], children: int) -> Estimate:
    """Extrapolates from the children of a search that is continued.

    Args:
        ended: trials that were trained and have a score, at least one.
        children: still to be trained.

    Returns:
        An estimate by the median of their seconds.
    """
    evaluations = [trial.evaluation for trial in ended if trial.evaluation is not None]
    seconds = float(np.median([evaluation.seconds for evaluation in evaluations]))
    parameters = max(evaluation.parameters or 0 for evaluation in evaluations)
    return Estimate(children, seconds, size_on_disk(children, parameters), f'the {len(evaluations)} that were trained')


def size_on_disk(children: int, parameters: int) -> int:
    """Returns bytes of the journal of so many children and of the three models that are kept, of so many parameters."""
    return children * TRIAL_BYTES + 3 * 4 * parameters


def _probe(evaluator: Child, architecture: Architecture) -> tuple[float, float, float, Trainer]:
    """Returns seconds of the build, of a step and of an evaluation, and the training that was measured."""
    started = time.perf_counter()
    _, trainer = evaluator.start(architecture, 0)
    with graph_rewrites(trainer.total_steps):
        seconds = trainer.probe(PROBE_STEPS)
        built = time.perf_counter() - started - sum(seconds[1:])
        before = time.perf_counter()
        trainer.evaluate('valid')
    return built, float(np.median(seconds[1:] or seconds)), time.perf_counter() - before, trainer


@dataclasses.dataclass(frozen=True)
class SharedEstimate:
    """What shared weights will take.

    Args:
        steps: of all trainings.
        seconds_per_step: of one.
        scores: of all rounds.
        seconds_per_score: of one.
        bytes: of the checkpoint.
    """

    steps: int
    seconds_per_step: float
    scores: int
    seconds_per_score: float
    bytes: int

    @property
    def seconds(self) -> float:
        """Of all of it."""
        return self.steps * self.seconds_per_step + self.scores * self.seconds_per_score


def estimate_shared(sharing: Sharing) -> SharedEstimate:
    """Trains some steps, scores some architectures, and extrapolates.

    Args:
        sharing: whose weights are not those of a beginning afterwards.
    """
    weights, candidates = sharing.weights, sharing.candidates
    batches = itertools.chain.from_iterable(weights.batches(epoch, 0) for epoch in itertools.count())
    step = _seconds(lambda number: weights.train(next(batches), candidates.draw(number), number))
    score = _seconds(lambda number: weights.evaluate(candidates.draw(number)))
    return SharedEstimate(
        steps=sharing.epochs * weights.epoch_steps(0),
        seconds_per_step=step,
        scores=candidates.scores,
        seconds_per_score=score,
        bytes=sum(value.nbytes for value in weights.arrays().values()),
    )


def _seconds(call: Callable[[int], object]) -> float:
    """Returns what a call takes behind the first ones, the median of some."""
    seconds: list[float] = []
    while len(seconds) < WARM_STEPS + PROBE_STEPS and (len(seconds) < PROBE_STEPS + 2 or sum(seconds) < WARM_SECONDS):
        started = time.perf_counter()
        call(len(seconds))
        seconds.append(time.perf_counter() - started)
    return float(np.median(seconds[-PROBE_STEPS:]))
