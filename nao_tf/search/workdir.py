"""The work directory of a search: made, locked, recognised."""

from __future__ import annotations

import contextlib
import errno
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from nao_tf.errors import InputError
from nao_tf.files import is_stored, is_whole_archive, write_text
from nao_tf.locks import LOCK, locked
from nao_tf.search.identity import check_same
from nao_tf.trust import check_trusted

CONFIG, JOURNAL, SUMMARY, MODEL = 'config.json', 'trials.jsonl', 'summary.json', 'best_model.keras'
# What is the matter with a disk, or with what lies on it, and not with the program.
DISK = (
    *(errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG, errno.EIO, errno.EACCES),
    *(errno.EISDIR, errno.ENOTDIR, errno.ENOENT, errno.EPERM, errno.EBUSY, errno.EMFILE, errno.ENFILE),
    # of a network
    *(errno.ESTALE, errno.ETIMEDOUT, errno.ENOTCONN, errno.ENODEV, errno.ENXIO, errno.EREMOTEIO, errno.EHOSTDOWN),
)
COPY = 'put back a copy; the command that made it writes the same in an empty folder'
REMEDIES = {CONFIG: COPY, SUMMARY: 'remove it, and the command that made it writes it again'}


def read_json(path: Path, kind: type = dict) -> Any:
    """Returns the content of a JSON file.

    Args:
        path: of the file.
        kind: of the content: dict or list.

    Raises:
        InputError: naming the file and a remedy, if it cannot be read or is damaged.
    """
    remedy = REMEDIES.get(path.name, 'remove it, or put back a copy')
    try:
        content = json.loads(path.read_text(encoding='utf-8'))
    except OSError as error:
        raise InputError(f'cannot read {path}: {error.strerror}; {remedy}') from None
    except (ValueError, RecursionError) as error:
        raise InputError(f'{path} is damaged ({error}); {remedy}') from None
    if not isinstance(content, kind):
        raise InputError(f'{path} is damaged (it holds a {type(content).__name__}); {remedy}')
    return content


def read_training(folder: Path) -> dict[str, Any]:
    """Returns the summary of a training that has ended.

    Args:
        folder: of the training.

    Raises:
        InputError: naming the file and a remedy, if it cannot be read, is damaged, or is of something else.
    """
    summary: dict[str, Any] = read_json(folder / SUMMARY)
    kinds = {'metric': str, 'validation': dict, 'epoch': int, 'parameters': int, 'description': str}
    wrong = [name for name, kind in kinds.items() if not isinstance(summary.get(name), kind)]
    wrong += ['test'] if 'test' not in summary else []
    if wrong:
        remedy = REMEDIES[SUMMARY]
        raise InputError(f'{folder / SUMMARY} is not the summary of a training (see its {wrong[0]}); {remedy}')
    return summary


def space_module(workdir: Path, config: Mapping[str, Any]) -> str:
    """Returns the person's own file that the space of a work directory comes from, '' for none.

    It is a program, which is run to make the space: one that the person has run or trusted before (`nao_tf.trust`).

    Args:
        workdir: of a search or a training.
        config: its flat config.

    Raises:
        InputError: if the file is missing, or was never run here as it is now.
    """
    module = str(config.get('space.module', ''))
    if module:
        check_trusted(Path(module).expanduser(), f'{workdir / CONFIG}: space.module')
    return module


def check_model(folder: Path, records: str) -> None:
    """Raises an InputError if the model of a training that has ended is not there any more.

    Args:
        folder: of the training.
        records: the files beside it that say that it has ended.
    """
    if not is_whole_archive(folder / MODEL):
        state = 'is damaged' if (folder / MODEL).exists() else 'is gone'
        raise InputError(f'{folder / MODEL} {state}; put back a copy, or remove {records} beside it to train anew')


def cannot_write(error: OSError, place: Path | str) -> InputError:
    """Returns what a person is told of a disk that failed; an error that says something else is raised again.

    Args:
        error: of a file operation.
        place: where, if the error does not tell.
    """
    if error.errno not in DISK:
        raise error
    where = error.filename2 or error.filename or place
    remedy = 'remove it; ' if error.errno == errno.EISDIR else ''
    return InputError(
        f'cannot write to {where}: {error.strerror}; {remedy}what has ended is kept, and the same command continues'
    )


@contextlib.contextmanager
def open_workdir(
    path: Path, config: dict[str, Any], defaults: Mapping[str, Any] | None = None, *, task: str = 'search'
) -> Iterator[Path]:
    """Makes or reopens a work directory and holds its lock.

    Args:
        path: the directory.
        config: the flat config of the search.
        defaults: the flat default config, for fields that the directory is too old to have.
        task: what runs there, for errors: `search` or `training`.

    Yields:
        The directory, whose `config.json` is this config. Whoever removes that, because the run cannot begin, gives
        the directory back.

    Raises:
        InputError: if it cannot be written, is in use, is no work directory, or holds a different run.
    """
    with contextlib.ExitStack() as stack:
        made = not is_stored(path) and not path.exists()
        try:
            path.mkdir(parents=True, exist_ok=True)
            stack.enter_context(locked(path, f'the {task}'))
        except OSError as error:
            raise InputError(f'cannot write to the work directory {path}: {error.strerror}') from None
        for name in () if is_stored(path) else (CONFIG, SUMMARY, MODEL):
            for partial in path.glob(f'.*.{name}'):  # of a process that was killed while it wrote
                partial.unlink()
        stored = path / CONFIG
        if stored.exists():
            check_same(read_json(stored), config, defaults=dict(defaults or {}), where=str(stored))
        elif others := sorted(entry.name for entry in path.iterdir() if not entry.name.startswith('.')):
            lost = f'; if {CONFIG} was lost, {COPY}' if JOURNAL in others else ''
            raise InputError(
                f'{path} is no work directory of a {task} (no {CONFIG}, but {", ".join(others[:3])}); '
                f'give a new or empty --workdir{lost}'
            )
        try:
            write_text(stored, json.dumps(config, indent=1))
        except OSError as error:
            raise InputError(f'cannot write to the work directory {path}: {error.strerror}') from None
        try:
            yield path
        finally:
            if made and not stored.exists():
                with contextlib.suppress(OSError):
                    (path / LOCK).unlink()
                    path.rmdir()
