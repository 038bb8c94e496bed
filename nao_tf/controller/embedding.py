"""Which embedding the posterior stands on: that of Eq. (1), or one that was learned without any score."""

from __future__ import annotations

import dataclasses

import numpy as np

from nao_tf.controller import metrics
from nao_tf.controller.batches import SMALLEST_JUDGED, BatchSource
from nao_tf.controller.calls import in_chunks
from nao_tf.controller.config import ControllerConfig
from nao_tf.controller.models import Models, initial_weights
from nao_tf.controller.process import Process
from nao_tf.controller.program import program
from nao_tf.controller.scores import ScoreScale
from nao_tf.controller.training import Trained, train
from nao_tf.spaces.base import SearchSpace

# A pool of so many scores shapes the encoder without being asked whether it should.
LARGE_POOL = 300
# Kendall's tau of the leave-one-out means under which an encoder without scores is not trusted.
TRUSTED = 0.35
REFERENCE = 256  # architectures whose embeddings give the units of the posterior's distance


class Embedding:
    """Trains the encoder that the posterior stands on.

    An encoder that was trained on few scores has fitted them: the posterior on its embedding is too sure of itself,
    and a search on it gets stuck. So where an encoder that never saw a score already explains the scores of a
    small pool (leave-one-out), it stays, until held-out scores are likelier under the trained one beyond their
    standard error. In large spaces it explains little, and the training is all there is.

    Args:
        space: what is searched.
        config: of the controller.
        models: give the shapes of the weights.
        seed: of everything drawn.
    """

    def __init__(self, space: SearchSpace, config: ControllerConfig, models: Models, seed: int):
        self.space = space
        self.config = config
        self.models = models
        self.seed = seed
        self._autoencoder: np.ndarray | None = None

    def fit(
        self,
        start: np.ndarray,
        source: BatchSource,
        tokens: np.ndarray,
        scores: np.ndarray,
        *,
        rows: np.ndarray,
        held: np.ndarray,
    ) -> tuple[Trained, Process]:
        """Trains by Eq. (1), or keeps the encoder that only reconstructs, whichever makes the better posterior.

        Args:
            start: weights to train from, float32 [P].
            source: of the batches.
            tokens: int32 [n, T].
            scores: float [n].
            rows: indices to train on.
            held: indices to judge on.

        Returns:
            The training, with no epochs for the encoder without scores, and the posterior on the rows trained on.
        """
        judges = held if len(held) >= SMALLEST_JUDGED else held[:0]

        def trained() -> tuple[Trained, Process]:
            result = train(self.space, self.config, start, source, tokens[judges], scores[judges])
            return result, self.posterior(result.weights, tokens[rows], scores[rows])

        if len(tokens) >= LARGE_POOL:
            return trained()
        without = Trained(self._without_scores(), 0.0, 0.0, np.zeros(2))
        process = self.posterior(without.weights, tokens[rows], scores[rows])
        trusted = metrics.kendall_tau(*process.leave_one_out()) >= TRUSTED  # false where all scores are equal (NaN)
        if not trusted:
            return trained()
        if not len(held):
            return without, process
        targets = ScoreScale.fit(self.config.scores, scores[rows]).forward(scores[held])
        result, rival = trained()
        gain = rival.log_density(self._encode(result.weights, tokens[held]), targets)
        gain -= process.log_density(self._encode(without.weights, tokens[held]), targets)
        if gain.mean() > gain.std() / np.sqrt(len(gain)):
            return result, rival
        return without._replace(losses=result.losses), process

    def posterior(self, weights: np.ndarray, tokens: np.ndarray, scores: np.ndarray) -> Process:
        """Returns the posterior on an encoder's embedding.

        Args:
            weights: of the three models, float32 [P].
            tokens: evaluated architectures, int32 [n, T].
            scores: float [n].
        """
        rng = np.random.default_rng([self.seed, 3])
        reference = np.array([self.space.sample(rng).tokens for _ in range(REFERENCE)], np.int32)
        process = Process(self._encode(weights, reference), points=self.config.points)
        process.fit(self._encode(weights, tokens), ScoreScale.fit(self.config.scores, scores).forward(scores))
        return process

    def _encode(self, weights: np.ndarray, tokens: np.ndarray) -> np.ndarray:
        return in_chunks(program(self.space, self.config).encode, weights, tokens)[0]

    def _without_scores(self) -> np.ndarray:
        """Returns weights that were trained by L_rec alone, on architectures without scores; made once."""
        if self._autoencoder is None:
            config = dataclasses.replace(
                self.config, unevaluated=1.0, epochs=1, least_steps=self.config.least_steps // 2
            )
            rng = np.random.default_rng([self.seed, 2])
            start = initial_weights(self.models, config, rng)
            drawn = np.array([self.space.sample(rng).tokens for _ in range(config.batch)], np.int32)
            targets = np.zeros(len(drawn), np.float32)
            source = BatchSource(self.space, config, tokens=drawn, targets=targets, rng=rng, interval=1)
            self._autoencoder = train(self.space, self.config, start, source, drawn[:0], np.zeros(0)).weights
        return self._autoencoder
