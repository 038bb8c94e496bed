"""What a search loop tells of its progress, and to whom it gives the children that have ended."""

from __future__ import annotations

from typing import Protocol

from nao_tf.search.history import History, Trial
from nao_tf.searchers.evaluation import Evaluation


class Observer(Protocol):
    """What the loop tells of its progress."""

    def proposing(self, arm: str, number: int) -> None:
        """A searcher starts to learn and propose (`number` of its batch, from 0)."""

    def started(self, trial: Trial) -> None:
        """A child starts."""

    def ended(self, trial: Trial, history: History) -> None:
        """A child has a score or has failed."""

    def warn(self, message: str) -> None:
        """Something that a person should know."""


class Keeper(Protocol):
    """What keeps the weights of the best children, and how far one has come that was stopped."""

    def floor(self, trial: Trial, history: History) -> float:
        """Returns the score from which on the child of a trial may be one of the best."""

    def keep(self, trial: Trial, evaluation: Evaluation, history: History) -> None:
        """Saves the child that just ended, if it is the best so far; before the journal records its end."""

    def tidy(self, history: History) -> None:
        """Removes what is no longer among the best."""

    def reached(self, trial: Trial) -> int | None:
        """Returns when the checkpoint of a trial that has not ended was written, in ns; None without one."""
