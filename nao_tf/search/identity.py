"""Whether a work directory holds the search that a config describes."""

from __future__ import annotations

import fnmatch
import json
from collections.abc import Iterable, Mapping
from typing import Any

from nao_tf.errors import InputError

# A work directory may be continued with other values of these; of any other field it is another search.
EXTENDABLE = (
    'searcher.rounds',
    'baseline',
    'max_attempts',
    'ray.*',
    'space.module',
    'data',
    # Where architectures, weights and data lie and are kept; the fingerprints say whether they are the same.
    'architecture',
    'weights',
    'task.path',
    'task.data_dir',
    'task.cache_dir',
    'task.memory_mb',
    'task.download',
)


def may_change(field: str, config: Mapping[str, Any] | None = None) -> bool:
    """Returns whether a work directory may be continued with another value of a config field.

    Args:
        field: its full name.
        config: flat, of the run; the schedule of shared weights depends on the number of their rounds.
    """
    if field == 'searcher.rounds' and 'sharing.epochs' in (config or {}):
        return False
    return any(fnmatch.fnmatchcase(field, pattern) for pattern in EXTENDABLE)


def differing(before: Mapping[str, Any], now: Mapping[str, Any], names: Iterable[str]) -> str:
    """Returns the fields whose values differ as text, the first six of them; '' if none does.

    Args:
        before: values by field; one that is not there is None.
        now: likewise.
        names: fields to compare.
    """
    differences = [
        f'{name} was {before.get(name)!r}, now {now.get(name)!r}' for name in names if before.get(name) != now.get(name)
    ]
    return '; '.join(differences[:6] + ['...'] * (len(differences) > 6))


def check_same(stored: dict[str, Any], given: dict[str, Any], *, defaults: dict[str, Any], where: str) -> None:
    """Checks that a work directory holds the search that a config describes.

    Args:
        stored: flat config of the directory.
        given: flat config of the command.
        defaults: flat config of the package; a field that is younger than the directory had its default.
        where: the file, for the error.

    Raises:
        InputError: naming every field that differs and may not be changed.
    """
    before, now = {**defaults, **stored}, {**defaults, **given}
    differences = differing(before, now, [name for name in {**stored, **given} if not may_change(name, now)])
    if differences:
        names = [name for name in now if may_change(name, now)]
        extendable = [pattern for pattern in EXTENDABLE if fnmatch.filter(names, pattern)]
        raise InputError(
            f'{where} is of a different run: {differences}. Give another --workdir, or the same values '
            f'(only {", ".join(extendable)} may be changed)'
        )


def check_agreement(theirs: Mapping[str, Any], mine: Mapping[str, Any]) -> None:
    """Refuses to train along with a process that was asked for something else.

    Args:
        theirs: flat config and data of the first process, as JSON gives them back.
        mine: of this process.

    Raises:
        InputError: naming the first field that differs.
    """
    for name in {**theirs, **mine}:
        value = json.loads(json.dumps(mine.get(name)))
        if value != theirs.get(name) and not may_change(name, mine):
            raise InputError(
                f'the first process has {name} {theirs.get(name)!r}, this one {value!r}: give all the same'
            )
