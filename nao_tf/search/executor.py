"""Executors: where the children of a round run."""

from __future__ import annotations

import abc
import time
from collections.abc import Callable, Iterator, Sequence

from nao_tf.errors import InputError
from nao_tf.evaluators.base import Evaluator
from nao_tf.search.history import Trial
from nao_tf.searchers.base import Evaluation


class Executor(abc.ABC):
    """Evaluates the trials of a round."""

    @abc.abstractmethod
    def run(self, trials: Sequence[Trial], on_start: Callable[[Trial], None]) -> Iterator[tuple[Trial, Evaluation]]:
        """Yields every trial with its evaluation, in the order in which they end.

        Args:
            trials: what to evaluate.
            on_start: called before an attempt starts.
        """


class InProcess(Executor):
    """Evaluates one trial after the other in this process.

    Args:
        evaluator: what scores an architecture.
    """

    def __init__(self, evaluator: Evaluator):
        self.evaluator = evaluator

    def run(self, trials: Sequence[Trial], on_start: Callable[[Trial], None]) -> Iterator[tuple[Trial, Evaluation]]:
        """Yields every trial with its evaluation; an exception of a child is a failed evaluation.

        Args:
            trials: what to evaluate.
            on_start: called before an attempt starts.

        Raises:
            InputError: if the evaluator refuses its input; that is the user's to mend, not a failed child.
        """
        for trial in trials:
            on_start(trial)
            started = time.perf_counter()
            try:
                evaluation = self.evaluator.evaluate(trial.proposal.architecture)
            except InputError:
                raise
            except Exception as error:
                evaluation = failed_evaluation(trial, error, time.perf_counter() - started)
            yield trial, evaluation


def failed_evaluation(trial: Trial, error: BaseException | str, seconds: float = 0.0) -> Evaluation:
    """Returns the evaluation of a trial that failed.

    Args:
        trial: that failed.
        error: why.
        seconds: until then.
    """
    text = error if isinstance(error, str) else f'{type(error).__name__}: {error}'
    return Evaluation(trial.proposal.architecture, float('nan'), seconds=seconds, failure=' '.join(text.split())[:500])
