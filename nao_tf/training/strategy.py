"""The one factory of tf.distribute strategies: from the flags that TPU users know to a strategy, or one clear line."""

from __future__ import annotations

import dataclasses
import functools
import json
import os
import socket

import tensorflow as tf

from nao_tf.errors import InputError

STRATEGIES = ('off', 'one_device', 'mirrored', 'multi_worker_mirrored', 'tpu')
TPU_STEPS_PER_LOOP = 50  # of a training whose `steps_per_loop` is left alone
REACH_SECONDS = 5.0  # after which nobody answers at an address; TensorFlow itself would wait for minutes


@dataclasses.dataclass(frozen=True)
class Distribution:
    """How one training is spread over devices; the batch size of its recipe is that of all of them together.

    Args:
        strategy: a name of `STRATEGIES`. `off` is the device that TensorFlow takes by itself.
        tpu: `local`, `grpc://HOST:PORT`, or the name of a Cloud TPU; '' means local. For `tpu` only.
        num_gpus: GPUs of this machine to use; None takes one or all that there are, 0 the processors.
        steps_per_loop: steps of one call from Python; 0 chooses 50 on a TPU and 1 elsewhere.

    Raises:
        InputError: for a strategy that does not exist, or an option that it does not have.
    """

    strategy: str = 'off'
    tpu: str = ''
    num_gpus: int | None = None
    steps_per_loop: int = 0

    def __post_init__(self) -> None:
        name = self.strategy
        if name not in STRATEGIES:
            raise InputError(f'--distribution_strategy is {name!r}; it is one of {", ".join(STRATEGIES)}')
        if self.tpu and name != 'tpu':
            raise InputError(f'--tpu={self.tpu} needs --distribution_strategy=tpu; it is {name}')
        if self.num_gpus is not None and self.num_gpus < 0:
            raise InputError(f'--num_gpus is {self.num_gpus}; it must be at least 0')
        if self.num_gpus is not None and name in ('off', 'tpu'):
            raise InputError(
                f'--num_gpus={self.num_gpus} needs --distribution_strategy=one_device, mirrored or '
                f'multi_worker_mirrored; it is {name}'
            )
        if name == 'one_device' and (self.num_gpus or 0) > 1:
            raise InputError(f'--num_gpus={self.num_gpus} are more than one device; take mirrored')
        if self.steps_per_loop < 0:
            raise InputError(f'--steps_per_loop is {self.steps_per_loop}; it must be at least 1, or 0 to choose it')

    @property
    def loop(self) -> int:
        """Steps of one call from Python, at least 1."""
        return self.steps_per_loop or (TPU_STEPS_PER_LOOP if self.strategy == 'tpu' else 1)

    @property
    def many_processes(self) -> bool:
        """Whether several processes train one network together, each started by the same command."""
        return self.strategy == 'multi_worker_mirrored'


OFF = Distribution()


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
