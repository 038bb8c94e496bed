"""What a search will take, measured on one child before it starts."""

from __future__ import annotations

import dataclasses
import time

import numpy as np

from nao_tf.evaluators.child import Child, Trainer
from nao_tf.spaces.architecture import Architecture
from nao_tf.training.classifier import release
from nao_tf.training.rewrites import graph_rewrites

TRIAL_BYTES = 1200  # journal bytes of one trial of a 60-token space: four lines
PROBE_STEPS = 8


@dataclasses.dataclass(frozen=True)
class Estimate:
    """The time and the disk of a search.

    Args:
        children: to train.
        seconds_per_child: build, training and evaluation.
        bytes: on disk at the end: journal, the best child of each arm, and the copy of the winner.
        parameters: of the child that was measured.
    """

    children: int
    seconds_per_child: float
    bytes: int
    parameters: int

    @property
    def seconds(self) -> float:
        """Of all children, one after the other; the searcher's own time comes on top."""
        return self.children * self.seconds_per_child


def estimate(evaluator: Child, children: int) -> Estimate:
    """Trains one random child for a few steps and extrapolates.

    Args:
        evaluator: of the search.
        children: still to be trained.

    Returns:
        An estimate; children differ by a factor of two or so, so it is a rough one.
    """
    architecture = evaluator.space.sample(np.random.default_rng(evaluator.seed))
    # A first, unmeasured build pays for what the process does only once.
    for _ in range(2):
        built, step, evaluation, trainer = _probe(evaluator, architecture)
        release()
    seconds = built + trainer.total_steps * step + trainer.evaluations * evaluation
    parameters = evaluator.parameters(architecture)
    return Estimate(children, seconds, children * TRIAL_BYTES + 3 * 4 * parameters, parameters)


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
