"""The journal of a search: one JSON line an event, only ever appended to; the truth of a work directory."""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from nao_tf.errors import InputError


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

    Args:
        path: of the file; made at the first append.

    Attributes:
        damaged: one message for each unreadable line, naming the file and the line.
    """

    def __init__(self, path: Path):
        self.path = path
        self.damaged: list[str] = []
        self._file: Any = None

    def read(self) -> list[dict[str, Any]]:
        """Returns all readable events, oldest first.

        Raises:
            InputError: if the file cannot be opened.
        """
        self.damaged = []
        if not self.path.exists():
            return []
        try:
            content = self.path.read_bytes()
        except OSError as error:
            raise InputError(f'cannot read the journal {self.path}: {error.strerror}') from None
        events = []
        for number, raw in enumerate(content.split(b'\n'), start=1):
            if not raw.strip():
                continue
            try:
                events.append(decode_line(raw.decode('utf-8')))
            except (ValueError, RecursionError) as error:
                self.damaged.append(f'{self.path}:{number} is damaged and was skipped ({str(error)[:80]})')
        return events

    def append(self, events: Iterable[dict[str, Any]]) -> None:
        """Writes events at the end, durably.

        Args:
            events: JSON objects with a field `event`.
        """
        text = ''.join(encode_line(event) for event in events).encode()
        try:
            self._write(text)
        except OSError:
            self.close()  # the next append has to look whether this one left a torn line
            raise

    def _write(self, text: bytes) -> None:
        if self._file is None:
            # Unbuffered, so that a failed write leaves nothing to be written again later.
            self._file = open(self.path, 'ab', buffering=0)  # noqa: SIM115
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
        if self._file is not None:
            self._file.close()
            self._file = None
