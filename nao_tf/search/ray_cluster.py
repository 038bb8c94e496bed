"""Starts or joins the Ray cluster that children run on."""

from __future__ import annotations

import contextlib
import dataclasses
import importlib.util
import logging
import math
import os
import secrets
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from typing import Any

from nao_tf.errors import InputError

REACH_SECONDS = 5.0
# Ray reads it when it is imported; 0 makes it listen on the loopback address only, on Linux too.
ALL_ADDRESSES = 'RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER'


@dataclasses.dataclass(frozen=True)
class RayOptions:
    """Where children run, and what each of them gets and may take.

    Args:
        workers: children that run at a time.
        address: `host:port` of a cluster's head, or `auto`; '' starts Ray on this machine alone.
        num_cpus: processors of a child, for Ray's bookkeeping; its threads are `config.threads`.
        num_gpus: GPUs of a child; 0.5 puts two children on one.
        tpu: TPU chips of a child.
        memory_mb: MiB that a child may add to its process; 0 for no limit.
        time_limit: seconds of a child; 0 for no limit.
        children_per_process: after so many children a worker's process is replaced by a fresh one; with GPUs or TPUs
            after every one, as a process keeps the device that it began with.

    Raises:
        InputError: for a value that cannot be.
    """

    workers: int = 1
    address: str = ''
    num_cpus: float = 1.0
    num_gpus: float = 0.0
    tpu: float = 0.0
    memory_mb: int = 0
    time_limit: float = 0.0
    children_per_process: int = 100

    def __post_init__(self) -> None:
        if self.workers < 1:
            raise InputError(f'--workers is {self.workers}; it must be at least 1')
        for name in ('num_cpus', 'num_gpus', 'tpu', 'memory_mb', 'time_limit'):
            if not 0 <= getattr(self, name) < math.inf:
                raise InputError(f'ray.{name} is {getattr(self, name)}; it must be 0 or more')
        if self.num_gpus > 1 and self.num_gpus != int(self.num_gpus):
            raise InputError(f'ray.num_gpus is {self.num_gpus}; above 1 it must be a whole number')
        if self.children_per_process < 1:
            raise InputError(f'ray.children_per_process is {self.children_per_process}; it must be at least 1')

    @property
    def demand(self) -> dict[str, float]:
        """What one child asks of a node, by Ray's names of resources."""
        wanted = {
            'CPU': self.num_cpus,
            'GPU': self.num_gpus,
            'TPU': self.tpu,
            'memory': float(self.memory_mb * 2**20),
        }
        return {name: amount for name, amount in wanted.items() if amount}

    @property
    def task(self) -> dict[str, Any]:
        """Options of `ray.remote` for a child.

        Ray does not repeat a child by itself: an attempt is recorded before it starts, by whoever starts it.
        """
        return {
            'num_cpus': self.num_cpus,
            'num_gpus': self.num_gpus,
            'resources': {'TPU': self.tpu} if self.tpu else {},
            'memory': self.memory_mb * 2**20 or None,
            'max_calls': 1 if self.num_gpus or self.tpu else self.children_per_process,
            'max_retries': 0,
        }


@contextlib.contextmanager
def connected(options: RayOptions) -> Iterator[None]:
    """Holds a connection to Ray: to the cluster at the address, or to one of this machine that ends with it.

    Where the program is connected to Ray already, that connection is used and left alone.

    Args:
        options: checked against what the nodes have.

    Raises:
        InputError: if Ray is not installed or not reachable, or no node can hold a child.
    """
    if importlib.util.find_spec('ray') is None:
        raise InputError("--executor=ray needs Ray, which is not installed: pip install 'nao_tf[ray]'")
    if options.address:
        _reach(options.address)
    before = 'ray' in sys.modules
    if not before and not options.address:
        os.environ.setdefault(ALL_ADDRESSES, '0')
    import ray

    if ray.is_initialized():
        check_demand(options)
        yield
        return
    try:
        terminate = signal.getsignal(signal.SIGTERM)
        if options.address:
            _join(options.address)
        else:
            if before and sys.platform == 'linux' and ALL_ADDRESSES not in os.environ:
                raise InputError(
                    f'Ray was imported before the search and would listen on all addresses: set {ALL_ADDRESSES}=0 '
                    'before the import, or call ray.init() as you want it'
                )
            _start(options)
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, terminate or signal.SIG_DFL)  # Ray puts its own there
        check_demand(options)
        yield
    finally:
        ray.shutdown()


def _reach(address: str) -> None:
    """Raises an InputError if the address is none or nothing answers there; Ray itself would try for minutes."""
    if address == 'auto':
        return
    host, _, port = address.rpartition(':')
    if not host or '/' in host or not port.isdigit():
        raise InputError(f'--ray_address is {address!r}; it is host:port of the head, as `ray start --head` prints')
    try:
        socket.create_connection((host, int(port)), REACH_SECONDS).close()
    except (OSError, OverflowError) as error:
        raise InputError(
            f'--ray_address: nothing answers at {address} ({error}); start the head by `ray start --head`'
        ) from None


def _join(address: str) -> None:
    """Connects to a running cluster, or raises an InputError in one line."""
    import ray

    try:
        ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR)
    except (Exception, SystemExit) as error:  # Ray exits where it waited for a head in vain
        text = ' '.join(str(error).split())[:300]
        raise InputError(f'--ray_address: cannot join Ray at {address}: {type(error).__name__}: {text}') from None


def _start(options: RayOptions) -> None:
    """Starts Ray on the loopback address, for this process and as long as it lives."""
    import ray

    # Ray asks for a token by itself, as every user of the machine reaches the loopback address; left to itself it
    # would keep one in the home directory for ever.
    os.environ.setdefault('RAY_AUTH_TOKEN', secrets.token_hex(32))
    ray.init(
        address='local',
        num_cpus=max(math.ceil(options.workers * options.num_cpus), 1),
        include_dashboard=False,
        log_to_driver=False,
        logging_level=logging.ERROR,
    )


def check_demand(options: RayOptions) -> None:
    """Raises an InputError if no node of the cluster could ever hold a child.

    Args:
        options: whose demand is compared with every node that is alive.
    """
    import ray

    nodes = [node['Resources'] for node in ray.nodes() if node['Alive']]
    if any(all(node.get(name, 0) >= amount for name, amount in options.demand.items()) for node in nodes):
        return
    has = '; '.join(', '.join(f'{name} {node.get(name, 0):g}' for name in options.demand) for node in nodes)
    asks = ', '.join(f'{name} {amount:g}' for name, amount in options.demand.items())
    raise InputError(f'a child asks for {asks} (config.ray), and no node of the Ray cluster has that much: {has}')
