"""The first look of a search: whether enough architectures keep its limits, before anything is trained."""

from __future__ import annotations

from pathlib import Path

from nao_tf.errors import InputError
from nao_tf.locks import LOCK
from nao_tf.search.costs import LATENCY, MEASURING
from nao_tf.search.journal import Journal
from nao_tf.search.setup import Parts
from nao_tf.search.terminal import Terminal
from nao_tf.search.workdir import CONFIG

LOOKS = {'session', MEASURING, LATENCY}  # events of a search that has done nothing else


def first_look(parts: Parts, journal: Journal, console: Terminal) -> None:
    """Looks at random architectures, in a work directory whose journal counts attempts to measure them.

    A directory that holds nothing but this look is given back if no architecture keeps the limits, so that the same
    command may have another one.

    Args:
        parts: of the search, whose costs are recorded.
        journal: of the work directory.
        console: told of an interruption.

    Raises:
        InputError: if no architecture keeps the limits, or the journal is of another version.
    """
    workdir = journal.path.parent
    parts.costs.load(journal.read(), parts.space.name)
    try:
        parts.check_limits()
    except KeyboardInterrupt:
        console.notice(f'interrupted; the same command continues the search in {workdir}')
        raise
    except InputError:
        if _holds_nothing_else(workdir, journal):
            journal.remove()
            (workdir / CONFIG).unlink()
        raise


def _holds_nothing_else(workdir: Path, journal: Journal) -> bool:
    events = {event['event'] for event in journal.read()}
    files = {path.name for path in workdir.iterdir()}
    return events <= LOOKS and not journal.damaged and files <= {LOCK, CONFIG, journal.path.name, journal.parts.name}
