"""The journal of a search: one JSON line an event, only ever appended to; the truth of a work directory."""

from __future__ import annotations

import json
import os
import secrets
import zlib
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from nao_tf.errors import InputError
from nao_tf.files import is_stored, sync_folder, write_text

READERS = 32  # of small objects, which cost a round trip each


def encode_line(event: dict[str, Any]) -> str:
    """Returns one journal line: the event as JSON with the checksum of its other fields as `crc`, and a newline."""
    body = json.dumps(event, separators=(',', ':'), allow_nan=False)
    return f'{body[:-1]},"crc":"{zlib.crc32(body.encode()):08x}"}}\n'


def decode_line(line: str) -> dict[str, Any]:
    """Reads what `encode_line` wrote.

    Raises:
        ValueError: if the line is damaged.
    """
    event = json.loads(line)
    if not isinstance(event, dict) or not isinstance(event.get('event'), str):
        raise ValueError('not an event')
    checksum = event.pop('crc', None)
    body = json.dumps(event, separators=(',', ':'))
    if checksum != f'{zlib.crc32(body.encode()):08x}':
        raise ValueError('its checksum does not match')
    return event


class Journal:
    """Appends events to `trials.jsonl` and reads them back.

    An append is one write followed by fsync. A damaged line (a torn tail after a power cut, a flipped byte) is
    reported in `damaged` and skipped; it stays in the file, and the search does again what it recorded.

    A store cannot append: there, and wherever a work directory of a store was copied to, every append is a file of
    its own in a folder `trials`, numbered, and with a word of the session in its name, so that none is ever replaced.
    What the file `trials.jsonl` has comes before them.

    Args:
        path: of the file; made at the first append.

    Attributes:
        damaged: one message for each unreadable line, naming the file and the line.
    """

    def __init__(self, path: Path):
        self.path = path
        self.parts = path.with_suffix('')
        self.damaged: list[str] = []
        self._file: Any = None
        self._session = secrets.token_hex(4)
        self._number = 0  # of the next part; 0 before the first append, and where there is one file

    def exists(self) -> bool:
        """Returns whether anything was ever appended."""
        return self.path.exists() or self.parts.is_dir()

    def read(self) -> list[dict[str, Any]]:
        """Returns all readable events, oldest first.

        Raises:
            InputError: if the file cannot be opened.
        """
        self.damaged = []
        events = []
        try:
            for file, content in self._contents():
                for number, raw in enumerate(content.split(b'\n'), start=1):
                    if not raw.strip():
                        continue
                    try:
                        events.append(decode_line(raw.decode('utf-8')))
                    except (ValueError, RecursionError) as error:
                        self.damaged.append(f'{file}:{number} is damaged and was skipped ({str(error)[:80]})')
        except OSError as error:
            raise InputError(
                f'cannot read the journal {error.filename or self.path}: {error.strerror}; put back a copy, or remove '
                'it to begin anew'
            ) from None
        return events

    def _contents(self) -> Iterator[tuple[Path, bytes]]:
        """Yields the files of the journal and what is in them, oldest first."""
        if self.path.exists():
            yield self.path, self.path.read_bytes()
        files = self._parts()
        with ThreadPoolExecutor(READERS) as pool:
            yield from zip(files, pool.map(_read, files), strict=True)

    def _parts(self) -> list[Path]:
        """Returns the files of single appends, oldest first."""
        if not self.parts.is_dir():
            return []
        return sorted(path for path in self.parts.iterdir() if path.name[:1].isdigit())

    def append(self, events: Iterable[dict[str, Any]]) -> None:
        """Writes events at the end, durably.

        Args:
            events: JSON objects with a field `event`.
        """
        text = ''.join(encode_line(event) for event in events).encode()
        if not text:
            return
        try:
            self._write(text)
        except (OSError, KeyboardInterrupt):
            self.close()  # the next append has to look whether this one left a torn line
            raise

    def _write(self, text: bytes) -> None:
        if self._file is None and not self._number and (is_stored(self.path) or self.parts.is_dir()):
            self._number = 1 + max((int(path.name.split('-')[0]) for path in self._parts()), default=0)
        if self._number:
            write_text(self.parts / f'{self._number:08d}-{self._session}.jsonl', text.decode())
            self._number += 1
            return
        if self._file is None:
            # Unbuffered, so that a failed write leaves nothing to be written again later.
            new = not self.path.exists()
            self._file = open(self.path, 'ab', buffering=0)  # noqa: SIM115
            if new:
                sync_folder(self.path.parent)
            if self._file.tell() and not self._ends_with_newline():
                text = b'\n' + text
        written = 0
        while written < len(text):
            written += self._file.write(text[written:])
        os.fsync(self._file.fileno())

    def _ends_with_newline(self) -> bool:
        with open(self.path, 'rb') as file:
            file.seek(-1, os.SEEK_END)
            return file.read(1) == b'\n'

    def close(self) -> None:
        """Closes the file; a later append opens it again."""
        self._number = 0
        if self._file is not None:
            self._file.close()
            self._file = None

    def remove(self) -> None:
        """Removes all of it, for a search that could not begin."""
        self.close()
        for path in [*self._parts(), *([self.path] if self.path.exists() else [])]:
            path.unlink()
        if self.parts.is_dir() and not is_stored(self.path):
            self.parts.rmdir()


def _read(path: Path) -> bytes:
    return path.read_bytes()
