"""Ctrl-C and SIGTERM that C code makes another exception of."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextlib.contextmanager
def interrupts_noticed() -> Iterator[None]:
    """Raises what a signal's handler raises, where an exception followed the signal that is no KeyboardInterrupt.

    A handler runs whenever Python code does, also in the middle of a call of TensorFlow's C code, which may drop its
    KeyboardInterrupt and raise a SystemError or an error of its own: that says nothing about what was computed. Does
    nothing outside the main thread, where no handler runs.

    Raises:
        KeyboardInterrupt: for such an exception, or whatever else the handler raises.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before: dict[int, Callable[[int, FrameType | None], Any]] = {
        number: handler for number in SIGNALS if callable(handler := signal.getsignal(number))
    }
    noticed: list[int] = []

    def notice(number: int, frame: FrameType | None) -> None:
        noticed.append(number)
        before[number](number, frame)

    for number in before:
        signal.signal(number, notice)
    try:
        yield
    except Exception as error:
        if noticed:
            before[noticed[0]](noticed[0], None)
            raise KeyboardInterrupt from error  # of a handler that only takes note
        raise
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
