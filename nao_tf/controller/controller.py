"""The controller: encoder, predictor and decoder of one space, trained together (Eq. 1) and climbed (Eq. 2)."""

from __future__ import annotations

import time
from collections.abc import Callable, Container, Sequence
from pathlib import Path

import numpy as np

from nao_tf.controller import process_gradient, storage
from nao_tf.controller.ascent import Ascent, Climbed, StepRule, Tries, ascend, drawn_states, moved_states, unit_noise
from nao_tf.controller.batches import SMALLEST_JUDGED, BatchSource, hold_out, token_array
from nao_tf.controller.calls import in_chunks
from nao_tf.controller.config import ControllerConfig
from nao_tf.controller.embedding import Embedding
from nao_tf.controller.fit_report import FitReport
from nao_tf.controller.models import build_models, initial_weights
from nao_tf.controller.presets import DEFAULT
from nao_tf.controller.process import Process
from nao_tf.controller.program import ROWS, program
from nao_tf.controller.scores import ScoreScale
from nao_tf.controller.training import train
from nao_tf.errors import InputError
from nao_tf.files import as_path
from nao_tf.spaces.architecture import Architecture
from nao_tf.spaces.base import SearchSpace


class Controller:
    """Encoder E, predictor f and decoder D of a space (sections 3.2 and 3.3).

    Args:
        space: what is searched.
        config: sizes, losses, training, step rule; `nao_tf.controller.presets` has the presets.
        seed: of initial weights, held-out split, batches and dropout.

    Attributes:
        encoder: the Keras model E.
        predictor: the Keras model f; its output is in normalised units (`scale` maps it back).
        decoder: the Keras model D.
        scale: the map between real scores and the predictor's units, from the last fit.
        process: the posterior that stands for f after a fit; None where the trained predictor does.
        evaluated: tokens [n, T] and scores [n] that it is conditioned on.
    """

    def __init__(self, space: SearchSpace, config: ControllerConfig = DEFAULT, *, seed: int = 0):
        self.space = space
        self.config = config
        self.seed = seed
        self.fits = 0
        self.scale = ScoreScale()
        self.process: Process | None = None
        self.evaluated: tuple[np.ndarray, np.ndarray] | None = None
        self.models = build_models(space, config)
        self.encoder, self.predictor, self.decoder = self.models
        self.models.assign(initial_weights(self.models, config, np.random.default_rng([seed, 0, 0])))
        self._embedding = Embedding(space, config, self.models, seed)

    def fit(self, architectures: Sequence[Architecture], scores: Sequence[float] | np.ndarray) -> FitReport:
        """Trains the three models on all evaluated architectures by Eq. (1) (Alg. 1, line 3).

        Every fit is a function of (seed, number of earlier fits, data) and, where `config.start` is `warm`, of the
        weights before.

        Args:
            architectures: n >= 1 evaluated architectures.
            scores: n finite scores, higher is better.

        Returns:
            The report of the fit.

        Raises:
            InputError: if there are none, the numbers differ, a score is not finite, or one is not of the space.
        """
        started = time.perf_counter()
        values = np.asarray(scores, np.float64).reshape(-1)
        if not len(architectures) or len(architectures) != len(values):
            raise InputError(f'fit needs one score for each architecture: {len(architectures)} and {len(values)} given')
        for bad in np.flatnonzero(~np.isfinite(values)):
            raise InputError(f'score {bad} of {len(values)} is {values[bad]}; scores are finite numbers')
        rng = np.random.default_rng([self.seed, 1, self.fits + 1])  # a key that ends in 0 is that without it
        tokens = token_array(self.space, architectures)
        rows, held = hold_out(self.space, architectures, self.config.held_out, rng)
        self.scale = ScoreScale.fit(self.config.scores, values[rows])  # of what is held out nothing is known
        if self.config.start == 'cold' and self.fits:
            fresh = np.random.default_rng([self.seed, 0, self.fits])
            self.models.assign(initial_weights(self.models, self.config, fresh))
        self.fits += 1
        targets = self.scale.forward(values[rows])
        source = BatchSource(self.space, self.config, tokens=tokens[rows], targets=targets, rng=rng)
        self.process = None
        start = self.models.flat()
        if self.config.posterior == 'none':
            judges = held if len(held) >= SMALLEST_JUDGED else held[:0]
            trained = train(self.space, self.config, start, source, tokens[judges], values[judges])
        else:
            trained, self.process = self._embedding.fit(start, source, tokens, values, rows=rows, held=held)
        self.models.assign(trained.weights)
        predicted, decoded = np.zeros(0), tokens[held]
        if len(held):
            review = program(self.space, self.config).review
            predicted, decoded = in_chunks(review, self.models.flat(), tokens[held])
            predicted = self._predict(tokens[held]) if self.process else predicted
        if self.process is not None:
            self._condition(tokens, values)
        seconds = time.perf_counter() - started
        return FitReport.of(trained, predicted, values[held], decoded, tokens[held], seconds=seconds)

    def condition(self, architectures: Sequence[Architecture], scores: Sequence[float] | np.ndarray) -> None:
        """Takes new scores into the posterior without training (`config.posterior='process'`).

        Args:
            architectures: all n evaluated architectures, those of the last fit among them.
            scores: n finite scores.
        """
        self._condition(token_array(self.space, architectures), np.asarray(scores, np.float64))

    def _condition(self, tokens: np.ndarray, scores: np.ndarray) -> None:
        assert self.process is not None
        self.evaluated = (tokens, scores)
        self.scale = ScoreScale.fit(self.config.scores, scores)
        self.process.fit(self._encode(tokens), self.scale.forward(scores))

    def restore_posterior(self, tokens: np.ndarray, scores: np.ndarray) -> None:
        """Makes the posterior of the present weights again, from tokens int32 [n, T] and scores [n]."""
        self._embedding = Embedding(self.space, self.config, self.models, self.seed)
        self.process = self._embedding.posterior(self.models.flat(), tokens, scores)
        self.evaluated = (tokens, scores)
        self.scale = ScoreScale.fit(self.config.scores, scores)

    def predict(self, architectures: Sequence[Architecture]) -> np.ndarray:
        """Returns f(E(x)) in units of the scores of the last fit, float64 [n]."""
        return self._predict(token_array(self.space, architectures))

    def encode(self, architectures: Sequence[Architecture]) -> np.ndarray:
        """Returns E(x), float32 [n, S, D], every state of unit length."""
        return self._encode(token_array(self.space, architectures))

    def decode(self, embeddings: np.ndarray) -> list[Architecture]:
        """Returns D(e) for embeddings [n, S, D]; every architecture is valid, whatever the embedding."""
        tokens = self._decode(np.asarray(embeddings, np.float32))
        return [Architecture(self.space.name, tuple(row)) for row in tokens.tolist()]

    def ascend(
        self,
        architectures: Sequence[Architecture],
        known: Container[Architecture] | Callable[[Architecture], bool] = frozenset(),
        *,
        per_parent: int = 1,
        tries: int | None = None,
        made: int = 0,
        rng: np.random.Generator | None = None,
        optimism: float = 0.0,
        uphill: bool = True,
    ) -> list[Ascent]:
        """Climbs from seed architectures to new ones by Eq. (2) (Alg. 1, lines 5 and 6).

        Args:
            architectures: the seeds, n of them.
            known: canonical architectures that are not new (a container, or a function that tells), such as all
                that were evaluated; the seeds themselves must be among them to be excluded.
            per_parent: new architectures wanted from each seed.
            tries: every seed makes exactly so many steps of growing size and all new architectures are returned; None
                for the config's rule, which stops at `per_parent`.
            made: tries that were made before: the step sizes go on from there.
            rng: of the states that a try moves and of `step_noise`, with `tries`; the posterior does not score these
                tries, of which most may be known (NaN).
            optimism: weight of the posterior's deviation in what is climbed.
            uphill: along the gradient; else, with `rng`, steps of the same length in random directions from random
                states, which the ascent is compared with.

        Returns:
            One `Ascent` for each new architecture, seed by seed, and one without an architecture for each seed
            that was given up after `config.max_steps` step sizes.
        """
        config = self.config
        compiled = program(self.space, config)
        flat = self.models.flat()
        embeddings, gradient, before = in_chunks(compiled.slope, flat, token_array(self.space, architectures))
        if self.process is not None:
            gradient, before = self.process.slope(embeddings, optimism), self.process.mean(embeddings)
        steepness = np.linalg.norm(gradient, axis=-1)
        if config.step_unit == 'length':
            gradient = gradient / np.maximum(steepness, 1e-12)[..., None]
        choose = moved_states(embeddings, gradient, self.config.step_states, pool=self.config.step_pool)
        if tries is not None and rng is not None:
            choose = drawn_states(steepness if uphill else np.ones_like(steepness), config.step_states, rng)

        def climb(tries: Tries) -> Climbed:
            moved = choose(tries)
            direction = gradient[tries.seeds]
            if rng is not None:
                direction = direction + config.step_noise * unit_noise(direction.shape, rng)
                if not uphill:
                    length = np.linalg.norm(direction, axis=-1, keepdims=True)
                    direction = length * unit_noise(direction.shape, rng)
            decoded, target, encoded, after, predicted = in_chunks(
                compiled.climb, flat, embeddings[tries.seeds], direction, tries.sizes, moved
            )
            if self.process is not None:
                unscored = np.full(len(target), np.nan)
                after, predicted = (self.process.mean(part) if rng is None else unscored for part in (target, encoded))
            back = self.scale.back
            return Climbed(decoded, back(before[tries.seeds]), back(after), back(predicted))

        rule = StepRule(config.step_first, config.step_increment, config.max_steps, config.candidates)
        if tries is not None:
            first = config.step_first + made * config.step_increment
            rule, per_parent = StepRule(first, config.step_increment, tries), tries
        return ascend(self.space, architectures, climb=climb, rule=rule, known=known, per_parent=per_parent, rows=ROWS)

    def optimistic(self, architectures: Sequence[Architecture], optimism: float) -> np.ndarray:
        """Returns the posterior's mean + optimism * deviation, float64 [n], in the predictor's units."""
        assert self.process is not None
        return self.process.optimistic(self.encode(architectures), optimism)

    def choose(self, architectures: Sequence[Architecture], count: int, optimism: float) -> list[int]:
        """Returns the indices of the `count` architectures that are best evaluated next, by the posterior."""
        assert self.process is not None
        return self.process.choose(self.encode(architectures), count, optimism)

    def save(self, directory: str | Path) -> None:
        """Writes the three Keras models and the controller's state; a stop in between leaves the old ones whole."""
        storage.save(self, as_path(directory))

    def load(self, directory: str | Path) -> None:
        """Continues from what `save` wrote.

        Raises:
            InputError: if nothing was saved there, or by a controller of another space or config.
        """
        storage.load(self, as_path(directory))

    @property
    def traces(self) -> int:
        """How often this controller's programs were traced in this process; constant over the rounds of a search."""
        return program(self.space, self.config).traces() + process_gradient.traces()

    def _predict(self, tokens: np.ndarray) -> np.ndarray:
        compiled = program(self.space, self.config)
        if self.process is not None:
            return self.scale.back(self.process.mean(self._encode(tokens)))
        return self.scale.back(in_chunks(compiled.predict, self.models.flat(), tokens)[0])

    def _encode(self, tokens: np.ndarray) -> np.ndarray:
        return in_chunks(program(self.space, self.config).encode, self.models.flat(), tokens)[0]

    def _decode(self, embeddings: np.ndarray) -> np.ndarray:
        return in_chunks(program(self.space, self.config).decode, self.models.flat(), embeddings)[0]
