"""How a person sees scores: as the task's metric."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nao_tf.tasks.make import Task


@dataclasses.dataclass(frozen=True)
class Shown:
    """The metric of a task, of which searchers and journal only know the score.

    Args:
        metric: its name.
        metric_of: value of the metric that a score stands for; None where the score is the metric.
        digits: behind the point.
        score: what the score is, as a formula of the metric; '' where it is the metric.
    """

    metric: str
    metric_of: Callable[[float], float] | None = None
    digits: int = 4
    score: str = ''

    @classmethod
    def of(cls, task: Task) -> Shown:
        """Returns what is shown of the scores of a task."""
        from nao_tf.tasks.text import TextTask  # not above: `nao status` has no task and does without TensorFlow

        if not isinstance(task, TextTask):
            return cls(task.metric)
        return cls(task.metric, task.metric_of, 2, f'1 - ln(perplexity) / ln({len(task.vocabulary)})')

    @property
    def label(self) -> str:
        """What the figure of one child is called in a line of progress."""
        return 'score' if self.metric_of is None else self.metric

    def figure(self, score: float | None) -> str:
        """Returns the metric of a score for a table, `-` where there is none."""
        if score is None:
            return '-'
        return self.value(score if self.metric_of is None else self.metric_of(score))

    def value(self, value: float | None) -> str:
        """Returns a value of the metric itself for a table, `-` where there is none."""
        return '-' if value is None else f'{value:.{self.digits}f}'
