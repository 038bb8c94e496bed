"""SearchSpace: what may be searched, told without knowing who searches it."""

from __future__ import annotations

import abc
from collections.abc import Iterator, Sequence

import numpy as np

from nao_tf.errors import InputError
from nao_tf.spaces.architecture import Architecture
from nao_tf.spaces.notation import Notation


class SearchSpace(Notation, abc.ABC):
    """A finite set of architectures written as T tokens each.

    A subclass sets the attributes of `Language` and implements the abstract methods; everything else follows.

    Attributes:
        branch_length: tokens of one encoder step; T / branch_length = S branch steps.
        unlimited: of a space with limits of cost (`constrained.py`), the same without them; else None.
    """

    branch_length: int = 1
    unlimited: SearchSpace | None = None

    def admits(self, architecture: Architecture) -> bool:
        """Returns whether a canonical architecture may be proposed: here any; with limits, what keeps them."""
        del architecture
        return True

    @property
    @abc.abstractmethod
    def size(self) -> int:
        """Number of valid token sequences (an exact Python integer, before any reduction by symmetry)."""

    @abc.abstractmethod
    def symmetries(self, architecture: Architecture) -> Iterator[Architecture]:
        """Yields other token sequences of the same architecture (augmentation, section 3.2), never itself."""

    @abc.abstractmethod
    def canonical(self, architecture: Architecture) -> Architecture:
        """Returns the one representative of all sequences that are this architecture."""

    @abc.abstractmethod
    def describe(self, architecture: Architecture) -> str:
        """Returns the architecture as text for a person, one line a node."""

    @property
    def branch_swaps(self) -> np.ndarray:
        """Token positions that a symmetric copy exchanges: int [nodes, 2, tokens of a branch]; empty if none can.

        The tokens at `branch_swaps[n, 0]` and at `branch_swaps[n, 1]` exchange, for any set of nodes n.
        """
        return np.zeros((0, 2, self.branch_length), int)

    def random_symmetry(self, tokens: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Returns a symmetric copy of each sequence of a batch: each node's branches exchanged or not, by a coin.

        Args:
            tokens: int [B, T], valid sequences; they are not changed.
            rng: the source of randomness.

        Returns:
            int [B, T], drawn uniformly from each sequence's symmetric copies and itself (section 3.2).
        """
        tokens = np.asarray(tokens)
        swaps = self.branch_swaps
        flip = rng.random((tokens.shape[0], swaps.shape[0])) < 0.5
        positions = np.broadcast_to(np.arange(tokens.shape[1]), tokens.shape).copy()
        for side in (0, 1):
            positions[:, swaps[:, side]] = np.where(flip[..., None], swaps[:, 1 - side], swaps[:, side])
        return np.take_along_axis(tokens, positions, axis=1)

    def random_isomorph(self, tokens: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Returns a sequence of the same canonical form for each of a batch; here `random_symmetry`.

        A space whose nodes can be renumbered overrides this and draws a numbering too.

        Args:
            tokens: int [B, T], valid sequences; they are not changed.
            rng: the source of randomness.

        Returns:
            int [B, T].
        """
        return self.random_symmetry(tokens, rng)

    @property
    def step_nodes(self) -> np.ndarray:
        """Number of the node that each branch step belongs to: int [S], counted from 0; here a node a step."""
        return np.arange(self.length // self.branch_length)

    @property
    def read_nodes(self) -> np.ndarray:
        """Number of the node whose output a step reads if one of its tokens is v: int [S, V], -1 for none.

        With `step_nodes` this is all that a structure-aware encoder knows of a space; a space without it
        (all -1, as here) is encoded as a plain sequence.
        """
        return np.full((self.length // self.branch_length, len(self.vocabulary)), -1)

    def features(self, architectures: Sequence[Architecture]) -> np.ndarray:
        """Returns what a classic model (forest, Gaussian process, linear regressor) reads of architectures.

        Here one-hot tokens by position, and how often each token occurs. A space whose structure tells more (paths,
        operation counts) overrides this.

        Args:
            architectures: n canonical ones.

        Returns:
            float32 [n, F].
        """
        words = np.eye(len(self.vocabulary), dtype=np.float32)[
            np.array([architecture.tokens for architecture in architectures], int).reshape(-1, self.length)
        ]
        return np.concatenate([words.reshape(len(words), -1), words.sum(axis=1)], axis=1)

    @property
    def stages(self) -> int:
        """Number of sizes that a cell grows through; a space with growth overrides this and the three below.

        Raises:
            InputError: here, since a cell of a fixed size does not grow.
        """
        raise self._no_growth()

    def _no_growth(self) -> InputError:
        return InputError(
            f'space {self.name} has no growth: its architectures are all of one size, so that progressive search '
            'cannot search it; it searches spaces such as pnas_cnn'
        )

    def stage(self, architecture: Architecture) -> int:
        """Returns the size of an architecture, 1 to `stages`.

        Raises:
            InputError: if the space has no growth.
        """
        del architecture
        raise self._no_growth()

    def extensions(self, architecture: Architecture | None) -> Iterator[Architecture]:
        """Yields the architectures of the next size that an architecture grows into, canonical, each once.

        Args:
            architecture: what grows; None yields all architectures of stage 1.

        Raises:
            InputError: if the space has no growth.
        """
        del architecture
        raise self._no_growth()

    def extend(self, architecture: Architecture, rng: np.random.Generator) -> Architecture | None:
        """Returns one of `extensions`, drawn at random; None if there is none.

        Args:
            architecture: what grows.
            rng: the source of randomness.

        Raises:
            InputError: if the space has no growth.
        """
        choices = list(self.extensions(architecture))
        return choices[int(rng.integers(len(choices)))] if choices else None
