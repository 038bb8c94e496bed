"""What a search will take, measured on one child before it starts."""

from __future__ import annotations

import dataclasses
import time

import numpy as np
import tensorflow as tf

from nao_tf.evaluators.trained_child import TrainedChild
from nao_tf.networks.cell_network import CellNetwork
from nao_tf.networks.cost import count_parameters
from nao_tf.spaces.cells import CellPair
from nao_tf.training.classifier import ClassifierTrainer, release
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


def estimate(evaluator: TrainedChild, children: int) -> Estimate:
    """Trains one random child for a few steps and extrapolates.

    Args:
        evaluator: of the search.
        children: still to be trained.

    Returns:
        An estimate; children differ by a factor of two or so, so it is a rough one.
    """
    training = evaluator.training
    cells = evaluator.space.cells(evaluator.space.sample(np.random.default_rng(evaluator.seed)))
    # A first, unmeasured build pays for what the process does only once.
    for _ in range(2):
        built, step, evaluation, total = _probe(evaluator, cells)
        release()
    evaluations = training.epochs if training.score == 'best' else 1
    seconds = built + total * step + evaluations * evaluation
    parameters = count_parameters(cells, evaluator.network_config)
    return Estimate(children, seconds, children * TRIAL_BYTES + 3 * 4 * parameters, parameters)


def _probe(evaluator: TrainedChild, cells: CellPair) -> tuple[float, float, float, int]:
    """Returns seconds of the build, of a step, of an evaluation, and the number of steps of a training."""
    training = evaluator.training
    started = time.perf_counter()
    trainer = ClassifierTrainer(
        CellNetwork(cells, evaluator.network_config, seed=0), evaluator.task, config=training, seed=0
    )
    with graph_rewrites(trainer.total_steps):
        seconds = []
        batches = evaluator.task.train_batches(training.batch_size, seed=0, steps=PROBE_STEPS)
        for number, (images, labels, weights) in enumerate(batches):
            before = time.perf_counter()
            trainer.step(images, labels, weights, tf.constant(number, tf.int32)).numpy()
            seconds.append(time.perf_counter() - before)
        trainer.probabilities(images)
        built = time.perf_counter() - started - sum(seconds[1:])
        before = time.perf_counter()
        trainer.evaluate('valid')
    return built, float(np.median(seconds[1:])), time.perf_counter() - before, trainer.total_steps
