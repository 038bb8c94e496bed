"""TensorFlow without the banners that its libraries write."""

from __future__ import annotations

import contextlib
import functools
import os
import sys
import tempfile
from collections.abc import Iterator


@contextlib.contextmanager
def quiet_import() -> Iterator[None]:
    """Holds back what is written to the standard error, by C++ too; it is shown if the import fails."""
    os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '2')
    sys.stderr.flush()
    saved = os.dup(2)
    with tempfile.TemporaryFile() as sink:
        os.dup2(sink.fileno(), 2)
        try:
            yield
        except BaseException:
            sink.seek(0)
            os.write(saved, sink.read())
            raise
        finally:
            os.dup2(saved, 2)
            os.close(saved)


@functools.cache
def quiet_xla() -> None:
    """Makes the process's first compile by XLA, of which TensorFlow 2.20 writes a line at any log level."""
    import tensorflow as tf

    if tf.__version__.startswith('2.20.'):
        with quiet_import():
            tf.function(tf.identity, jit_compile=True)(tf.zeros(()))
