"""Broadcast: bytes from the first process of a `multi_worker_mirrored` training to all others."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import numpy as np
import tensorflow as tf

from nao_tf.errors import InputError
from nao_tf.training.distribution import Distribution
from nao_tf.training.strategy import make_strategy, task_of_cluster

PLACES = ('Graph execution error', 'Detected at node', 'File "', '<stack', '[[')  # lines that say where, not what
FIRST = 4088  # bytes that are sent at first, behind their number
BLOCK = 4 << 20  # bytes of each further piece


class Broadcast:
    """A channel that all processes of a training use in the same order; made in all of them at the same place.

    Args:
        distribution: of several processes.
    """

    def __init__(self, distribution: Distribution):
        self.strategy = make_strategy(distribution)
        self.chief = task_of_cluster()[0] == 0

        def first_only(block: tf.Tensor) -> tf.Tensor:
            context = tf.distribute.get_replica_context()
            mine = tf.where(tf.equal(context.replica_id_in_sync_group, 0), block, 0)
            return context.all_reduce(tf.distribute.ReduceOp.SUM, mine)

        def exchange(block: tf.Tensor) -> tf.Tensor:
            return self.strategy.experimental_local_results(self.strategy.run(first_only, args=(block,)))[0]

        self._exchange = tf.function(exchange, autograph=False)  # traced for the two lengths

    def send(self, data: bytes = b'') -> bytes:
        """Returns in every process what the first one gives; it waits until all have called.

        Args:
            data: of the first process; any other's is left out.

        Raises:
            InputError: if another process is gone.
        """
        first = self._sent((len(data).to_bytes(8, 'little') + data[:FIRST]).ljust(8 + FIRST, b'\0'))
        size = int.from_bytes(first[:8], 'little')
        parts = [first[8:]]
        for start in range(FIRST, size, BLOCK):
            parts.append(self._sent(data[start : start + BLOCK].ljust(BLOCK, b'\0')))
        return b''.join(parts)[:size]

    def _sent(self, data: bytes) -> bytes:
        """Returns bytes of the first process; every process gives as many, a multiple of four."""
        with lost_workers():
            sent = self._exchange(tf.constant(np.frombuffer(data, np.int32)))
        return bytes(sent.numpy().tobytes())


@contextlib.contextmanager
def lost_workers() -> Iterator[None]:
    """Turns what TensorFlow raises where another process is gone into one line.

    Raises:
        InputError: in the place of TensorFlow's error.
    """
    try:
        yield
    except tf.errors.OpError as error:
        raise lost_worker(error) from None


def lost_worker(error: Exception) -> InputError:
    """Returns what a person is told where one of several processes that train together has failed.

    Args:
        error: that ended the training in this process.
    """
    return InputError(
        'a process of this multi_worker_mirrored training is gone or has failed '
        f'({type(error).__name__}: {_cause(str(error))}); start all of them again by the same commands, they continue'
    )


def _cause(message: str) -> str:
    """Returns the line of a TensorFlow error that says what happened, without where the graph was made."""
    lines = [line.strip() for line in message.splitlines()]
    causes = [line for line in lines if line and not line.startswith(PLACES)]
    return (causes or lines or ['no reason given'])[0][:160]
