"""Executors: where the children of a round run."""

from __future__ import annotations

import abc
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from nao_tf.errors import InputError
from nao_tf.evaluators.base import Evaluator
from nao_tf.interrupts import interrupts_noticed
from nao_tf.search.history import Trial
from nao_tf.searchers.evaluation import Evaluation
from nao_tf.spaces.architecture import Architecture


class OutOfTime(Exception):
    """`max_hours` are over; the same command continues."""


class AttemptLost(InputError):
    """A child has ended all processes that train it; the attempt counts, as one that a kill ended."""


def check_hours(max_hours: float | None) -> None:
    """Checks how long a session may take.

    Args:
        max_hours: of the session; None for no limit.

    Raises:
        InputError: if it is not above 0.
    """
    if max_hours is not None and not max_hours > 0:
        raise InputError(f'max_hours is {max_hours}; it must be above 0')


class Executor(abc.ABC):
    """Evaluates the trials of a round; a context manager that holds whatever the children need to run.

    Entering one raises InputError if children cannot run there.
    """

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        del kind, error, trace

    @abc.abstractmethod
    def run(self, trials: Sequence[Trial], on_start: Callable[[Trial], float]) -> Iterator[tuple[Trial, Evaluation]]:
        """Yields every trial with its evaluation, in the order in which they end.

        Args:
            trials: what to evaluate.
            on_start: called before an attempt starts; returns the score from which on the child's model is wanted.

        Raises:
            OutOfTime: from `on_start`, when the children that run have ended.
            InputError: if the evaluator refuses its input; that is the user's to mend, not a failed child.
        """

    @abc.abstractmethod
    def save(self, path: Path) -> None:
        """Writes the model of the trial that `run` yielded last, whose score was high enough to be wanted.

        Args:
            path: of the file; its folder is made.
        """


class InProcess(Executor):
    """Evaluates one trial after the other in this process.

    Args:
        evaluator: what scores an architecture.
    """

    def __init__(self, evaluator: Evaluator):
        self.evaluator = evaluator

    def run(self, trials: Sequence[Trial], on_start: Callable[[Trial], float]) -> Iterator[tuple[Trial, Evaluation]]:
        """Yields every trial with its evaluation; an exception of a child is a failed evaluation."""
        for trial in trials:
            on_start(trial)
            yield trial, attempt(self.evaluator, trial.proposal.architecture)

    def save(self, path: Path) -> None:
        """Writes the network that was trained last."""
        self.evaluator.save(path)


def attempt(evaluator: Evaluator, architecture: Architecture) -> Evaluation:
    """Returns the evaluation of an architecture; a failed one if an exception ends it.

    Args:
        evaluator: what scores it.
        architecture: canonical.

    Raises:
        InputError: if the evaluator refuses its input.
    """
    started = time.perf_counter()
    try:
        with interrupts_noticed():
            return evaluator.evaluate(architecture)
    except InputError:
        raise
    except Exception as error:
        return failed_evaluation(architecture, error, time.perf_counter() - started)


def failed_evaluation(architecture: Architecture, error: BaseException | str, seconds: float = 0.0) -> Evaluation:
    """Returns the evaluation of a trial that failed.

    Args:
        architecture: of the trial.
        error: why.
        seconds: until then.
    """
    text = error if isinstance(error, str) else f'{type(error).__name__}: {error}'
    return Evaluation(architecture, float('nan'), seconds=seconds, failure=' '.join(text.split())[:500])
