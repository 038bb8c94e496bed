"""The one factory of tf.distribute strategies: from a distribution to a strategy, or one clear line."""

from __future__ import annotations

import functools
import json
import os
import socket

import tensorflow as tf

from nao_tf.errors import InputError
from nao_tf.training.distribution import Distribution

REACH_SECONDS = 5.0  # after which nobody answers at an address; TensorFlow itself would wait for minutes


@functools.cache
def make_strategy(distribution: Distribution) -> tf.distribute.Strategy:
    """Returns the strategy of a process; asked again, the same one.

    `multi_worker_mirrored` has to be made before anything uses TensorFlow, and waits for the other processes.

    Args:
        distribution: which, and on what.

    Raises:
        InputError: if this machine cannot do it.
    """
    name = distribution.strategy
    if name == 'off':
        return tf.distribute.get_strategy()
    if name == 'tpu':
        return _tpu(distribution.tpu or 'local')
    gpus = _gpus(distribution.num_gpus)
    if name == 'one_device':
        return tf.distribute.OneDeviceStrategy('GPU:0' if gpus else 'CPU:0')
    if name == 'mirrored':
        return _mirrored(gpus)
    return _multi_worker(gpus)


def task_of_cluster() -> tuple[int, int]:
    """Returns the number of this process in a `multi_worker_mirrored` training, and how many there are.

    Raises:
        InputError: if TF_CONFIG is not set, or is none.
    """
    text = os.environ.get('TF_CONFIG', '')
    form = """'{"cluster": {"worker": ["HOST:PORT", ...]}, "task": {"type": "worker", "index": 0}}'"""
    if not text:
        raise InputError(
            f'--distribution_strategy=multi_worker_mirrored needs TF_CONFIG in the environment, such as {form}'
        )
    try:
        config = json.loads(text)
        workers, task = config['cluster']['worker'], config['task']
        if set(config['cluster']) != {'worker'} or task['type'] != 'worker' or not isinstance(workers, list):
            raise ValueError('its tasks must all be of type worker')
        if not 0 <= int(task['index']) < len(workers):
            raise ValueError(f'task.index is {task["index"]}, of {len(workers)} workers')
    except (ValueError, KeyError, TypeError) as error:
        reason = f'{error} is missing' if isinstance(error, KeyError) else str(error)
        raise InputError(f'TF_CONFIG is {text[:200]!r}: {reason}; it should be such as {form}') from None
    return int(task['index']), len(workers)


def _gpus(wanted: int | None) -> int:
    """Returns how many GPUs of this machine to use."""
    there = len(tf.config.list_physical_devices('GPU'))
    if wanted is not None and wanted > there:
        raise InputError(
            f'--num_gpus is {wanted}, but TensorFlow sees {there} on this machine; `nvidia-smi` lists them, and '
            'TensorFlow needs its build for GPUs (the extra [gpu])'
        )
    return there if wanted is None else wanted


def _mirrored(gpus: int) -> tf.distribute.Strategy:
    processors = len(tf.config.list_logical_devices('CPU'))
    if not gpus and processors < 2:
        raise InputError(
            '--distribution_strategy=mirrored has nothing to mirror over: TensorFlow sees no GPU to use and one '
            'logical CPU on this machine; take off or one_device'
        )
    kind, count = ('GPU', gpus) if gpus else ('CPU', processors)
    return tf.distribute.MirroredStrategy([f'{kind}:{number}' for number in range(count)])


def _multi_worker(gpus: int) -> tf.distribute.Strategy:
    task_of_cluster()
    try:
        tf.config.set_visible_devices(tf.config.list_physical_devices('GPU')[:gpus], 'GPU')
        return tf.distribute.MultiWorkerMirroredStrategy()
    except (RuntimeError, tf.errors.OpError, ValueError) as error:
        raise InputError(
            f'--distribution_strategy=multi_worker_mirrored cannot start: {_short(error)}; TF_CONFIG must be the same '
            'in every process but for task.index, its addresses free and reachable, and nothing may use TensorFlow '
            'before it'
        ) from None


def _tpu(address: str) -> tf.distribute.Strategy:
    """Returns the strategy of a TPU; connects to it unless it is this machine's own."""
    remedy = (
        'on a TPU VM take --tpu=local, else grpc://HOST:8470 or the name of a Cloud TPU; without a TPU leave '
        '--distribution_strategy=tpu out'
    )
    _reach(address, remedy)
    try:
        resolver = tf.distribute.cluster_resolver.TPUClusterResolver(tpu=address)
        if address != 'local':
            tf.config.experimental_connect_to_cluster(resolver)
        tf.tpu.experimental.initialize_tpu_system(resolver)
        return tf.distribute.TPUStrategy(resolver)
    except Exception as error:  # whatever library was asked: there is no TPU to be had
        raise InputError(f'--tpu={address}: no TPU can be used there ({_short(error)}); {remedy}') from None


def _reach(address: str, remedy: str) -> None:
    """Raises an InputError if nothing answers at a `grpc://HOST:PORT`."""
    if not address.startswith('grpc://'):
        return
    host, _, port = address.removeprefix('grpc://').rpartition(':')
    try:
        socket.create_connection((host, int(port)), REACH_SECONDS).close()
    except (OSError, ValueError, OverflowError) as error:
        raise InputError(f'--tpu={address}: nothing answers there ({error}); {remedy}') from None


def _short(error: BaseException) -> str:
    return f'{type(error).__name__}: {" ".join(str(error).split())[:160]}'
