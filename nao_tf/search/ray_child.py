"""One child on a Ray worker: what runs in the worker's process."""

from __future__ import annotations

import contextlib
import resource
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import ray

from nao_tf.evaluators.base import Evaluator
from nao_tf.search.executor import attempt
from nao_tf.spaces.architecture import Architecture

_made: dict[str, Evaluator] = {}  # the one evaluator of this process, by its recipe


def run_child(
    recipe: tuple[Callable[[], None], Any], architecture: Architecture, floor: float, memory_mb: int
) -> Iterator[Any]:
    """Evaluates one architecture; a Ray task that yields twice.

    Args:
        recipe: the two functions of a `Recipe`, `make` as a reference to Ray's object store: only the first child of
            a process reads it, and all processes of a machine share it.
        architecture: canonical.
        floor: score from which on the child's model is wanted.
        memory_mb: see `limited_memory`.

    Yields:
        None when the child starts, then its evaluation and the bytes of its `.keras` file (None if not wanted).
    """
    prepare, make = recipe
    name = make.hex()
    if name not in _made:
        _made.clear()
        prepare()
        _made[name] = ray.get(make)()
    evaluator = _made[name]
    yield None
    with limited_memory(memory_mb):
        evaluation = attempt(evaluator, architecture)
    model = None
    if not evaluation.failed and evaluation.score >= floor:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / 'child.keras'
            evaluator.save(path)
            model = path.read_bytes()
    yield evaluation, model


@contextlib.contextmanager
def limited_memory(megabytes: int) -> Iterator[None]:
    """Makes allocations fail that go beyond what the process has now by more than a limit.

    The kernel keeps the limit (RLIMIT_DATA: memory that is private and writable), so that one huge allocation
    cannot pass it before anybody looks. It becomes a MemoryError or TensorFlow's ResourceExhaustedError, a failed
    child; where a library cannot report it, the end of the process. Other systems than Linux do not keep it.

    Args:
        megabytes: MiB; 0 for no limit.
    """
    status = Path('/proc/self/status')
    if not megabytes or not status.exists():
        yield
        return
    fields = dict(line.split(':', 1) for line in status.read_text().splitlines())
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    limit = int(fields['VmData'].split()[0]) * 1024 + megabytes * 2**20
    resource.setrlimit(resource.RLIMIT_DATA, (limit if hard == resource.RLIM_INFINITY else min(limit, hard), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))
