"""What goes between a search and a searcher: proposals one way, evaluations the other."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

from nao_tf.spaces.architecture import Architecture


@dataclasses.dataclass(frozen=True)
class Evaluation:
    """What an evaluator found out about one architecture.

    Args:
        architecture: the architecture, in canonical form.
        score: the figure to maximise; NaN if the evaluation failed.
        metrics: raw figures by their own names, such as `{'accuracy': 0.93}`.
        seconds: wall time of the evaluation.
        parameters: trainable parameters of the evaluated network, None where there is none (a table).
        failure: why it failed, in one line; None if it succeeded.
    """

    architecture: Architecture
    score: float
    metrics: Mapping[str, float] = dataclasses.field(default_factory=dict)
    seconds: float = 0.0
    parameters: int | None = None
    failure: str | None = None

    @property
    def failed(self) -> bool:
        """Whether there is no usable score."""
        return self.failure is not None or not math.isfinite(self.score)


@dataclasses.dataclass(frozen=True)
class Proposal:
    """An architecture that a searcher asks to have evaluated, and how it came to it.

    Args:
        architecture: canonical and never proposed before.
        origin: `random`, `ascent`, `mutation` or another word of the searcher's.
        round: 0 for the initial set, then 1, 2, ...
        predicted: the searcher's predicted score in units of the real score, None if it makes no prediction.
        parent: the seed architecture it was derived from, if any.
    """

    architecture: Architecture
    origin: str
    round: int = 0
    predicted: float | None = None
    parent: Architecture | None = None


def evaluation_to_json(evaluation: Evaluation) -> dict[str, Any]:
    """Returns an evaluation as JSON types (a failed score is null)."""
    value = dataclasses.asdict(evaluation)
    value['architecture'] = list(evaluation.architecture.tokens)
    value['metrics'] = dict(evaluation.metrics)
    value['score'] = evaluation.score if math.isfinite(evaluation.score) else None
    return value


def evaluation_from_json(value: Mapping[str, Any], space: str) -> Evaluation:
    """Reads what `evaluation_to_json` wrote.

    Args:
        value: the parsed object.
        space: name of the space of its tokens.
    """
    fields = dict(value)
    fields['architecture'] = Architecture(space, tuple(fields['architecture']))
    fields['score'] = math.nan if fields['score'] is None else float(fields['score'])
    return Evaluation(**fields)
