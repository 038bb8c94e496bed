"""What TensorFlow takes of a machine: threads of its processor, memory of its GPUs. Said before its first use."""

from __future__ import annotations

import contextlib
import os
import pathlib
import warnings

import ml_collections
import tensorflow as tf

import nao_tf
from nao_tf.errors import InputError


def prepare_devices(config: ml_collections.ConfigDict) -> None:
    """Sets threads and GPUs as a search, or a final training, wants them, and says what came too late.

    Args:
        config: of the search or the training.

    Raises:
        InputError: see `set_threads`.
    """
    if nao_tf._LATE and not tf.config.list_physical_devices('GPU') and not _has_onednn():
        warnings.warn(
            'TensorFlow was imported before nao_tf and runs without oneDNN, which may double the time of a training on '
            'this processor: import nao_tf first (docs/train.md)',
            stacklevel=3,
        )
    if config.threads == 0 and 'sharing' in config and 'hidden' not in config.sharing:
        spread_branches()
    set_threads(config.threads)
    share_gpus()


def set_threads(threads: int) -> None:
    """Fixes TensorFlow's threads, on which the scores of a seed depend.

    Args:
        threads: within one operation and for operations side by side; 0 leaves them alone.

    Raises:
        InputError: if the number is negative, or TensorFlow already runs with another number.
    """
    if threads < 0:
        raise InputError(f'threads is {threads}; it must not be negative')
    if threads == 0 or tf.config.threading.get_intra_op_parallelism_threads() == threads:
        return
    try:
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(threads)
    except RuntimeError:
        raise InputError(
            f'threads is {threads}, but TensorFlow already runs in this process with '
            f'{tf.config.threading.get_intra_op_parallelism_threads() or "its own choice"}; '
            'set threads to 0, or search before any other use of TensorFlow'
        ) from None


def spread_branches() -> None:
    """Gives each of the two branches of a node half of the processor, for the convolutional supernet.

    Its operations are small, and threads within one cost more than they bring (docs/supernets.md). Changes nothing once
    TensorFlow runs, or where the environment or the calling program says how many threads it has.
    """
    if {'TF_NUM_INTRAOP_THREADS', 'TF_NUM_INTEROP_THREADS'} & set(os.environ):
        return
    if tf.config.threading.get_intra_op_parallelism_threads() or tf.config.threading.get_inter_op_parallelism_threads():
        return
    cores = len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count() or 1
    with contextlib.suppress(RuntimeError):
        tf.config.threading.set_intra_op_parallelism_threads(max(cores // 2, 1))
        tf.config.threading.set_inter_op_parallelism_threads(cores)


def _has_onednn() -> bool:
    """Returns whether TensorFlow turns oneDNN on by itself, as on x86 processors with AVX-512 for neural networks."""
    processor = pathlib.Path('/proc/cpuinfo')
    return not processor.exists() or 'avx512_vnni' in processor.read_text()


def share_gpus() -> None:
    """Lets several processes use a GPU: TensorFlow takes its memory as it needs it, not all at once.

    To be called before anything uses TensorFlow; after that it changes nothing.
    """
    for gpu in tf.config.list_physical_devices('GPU'):
        with contextlib.suppress(RuntimeError):
            tf.config.experimental.set_memory_growth(gpu, True)
