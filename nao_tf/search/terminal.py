"""Where a command's words go: a live line on a terminal, lines in a file, JSON for machines, or next to nothing."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Mapping
from typing import Any, TextIO

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn

WIDTH = 160  # of the tables where there is no terminal
BAR = 12
PLAIN, QUIET, JSON = 'plain', 'quiet', 'json'


class Terminal(Console):
    """A console that knows what a person wants to see of a long command.

    `plain` prints everything: on a terminal, `advance` updates one line; elsewhere it prints a line each time. `quiet`
    prints warnings, notices, and what comes after `results`. `json` writes one JSON object a line and nothing else: an
    `event` for whatever happens (`message` for what would be a line of text), the results as the last one.

    Args:
        mode: `plain`, `quiet` or `json`.
        file: where everything goes; None for the standard output.
        width: in characters; None for that of the terminal.
        quiet: whether nothing at all is printed.
    """

    def __init__(self, mode: str = PLAIN, *, file: TextIO | None = None, width: int | None = None, quiet: bool = False):
        # In a notebook, whose output says that it is a terminal, lines of text too: it keeps all that is written.
        force_terminal = False if Console().is_jupyter else None
        super().__init__(
            file=file,
            highlight=False,
            soft_wrap=True,
            quiet=quiet,
            width=width,
            force_terminal=force_terminal,
            force_jupyter=False,
        )
        if width is None and not self.is_terminal:
            self.width = WIDTH
        self.mode = mode
        self.final = False
        self._bar: Progress | None = None

    @property
    def live(self) -> bool:
        """Whether one line is updated."""
        return self.is_terminal and self.mode == PLAIN

    def print(self, *objects: Any, **options: Any) -> None:
        """Prints as `rich.console.Console.print` does, where the mode lets it."""
        if self.mode == JSON:
            texts = [text for text in objects if isinstance(text, str)]
            if texts and not self.final:
                self.tell('message', text=' '.join(texts))
        elif self.mode == PLAIN or self.final:
            super().print(*objects, **options)

    def tell(self, event: str, **fields: Any) -> None:
        """Writes an event for a machine; nothing in the other modes.

        Args:
            event: its name.
            fields: JSON types; a number that is not finite becomes null.
        """
        if self.mode == JSON and not self.quiet:
            line = json.dumps({'event': event, **_finite(fields)}, allow_nan=False)
            stream = self.file
            stream.write(line + '\n')
            stream.flush()

    def notice(self, text: str) -> None:
        """Says what a person has to know in every mode, such as how a search is continued."""
        if self.mode == JSON:
            self.tell('message', text=text)
        else:
            super().print(text, markup=False)

    def warn(self, text: str) -> None:
        """Says a warning, in every mode."""
        if self.mode == JSON:
            self.tell('warning', text=text)
        else:
            super().print(f'[yellow]warning:[/yellow] {escape(text)}')

    def doing(self, text: str, done: int | None = None, total: int | None = None) -> None:
        """Says on the live line what is going on; nothing elsewhere.

        Args:
            text: a word or two.
            done: of `total`, as in `advance`; None where that has not changed.
            total: likewise.
        """
        if self.live:
            self._update(doing=text, completed=done, total=total)

    def advance(self, done: int, total: int, *, line: str, brief: str) -> None:
        """Shows how far it is: the live line on a terminal, a line elsewhere; in `json`, `tell` says it better.

        Args:
            done: of `total`.
            total: steps, trials, epochs.
            line: for a file.
            brief: for the live line, which shows `done` and `total` itself.
        """
        if self.live:
            self._update(completed=done, total=total, brief=brief)
        elif self.mode == PLAIN:
            self.print(line, markup=False)

    def _update(self, **fields: Any) -> None:
        bar = self._bar
        if bar is None:
            bar = self._bar = Progress(
                SpinnerColumn(),
                TextColumn('{task.fields[doing]}', markup=False),
                BarColumn(BAR),
                MofNCompleteColumn(),
                TextColumn('{task.fields[brief]}', markup=False),
                console=self,
                transient=True,
            )
            bar.add_task('', total=None, doing='', brief='')
        bar.update(bar.task_ids[0], **fields, refresh=True)
        bar.start()

    def close(self) -> None:
        """Takes the live line off the terminal."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def results(self, **fields: Any) -> None:
        """Begins the results: what is printed from here on is shown in `quiet` too, and `json` has its last event.

        Args:
            fields: of the event `summary`.
        """
        self.close()
        self.tell('summary', **fields)
        self.final = True


def as_terminal(console: Console | None) -> Terminal:
    """Returns a console as a terminal.

    Args:
        console: None for the standard output.
    """
    if isinstance(console, Terminal):
        return console
    if console is None:
        return Terminal()
    # A console that writes to what is the standard output at the time keeps doing so.
    file = None if console.file is sys.stdout else console.file
    return Terminal(file=file, width=console.width, quiet=console.quiet)  # type: ignore[arg-type]


def _finite(value: Any) -> Any:
    """Returns JSON types with null for every number that JSON does not have."""
    if isinstance(value, Mapping):
        return {str(name): _finite(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value
