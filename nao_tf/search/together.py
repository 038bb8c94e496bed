"""One child trained by several processes: the first one proposes and writes, the others train along."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from nao_tf.errors import InputError
from nao_tf.evaluators.child import Child
from nao_tf.interrupts import interrupts_noticed
from nao_tf.search.executor import AttemptLost, Executor, OutOfTime, failed_evaluation
from nao_tf.search.history import Trial
from nao_tf.search.identity import check_agreement
from nao_tf.searchers.evaluation import Evaluation
from nao_tf.spaces.architecture import Architecture
from nao_tf.training.broadcast import Broadcast, lost_worker
from nao_tf.training.result import DivergedError


class Together(Executor):
    """Tells the other processes each architecture and trains it with them.

    Args:
        child: trains on the replicas of all processes.
        broadcast: to the others.
        identity: of the search, which has to be theirs too.
    """

    def __init__(self, child: Child, broadcast: Broadcast, identity: dict[str, Any]):
        self.child = child
        self.broadcast = broadcast
        self.identity = identity

    def __enter__(self) -> Self:
        self.broadcast.send(_message(identity=self.identity))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # After any other exception the others may be in the middle of a child; the end of this process ends them.
        if kind is None or issubclass(kind, OutOfTime):
            self.broadcast.send(_message(end=True))

    def run(self, trials: Sequence[Trial], on_start: Callable[[Trial], float]) -> Iterator[tuple[Trial, Evaluation]]:
        """Yields every trial with its evaluation; a child that diverges is a failed evaluation."""
        for trial in trials:
            on_start(trial)
            self.broadcast.send(_message(architecture=trial.proposal.architecture.to_json()))
            yield trial, _evaluated(self.child, trial.proposal.architecture)

    def save(self, path: Path) -> None:
        """Writes the network that was trained last."""
        self.child.save(path)


def follow(child: Child, broadcast: Broadcast, identity: dict[str, Any]) -> int:
    """Trains what the first process says until it says that the search ends.

    Args:
        child: as in the first process.
        broadcast: from it.
        identity: of the search that this process was asked for.

    Returns:
        How many children were trained.

    Raises:
        InputError: if the first process makes another search, or a process is gone.
    """
    check_agreement(json.loads(broadcast.send())['identity'], identity)
    trained = 0
    while 'architecture' in (message := json.loads(broadcast.send())):
        _evaluated(child, Architecture.from_json(message['architecture']))
        trained += 1
    return trained


def _evaluated(child: Child, architecture: Architecture) -> Evaluation:
    """Returns an evaluation; what happens in one process only ends all of them, as they wait for each other."""
    try:
        with interrupts_noticed():
            return child.evaluate(architecture)
    except DivergedError as error:
        return failed_evaluation(architecture, error)
    except (InputError, OSError):  # of a person or their disk: they say nothing about the child
        raise
    except Exception as error:
        raise AttemptLost(str(lost_worker(error))) from error


def _message(**fields: Any) -> bytes:
    return json.dumps(fields).encode()
