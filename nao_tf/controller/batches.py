"""The training set on the host: symmetric copies, the held-out classes, and batches that drop nothing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nao_tf.controller.adam import BETA_1, BETA_2
from nao_tf.controller.config import STEPS, ControllerConfig
from nao_tf.controller.masks import prefix_states
from nao_tf.controller.program import Batches
from nao_tf.errors import InputError
from nao_tf.spaces.architecture import Architecture
from nao_tf.spaces.base import SearchSpace

SMALLEST_HELD_OUT = 5  # fewer held-out classes cannot rank anything
SMALLEST_JUDGED = 20  # fewer held-out architectures are reported on, and do not decide which weights are kept
MOST_DRAWN = 1000  # architectures without a score that one training draws
LARGEST_SHARE = 0.2  # where that many are a larger share than this, training does without any


def token_array(space: SearchSpace, architectures: Sequence[Architecture]) -> np.ndarray:
    """Returns the tokens of valid architectures, int32 [n, T].

    Raises:
        InputError: if one is not valid in the space.
    """
    for architecture in architectures:
        if architecture.space != space.name or len(architecture.tokens) != space.length:
            space.validate(architecture)
    tokens = np.array([architecture.tokens for architecture in architectures], np.int32).reshape(-1, space.length)
    inside = np.all((tokens >= 0) & (tokens < len(space.vocabulary)), axis=1)
    state = np.zeros(len(tokens), np.int32)
    for position in range(space.length):
        token = np.where(inside, tokens[:, position], 0)
        inside &= space.valid[position, state, token]
        state = space.next_state[state, token]
    for index in np.flatnonzero(~inside)[:1]:
        space.validate(architectures[index])
        raise InputError(f'architecture {architectures[index]} is not valid in space {space.name}')
    return tokens


def hold_out(
    space: SearchSpace, architectures: Sequence[Architecture], share: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Splits architectures into training and held-out rows; isomorphic ones stay on one side.

    Args:
        space: tells which architectures are the same.
        architectures: n architectures.
        share: of the classes to hold out; at least `SMALLEST_HELD_OUT` classes, or none where these would be more than
            `LARGEST_SHARE`, or where the share is 0.
        rng: the source of randomness.

    Returns:
        Indices of the training rows and of the held-out rows.
    """
    classes: dict[Architecture, int] = {}
    rows = np.array([classes.setdefault(space.canonical(x), len(classes)) for x in architectures])
    count = max(round(share * len(classes)), SMALLEST_HELD_OUT)
    if not share or LARGEST_SHARE * len(classes) < SMALLEST_HELD_OUT:
        return np.arange(len(rows)), np.arange(0)
    held = np.isin(rows, rng.permutation(len(classes))[:count])
    return np.flatnonzero(~held), np.flatnonzero(held)


class BatchSource:
    """Draws batches without end: permutations of the training set, one after the other, cut into batches.

    A batch that reaches past the end of one permutation goes on in the next, so that nothing is ever dropped.

    Args:
        space: gives the symmetric copies and the masks' states.
        config: gives batch, symmetry, learning rate and schedule. Symmetries `doubled` and `online` need nodes of two
            branches that can be exchanged (section 3.2); without them the cells are used as they are.
        tokens: int [n, T], n >= 1.
        targets: float32 [n].
        rng: the source of randomness.
        interval: steps from one L_rec to the next, at most the config's; None for the config's.
    """

    def __init__(
        self,
        space: SearchSpace,
        config: ControllerConfig,
        *,
        tokens: np.ndarray,
        targets: np.ndarray,
        rng: np.random.Generator,
        interval: int | None = None,
    ):
        if config.symmetry == 'doubled' and len(space.branch_swaps):
            tokens = np.concatenate([tokens, space.random_symmetry(tokens, rng)])
            targets = np.concatenate([targets, targets])
        self.space = space
        self.config = config
        self.tokens = tokens
        self.targets = targets
        self.rng = rng
        self.interval = interval or config.decoder_interval
        self.steps_per_epoch = -(-len(tokens) // config.batch)
        self.total_steps = max(config.epochs * self.steps_per_epoch, config.least_steps)
        self.step = 0
        self._order = np.arange(0)
        self._drawn = np.zeros((0, space.length), np.int32)

    def rates(self) -> np.ndarray:
        """Returns Adam's step sizes with its bias corrections for the next STEPS steps, float32 [K]."""
        step = self.step + np.arange(STEPS)
        rates = np.full(STEPS, self.config.learning_rate)
        if self.config.schedule == 'cosine':
            rates *= 0.5 * (1 + np.cos(np.pi * np.minimum(step / self.total_steps, 1)))
        rates *= np.sqrt(1 - BETA_2 ** (step + 1)) / (1 - BETA_1 ** (step + 1))
        return np.where(step >= self.total_steps, 0, rates).astype(np.float32)

    def draw(self) -> Batches:
        """Returns the next STEPS batches."""
        count = STEPS * self.config.batch
        while len(self._order) < count:
            self._order = np.concatenate([self._order, self.rng.permutation(len(self.tokens))])
        rows, self._order = self._order[:count], self._order[count:]
        tokens = self.tokens[rows]
        weights = np.ones(count, np.float32)
        if self.config.unevaluated:
            # L_rec joins at the first of every `interval` steps.
            places = np.zeros((STEPS, self.config.batch), bool)
            places[:: self.interval, : round(self.config.unevaluated * self.config.batch)] = True
            fresh = places.reshape(-1)
            tokens[fresh] = self._unevaluated(int(fresh.sum()))
            weights[fresh] = 0.0
        if self.config.symmetry == 'online' and len(self.space.branch_swaps):
            tokens = self.space.random_symmetry(tokens, self.rng)
        elif self.config.symmetry == 'isomorphic':
            tokens = self.space.random_isomorph(tokens, self.rng)
        states = prefix_states(self.space, tokens)
        rates = self.rates()
        seeds = self.rng.integers(2**31 - 64, size=(STEPS, 2), dtype=np.int32)
        self.step += STEPS
        shape = (STEPS, self.config.batch)
        return Batches(
            tokens.reshape(*shape, -1).astype(np.int32),
            states.reshape(*shape, -1),
            self.targets[rows].reshape(shape),
            weights.reshape(shape),
            np.asarray(self.interval, np.int32),
            rates,
            seeds,
        )

    def _unevaluated(self, count: int) -> np.ndarray:
        """Returns tokens of architectures drawn from the space, int [count, T]; each is used in several batches."""
        if len(self._drawn) < MOST_DRAWN:
            fresh = [self.space.sample(self.rng).tokens for _ in range(min(count, MOST_DRAWN - len(self._drawn)))]
            self._drawn = np.concatenate([self._drawn, np.array(fresh, np.int32)])
        return self._drawn[self.rng.integers(len(self._drawn), size=count)]
