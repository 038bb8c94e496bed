"""A KerasTuner search of a chief and two workers, with someone who gives the command of a dead one again."""

from __future__ import annotations

import multiprocessing
import os
import socket
import sys
import time
import types
from pathlib import Path

CHIEF, WORKERS = 'chief', ('one', 'two')


def run_member(folder: str, name: str, port: int) -> None:
    """Runs the chief or a worker of a search without training, in this process."""
    sys.path.insert(0, str(Path(__file__).parents[2]))
    os.environ |= {
        'KERASTUNER_ORACLE_IP': '127.0.0.1',
        'KERASTUNER_ORACLE_PORT': str(port),
        'KERASTUNER_TUNER_ID': name,
    }
    from keras_tuner.src.distribute import oracle_chief

    from tests.tuner.black_box import make_tuner

    oracle_chief.time = types.SimpleNamespace(sleep=lambda seconds: time.sleep(min(seconds, 0.2)))  # it waits 20 s
    made = make_tuner(folder, 'random')
    made.seconds = 0.2  # of a trial
    made.search(verbose=0)


def run_cluster(arguments: tuple[str, ...]) -> int:
    """Runs chief and workers until the search has ended; what dies is given again, and with a chief who has left too.

    Args:
        arguments: the folder of the search.

    Returns:
        The exit code.
    """
    folder = arguments[0]
    with socket.socket() as free:
        free.bind(('127.0.0.1', 0))
        port = free.getsockname()[1]

    def begin(name: str) -> multiprocessing.process.BaseProcess:
        process = multiprocessing.get_context('fork').Process(target=run_member, args=(folder, name, port))
        process.start()
        return process

    members = {name: begin(name) for name in (CHIEF, *WORKERS)}
    while members[CHIEF].exitcode != 0:
        anew = members[CHIEF].exitcode is not None
        for name, process in members.items():
            if process.exitcode is not None and (anew or process.exitcode != 0):
                members[name] = begin(name)
        time.sleep(0.01)
    for process in members.values():
        process.kill()  # one that was given again after it had said goodbye waits for a chief
        process.join()
    return 0
