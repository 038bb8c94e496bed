"""The log of a training: one line for every epoch, which its report reads."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

from nao_tf.errors import InputError
from nao_tf.search.journal import Journal

EPOCHS = 'epochs.jsonl'


class EpochLog:
    """Appends what every epoch came to.

    An epoch that is done again, because the training was stopped behind its checkpoint, stands there twice; the later
    line counts.

    Args:
        folder: the work directory of the training; None in a process that trains along, which writes nothing.
    """

    def __init__(self, folder: Path | None):
        self.journal = None if folder is None else Journal(folder / EPOCHS)

    def add(self, epoch: int, figures: dict[str, float | None], *, candidate: int = 1) -> None:
        """Adds an epoch.

        Args:
            epoch: that has ended, from 1.
            figures: by their names, such as `loss`; None for one that is no number.
            candidate: number of the architecture, from 1.
        """
        if self.journal is not None:
            self.journal.append([{'event': 'epoch', 'candidate': candidate, 'epoch': epoch, **figures}])

    def close(self) -> None:
        """Closes the file."""
        if self.journal is not None:
            self.journal.close()


def read_epochs(folder: Path) -> tuple[dict[int, list[dict[str, Any]]], list[str]]:
    """Returns the epochs of every candidate of a training, in their order, and a message for each damaged line.

    Args:
        folder: the work directory of a training.
    """
    found: dict[tuple[int, int], dict[str, Any]] = {}
    journal = Journal(folder / EPOCHS)
    for event in journal.read():
        place = event.get('candidate'), event.get('epoch')
        figures = [value for name, value in event.items() if name not in ('event', 'crc')]
        if not all(isinstance(value, int | float | None) for value in figures) or not all(
            type(n) is int for n in place
        ):
            raise InputError(f'{folder / EPOCHS} holds what is no epoch of a training: {str(event)[:80]}; remove it')
        found[cast(tuple[int, int], place)] = event
    candidates: dict[int, list[dict[str, Any]]] = {}
    for (candidate, _), event in sorted(found.items()):
        candidates.setdefault(candidate, []).append(event)
    return candidates, journal.damaged
