"""The evaluator's contract: from an architecture to a score."""

from __future__ import annotations

import abc
import hashlib
from pathlib import Path

from nao_tf.searchers.evaluation import Evaluation
from nao_tf.spaces.architecture import Architecture


class Evaluator(abc.ABC):
    """Finds the score of an architecture; an exception inside becomes a failed evaluation in the search."""

    @abc.abstractmethod
    def evaluate(self, architecture: Architecture) -> Evaluation:
        """Returns the evaluation of one canonical architecture.

        Args:
            architecture: what is evaluated.
        """

    def save(self, path: Path) -> None:
        """Writes the model of the last evaluation, where there is one.

        Args:
            path: of the file; its folder is made.
        """
        raise NotImplementedError(f'{type(self).__name__} has no models')

    def checkpoint(self, architecture: Architecture) -> Path | None:
        """Returns the file from which the evaluation of an architecture would be continued, None for none.

        Args:
            architecture: canonical.
        """
        del architecture
        return None


def child_seed(seed: int, architecture: Architecture) -> int:
    """Returns the seed of a child: a hash of the search's seed and the canonical architecture.

    So a child's training does not depend on when, or by which worker, it is trained.

    Args:
        seed: of the search.
        architecture: canonical.

    Returns:
        An integer in [0, 2^31).
    """
    text = f'{seed}/{architecture.space}/{architecture}'
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], 'big') & 0x7FFFFFFF
