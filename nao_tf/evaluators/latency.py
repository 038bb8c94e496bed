"""How long the network of an architecture takes for one input."""

from __future__ import annotations

import time

import numpy as np

from nao_tf.evaluators.child import Child
from nao_tf.spaces.architecture import Architecture
from nao_tf.training.classifier import release

WARM_CALLS = 3  # the first traces, and the others find their memory
LEAST_CALLS, MOST_CALLS = 11, 101
SECONDS = 0.3  # of timed calls, between the least and the most of them


def measure_latency(child: Child, architecture: Architecture) -> float:
    """Builds the network of an architecture, times its compiled inference, and returns the median in milliseconds.

    One image (one sequence of `child.sequence_length` words of a text) at a time, in the precision of the children, on
    the first device, with the threads that this process has (`config.threads`): a median of at least 11 calls behind
    three that are not timed. Weights are the initial ones, which change nothing.

    Args:
        child: of the search.
        architecture: canonical.
    """
    call = child.inference(child.build(architecture, 0))
    for _ in range(WARM_CALLS):
        call()
    times: list[float] = []
    while len(times) < LEAST_CALLS or (len(times) < MOST_CALLS and sum(times) < SECONDS):
        started = time.perf_counter()
        call()
        times.append(time.perf_counter() - started)
    release()
    return 1000 * float(np.median(times))
