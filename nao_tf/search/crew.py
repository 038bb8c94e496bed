"""The processes that train one network together: the first one reads and writes the work directory."""

from __future__ import annotations

import contextlib
import io
import json
from pathlib import Path
from typing import Any, BinaryIO

from nao_tf.search.identity import check_agreement
from nao_tf.training.broadcast import Broadcast, lost_workers
from nao_tf.training.distribution import OFF, Distribution
from nao_tf.training.strategy import task_of_cluster


class Crew:
    """The processes of one training, each started by the same command; one that is alone has nobody to tell.

    Args:
        distribution: of the training; to be made after its strategy, in all processes at the same place.

    Attributes:
        alone: whether there is one process only.
        chief: whether this process holds the work directory, tests the winner, and says what happens.
    """

    def __init__(self, distribution: Distribution = OFF):
        self._broadcast = Broadcast(distribution) if distribution.many_processes else None
        self.alone = self._broadcast is None
        self.chief = self._broadcast is None or self._broadcast.chief

    def tell(self, data: bytes = b'') -> bytes:
        """Returns in every process what the first one gives; it waits until all have called.

        Args:
            data: of the first process.

        Raises:
            InputError: if another process is gone.
        """
        return data if self._broadcast is None else self._broadcast.send(data)

    def tell_json(self, value: Any = None) -> Any:
        """Returns in every process what the first one gives, any JSON value."""
        return value if self.alone else json.loads(self.tell(json.dumps(value).encode()))

    def agree(self, identity: dict[str, Any]) -> None:
        """Compares what the processes are to do.

        Args:
            identity: of the training that this process was asked for.

        Raises:
            InputError: if the first process was asked for another.
        """
        check_agreement(self.tell_json(identity), identity)

    def file(self, path: Path | None) -> Path | BinaryIO | None:
        """Returns in every process a file that the first one may have, None if it has not.

        Args:
            path: of the file; None in the other processes.
        """
        there = path is not None and path.exists()
        if self.alone:
            return path if there else None
        content = self.tell(path.read_bytes() if there and path is not None else b'')
        return io.BytesIO(content) if content else None

    def training(self) -> contextlib.AbstractContextManager[None]:
        """Returns a context in which the loss of another process is one line (`lost_workers`)."""
        return contextlib.nullcontext() if self.alone else lost_workers()

    def introduction(self) -> str:
        """Returns what a process says that is not the first."""
        number, processes = task_of_cluster()
        return f'process {number} of {processes} trains along; process 0 writes'
