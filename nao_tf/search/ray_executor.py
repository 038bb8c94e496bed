"""Children on Ray: many processes, GPUs or machines."""

from __future__ import annotations

import contextlib
import dataclasses
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from nao_tf.errors import InputError
from nao_tf.files import written_whole
from nao_tf.search.executor import Executor, OutOfTime, failed_evaluation
from nao_tf.search.history import Trial
from nao_tf.search.ray_cluster import RayOptions, connected
from nao_tf.search.recipe import Recipe
from nao_tf.searchers.evaluation import Evaluation

POLL_SECONDS = 0.5


@dataclasses.dataclass
class Running:
    """A child that was handed to Ray.

    Args:
        trial: of the child.
        deadline: `time.monotonic()` at which its time is over; None while it waits for a worker, or without a limit.
        stopped: whether its time was over.
    """

    trial: Trial
    deadline: float | None = None
    stopped: bool = False


class RayExecutor(Executor):
    """Evaluates trials on Ray workers; a child whose worker dies is started again, its attempts counted.

    Ray places the children, notices dead workers and nodes, ends children by force and replaces processes; what is
    here decides what that means for a trial. Each child is a Ray task that reports its start and its end
    (`nao_tf/search/ray_child.py`).

    Args:
        recipe: of the evaluator; Ray must be able to pickle it.
        options: where children run and what they get.
        max_attempts: a trial whose worker died so often has failed.
    """

    def __init__(self, recipe: Recipe, options: RayOptions, *, max_attempts: int = 3):
        self.recipe = recipe
        self.options = options
        self.max_attempts = max_attempts
        self._stack = contextlib.ExitStack()
        self._model: bytes | None = None
        self._recipe: Any = None
        self._task: Any = None

    def __enter__(self) -> Self:
        """Starts or joins Ray.

        Raises:
            InputError: if there is no Ray, or no place for a child.
        """
        self._stack.enter_context(connected(self.options))
        import ray

        from nao_tf.search.ray_child import run_child

        self._recipe = (self.recipe.prepare, ray.put(self.recipe.make))
        self._task = ray.remote(**self.options.task)(run_child)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leaves Ray; one that was started for this search ends with all its processes."""
        self._recipe = self._task = None
        self._stack.close()

    def run(self, trials: Sequence[Trial], on_start: Callable[[Trial], float]) -> Iterator[tuple[Trial, Evaluation]]:
        """Yields every trial with its evaluation; at most `workers` run at a time."""
        import ray

        waiting = deque(trials)
        running: dict[Any, Running] = {}
        out_of_time: OutOfTime | None = None
        try:
            while running or waiting:
                while waiting and len(running) < self.options.workers and out_of_time is None:
                    trial = waiting.popleft()
                    try:
                        floor = on_start(trial)
                    except OutOfTime as error:
                        out_of_time = error
                        break
                    task = self._task.remote(self._recipe, trial.proposal.architecture, floor, self.options.memory_mb)
                    running[task] = Running(trial)
                if not running:
                    break
                ready, _ = ray.wait(list(running), timeout=POLL_SECONDS)
                for task in ready:
                    evaluation = self._heard(task, running, waiting)
                    if evaluation is not None:
                        yield running.pop(task).trial, evaluation
                self._stop_late(running)
            if out_of_time is not None:
                raise out_of_time
        finally:
            for task in running:
                ray.cancel(task, force=True)

    def _heard(self, task: Any, running: dict[Any, Running], waiting: deque[Trial]) -> Evaluation | None:
        """Takes in what Ray says of a child: its start, its evaluation (which is returned), or its death."""
        import ray
        from ray.exceptions import RayError, RayTaskError

        child = running[task]
        architecture = child.trial.proposal.architecture
        try:
            report = ray.get(next(task))
        except RayTaskError as error:
            raise refusal(error) from None
        except RayError as error:
            if child.stopped:
                return failed_evaluation(
                    architecture, f'not done after {self.options.time_limit:g} s', self.options.time_limit
                )
            if child.trial.attempts >= self.max_attempts:
                why = f'its worker died in each of {child.trial.attempts} attempts, the last time by'
                return failed_evaluation(architecture, f'{why} {type(error).__name__}: {error}')
            del running[task]
            waiting.appendleft(child.trial)
            return None
        if report is None:
            child.deadline = time.monotonic() + self.options.time_limit if self.options.time_limit else None
            return None
        evaluation, self._model = report
        return evaluation

    def _stop_late(self, running: dict[Any, Running]) -> None:
        """Ends children whose time is over, by force: they may hang where no exception reaches them."""
        import ray

        for task, child in running.items():
            if child.deadline is not None and not child.stopped and time.monotonic() > child.deadline:
                child.stopped = True
                ray.cancel(task, force=True)

    def save(self, path: Path) -> None:
        """Writes the model that came with the last evaluation."""
        if self._model is None:
            raise RuntimeError('the child that ended last was not worth its model')
        with written_whole(path) as partial:
            partial.write_bytes(self._model)


def refusal(error: Any) -> Exception:
    """Returns what ends the search when a worker raised an error outside of a child.

    Args:
        error: RayTaskError: the evaluator refused its input, or could not be made at all.
    """
    cause = error.cause
    if isinstance(cause, InputError):
        return InputError(str(cause))
    if isinstance(cause, ImportError | OSError):
        return InputError(f'a Ray worker cannot train children: {" ".join(f"{type(cause).__name__}: {cause}".split())}')
    return error
