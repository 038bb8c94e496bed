"""The lock of a folder of a store: one process at a time, and what becomes of the lock of one that has died."""

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from nao_tf import locks
from nao_tf.errors import InputError
from nao_tf.files import as_path, write_text
from nao_tf.locks import locked


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(locks, 'SETTLE_SECONDS', 0.05)
    monkeypatch.setattr(locks, 'REFRESH_SECONDS', 0.05)


def test_one_process_at_a_time(bucket, quick):
    path, place = as_path(bucket[0]), bucket[1]
    with locked(path, 'the search'):
        words = rf'process {os.getpid()} on .* is running the search in gs://.* \(its lock is \d+ s old\); wait for it'
        with pytest.raises(InputError, match=words), locked(path, 'the search'):
            raise AssertionError
    assert list(place.iterdir()) == []
    with locked(path, 'the search'):
        pass


def test_of_processes_that_start_at_once_one_goes_on(bucket, quick, monkeypatch):
    monkeypatch.setattr(locks, 'SETTLE_SECONDS', 0.5)
    path, _ = as_path(bucket[0]), bucket[1]
    starting = [locks._StoreLock(path, 'the search') for _ in range(3)]

    def take(lock):
        try:
            lock.take()
        except InputError:
            return False
        return True

    with ThreadPoolExecutor(len(starting)) as pool:
        taken = list(pool.map(take, starting))
    for lock in starting:
        lock.leave()
    assert sum(taken) == 1
    assert list(path.iterdir()) == []


def test_the_lock_of_the_dead_is_taken_over(bucket, quick, monkeypatch):
    path, place = as_path(bucket[0]), bucket[1]
    mine = locks._StoreLock(path, 'the search')._mine
    write_text(path / '.lock', '{"host": "elsewhere", "process": 1, "token": "theirs"}')
    with pytest.raises(InputError, match=r'If it is dead, its lock ends in [78]?[0-9]+ s'), locked(path, 'the search'):
        raise AssertionError
    os.utime(place / '.lock', (0, (place / '.lock').stat().st_mtime - locks.STALE_SECONDS - 1))
    with locked(path, 'the search'):
        pass
    mine |= {'process': 2**22 + 1, 'token': 'of a process that was killed'}  # no process has that number
    write_text(path / '.lock', str(mine).replace("'", '"'))
    with locked(path, 'the search'):
        pass


def test_a_lock_that_was_taken_over_ends_its_process(bucket, quick):
    path, place = as_path(bucket[0]), bucket[1]

    def work():
        with locked(path, 'the search'):
            write_text(path / '.lock', '{"host": "elsewhere", "process": 7, "token": "theirs"}')
            time.sleep(60)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored where the tests run in the background
    try:
        with pytest.raises(InputError, match=r'process 7 on elsewhere has taken over gs://.*; this process stops'):
            work()
    finally:
        signal.signal(signal.SIGINT, before)
    assert 'elsewhere' in (place / '.lock').read_text()
