"""Whether TensorFlow rewrites a graph before it runs it, which a short training does not pay back."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import tensorflow as tf

WORTH_STEPS = 400  # below this many steps the rewriting takes longer than it saves (docs/architecture.md)


@contextlib.contextmanager
def graph_rewrites(steps: int) -> Iterator[None]:
    """Switches the graph rewriting off for a short training on a CPU, and back to what it was afterwards.

    On a GPU or TPU it stays on: there it also chooses the layout of convolutions.

    Args:
        steps: of the training.

    Yields:
        Nothing; the functions must be traced and called inside.
    """
    if steps >= WORTH_STEPS or tf.config.list_physical_devices('GPU') or tf.config.list_physical_devices('TPU'):
        yield
        return
    before = tf.config.optimizer.get_experimental_options().get('disable_meta_optimizer', False)
    tf.config.optimizer.set_experimental_options({'disable_meta_optimizer': True})
    try:
        yield
    finally:
        tf.config.optimizer.set_experimental_options({'disable_meta_optimizer': before})
