"""One process of a broadcast: python -m tests.support.broadcast_worker FOLDER; TF_CONFIG says which one it is."""

import json
import os
import sys
import time
import zlib
from pathlib import Path

import numpy as np

from nao_tf.training.broadcast import BLOCK, FIRST, Broadcast
from nao_tf.training.distribution import Distribution
from nao_tf.training.strategy import task_of_cluster

SIZES = (0, 5, FIRST, FIRST + 1, FIRST + BLOCK, 3 * BLOCK)


def content(size):
    """Returns bytes that are a function of their number."""
    return np.random.default_rng(size).bytes(size)


def main():
    """Sends bytes of all sizes from the first process; says what arrived, and how long the last took."""
    number, _ = task_of_cluster()
    broadcast = Broadcast(Distribution('multi_worker_mirrored'))
    found = []
    for size in SIZES:
        started = time.perf_counter()
        received = broadcast.send(content(size) if number == 0 else b'of another')
        found.append([len(received), zlib.crc32(received), time.perf_counter() - started])
    (Path(sys.argv[1]) / f'found_{number}.json').write_text(json.dumps(found))
    os._exit(0)


if __name__ == '__main__':
    main()
