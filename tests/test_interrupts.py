"""Signals that C code makes another exception of."""

import contextlib
import os
import signal

import pytest

from nao_tf.interrupts import interrupts_noticed


def swallowed(number):
    """Does what C code does in which a signal arrives."""
    with contextlib.suppress(KeyboardInterrupt):
        os.kill(os.getpid(), number)
    raise SystemError('bad argument to internal function')


class Stopped(KeyboardInterrupt):
    """What a handler of one's own raises."""


@pytest.fixture
def handlers():
    def stop(number, frame):
        raise Stopped

    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, stop)
    yield signal.default_int_handler, stop
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize(('number', 'expected'), [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, Stopped)])
def test_it_is_what_its_handler_raises(handlers, number, expected):
    with pytest.raises(KeyboardInterrupt) as error, interrupts_noticed():
        swallowed(number)
    assert error.type is expected
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == handlers


def test_a_handler_that_raises_nothing(handlers):
    signal.signal(signal.SIGINT, lambda number, frame: None)
    with pytest.raises(KeyboardInterrupt), interrupts_noticed():
        swallowed(signal.SIGINT)


def test_an_error_without_a_signal_stays(handlers):
    with pytest.raises(SystemError), interrupts_noticed():
        raise SystemError('of the child')
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == handlers
