"""A watcher: what looks on while a search runs, beside the terminal, and changes nothing of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

import tensorflow as tf

from nao_tf.search.history import History, Trial
from nao_tf.search.progress import Progress
from nao_tf.spaces.base import SearchSpace


class Watcher(Protocol):
    """What is told of a search, such as a writer for TensorBoard (`nao_tf.reports.tensorboard`)."""

    def opened(self, workdir: Path, space: SearchSpace, history: History) -> None:
        """A session begins; the history holds what earlier ones left."""

    def ended(self, trial: Trial, history: History) -> None:
        """A trial has a score or has failed."""

    def shared_round(self, record: Mapping[str, Any]) -> None:
        """A round of shared weights has ended, or an earlier session ended it; as `summary.json` says of it."""

    def closed(self, history: History) -> None:
        """The session ends, whether the search has or not."""

    def finished(self, history: History) -> None:
        """The search has ended, and the session with it."""


class Lenient:
    """A watcher that stops to watch where it cannot write: a search does not end for a picture of it.

    Args:
        watcher: that is told of the search.
        warn: told of the error that ended it.
    """

    def __init__(self, watcher: Watcher, warn: Callable[[str], None]):
        self.watcher: Watcher | None = watcher
        self.warn = warn

    def __getattr__(self, name: str) -> Callable[..., None]:
        def tell(*what: Any) -> None:
            if self.watcher is None:
                return
            try:
                getattr(self.watcher, name)(*what)
            except (OSError, tf.errors.OpError) as error:
                self.watcher = None
                reason = ' '.join(str(error).split())[:200]
                self.warn(f'nothing more is written for TensorBoard; the search goes on ({reason})')

        return tell


class Watched(Progress):
    """Progress that a watcher hears too.

    Args:
        progress: whose console and metric it takes.
        watcher: told of every trial that ends.
    """

    def __init__(self, progress: Progress, watcher: Watcher):
        super().__init__(progress.total, progress.ended_before, progress.console, progress.shown)
        self.watcher = watcher

    def ended(self, trial: Trial, history: History) -> None:
        """Shows a trial that ended, and tells the watcher."""
        super().ended(trial, history)
        self.watcher.ended(trial, history)

    def shared_round(self, record: Mapping[str, Any]) -> None:
        """Tells the watcher of a round of shared weights."""
        self.watcher.shared_round(record)
