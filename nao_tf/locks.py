"""The lock of a folder, so that no two processes write to it: of the kernel, or an object where there is none."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import secrets
import signal
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from nao_tf.errors import InputError
from nao_tf.files import is_stored, write_text

LOCK = '.lock'
REFRESH_SECONDS = 15.0  # a process writes its lock in a store anew so often
STALE_SECONDS = 90.0  # and has gone if it has not done so for so long
LEAVE_SECONDS = 5.0  # for a renewal that is under way; a machine that is taken away gives little time
SETTLE_SECONDS = 1.0  # within which two processes that start at once have both written


@contextlib.contextmanager
def locked(folder: Path, task: str) -> Iterator[None]:
    """Holds the lock of a folder.

    On a disk the kernel keeps it, and it ends with the process. A store has no locks, but the last object that is
    written under a name stays: a process writes one there, waits, looks whether it is still its own, and writes it
    anew every few seconds. One that was not renewed is taken over. Should another process take over a live one all
    the same (as after a minute without a network), this one is interrupted as by Ctrl-C.

    Args:
        folder: that is there, unless it is of a store.
        task: what runs there, for the error, such as 'the search'.

    Raises:
        InputError: if another process holds the lock, or took it over.
        OSError: if it cannot be written.
    """
    if is_stored(folder):
        lock = _StoreLock(folder, task)
        try:
            lock.take()
            yield
        except KeyboardInterrupt:
            if lock.lost:
                raise InputError(lock.lost) from None
            raise
        finally:
            lock.leave()
        return
    with open(folder / LOCK, 'w') as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise InputError(f'another process is running {task} in {folder}; wait for it or stop it') from None
        yield


class _StoreLock:
    """The lock of a folder of a store, held by a thread that renews it.

    Attributes:
        lost: why it is held no longer, '' while it is.
    """

    def __init__(self, folder: Path, task: str):
        self.folder = folder
        self.task = task
        self.lost = ''
        self._path = folder / LOCK
        self._mine = {
            'host': socket.gethostname(),
            'processes': _namespace(),
            'process': os.getpid(),
            'token': secrets.token_hex(8),
        }
        self._left = threading.Event()
        self._thread = threading.Thread(target=self._renew, daemon=True)

    def take(self) -> None:
        """Writes the lock, and raises an InputError where it is another's."""
        if theirs := self._read():
            age = self._age()
            if not self._gone(theirs) and age < STALE_SECONDS:
                raise InputError(
                    f'{_name(theirs)} is running {self.task} in {self.folder} (its lock is {age:.0f} s old); wait for '
                    f'it or stop it. If it is dead, its lock ends in {STALE_SECONDS - age:.0f} s'
                )
        self._write()
        time.sleep(SETTLE_SECONDS)
        if not self._is_mine(self._read()):
            raise InputError(f'another process has just begun to run {self.task} in {self.folder}; wait for it')
        self._thread.start()

    def leave(self) -> None:
        """Removes the lock, if it is still this process's."""
        self._left.set()
        if self._thread.is_alive():
            self._thread.join(LEAVE_SECONDS)
        with contextlib.suppress(OSError):
            if self._is_mine(self._read()):
                self._path.unlink(missing_ok=True)

    def _renew(self) -> None:
        while not self._left.wait(REFRESH_SECONDS):
            # An access that fails is tried again; what is lost then is said by the next one that does not.
            with contextlib.suppress(OSError):
                theirs = self._read()
                if not self._is_mine(theirs):
                    self.lost = f'{_name(theirs)} has taken over {self.folder}; this process stops'
                    _interrupt()
                    return
                self._write()

    def _read(self) -> dict[str, Any]:
        """Returns what is in the lock, {} if there is none."""
        try:
            content = json.loads(self._path.read_bytes())
        except FileNotFoundError:
            return {}
        except ValueError:
            return {'token': ''}
        return content if isinstance(content, dict) else {'token': ''}

    def _write(self) -> None:
        write_text(self._path, json.dumps(self._mine))

    def _is_mine(self, content: dict[str, Any]) -> bool:
        return content.get('token') == self._mine['token']

    def _age(self) -> float:
        """Returns the seconds since the lock was written, by the clock of the store alone."""
        now = self.folder / f'{LOCK}-{self._mine["token"]}'
        write_text(now, '')
        try:
            return max(now.stat().st_mtime - self._path.stat().st_mtime, 0.0)
        except FileNotFoundError:  # it was given back meanwhile
            return STALE_SECONDS
        finally:
            now.unlink(missing_ok=True)

    def _gone(self, theirs: dict[str, Any]) -> bool:
        """Returns whether the other process is known to have ended, which only where it ran can be told."""
        if any(theirs.get(key) != self._mine[key] for key in ('host', 'processes')):
            return False
        try:
            os.kill(int(theirs['process']), 0)
        except ProcessLookupError:
            return True
        except (OSError, KeyError, TypeError, ValueError):
            pass
        return False


def _interrupt() -> None:
    """Stops the main thread as Ctrl-C does, or where that is ignored, as in the background, as SIGTERM does."""
    ignored = signal.getsignal(signal.SIGINT) == signal.SIG_IGN
    main = threading.main_thread().ident
    assert main is not None
    signal.pthread_kill(main, signal.SIGTERM if ignored else signal.SIGINT)


def _namespace() -> str:
    """Returns what tells the numbers of processes here from those of a container with the same host name."""
    try:
        return os.readlink('/proc/self/ns/pid')
    except OSError:
        return ''


def _name(content: dict[str, Any]) -> str:
    return f'process {content.get("process", "?")} on {content.get("host", "?")}' if content else 'another process'
