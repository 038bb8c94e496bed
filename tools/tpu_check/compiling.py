"""From StableHLO to a program of a TPU that is not there, by libtpu's compiler (jax's private interfaces: pinned)."""

from __future__ import annotations

import dataclasses
import os
import time
from collections.abc import Sequence
from typing import Any

os.environ.setdefault('TPU_SKIP_MDS_QUERY', '1')  # nobody answers on a machine that is no TPU VM
os.environ.setdefault('JAX_PLATFORMS', 'cpu')

import jax.experimental.topologies
import numpy as np
from jax._src.interpreters import mlir
from jax._src.lib import xla_client
from jax._src.lib.mlir import ir


@dataclasses.dataclass(frozen=True)
class Compiled:
    """What one chip does in one call of a compiled function, as XLA estimates it.

    Args:
        seconds: of the compile.
        flops: floating-point operations; the body of a loop counts once.
        bytes: read and written, likewise.
        memory: bytes of HBM that are taken at a time: arguments, results, temporaries and the program.
        exchanges: all-reduces in the program that was given to the compiler.
    """

    seconds: float
    flops: float
    bytes: float
    memory: int
    exchanges: int


def topology_devices(name: str) -> list[Any]:
    """Returns the devices of a topology such as `v5e:2x2`, to compile for.

    Raises:
        ValueError: if libtpu knows no such topology.
    """
    try:
        return list(jax.experimental.topologies.get_topology_desc(platform='tpu', topology_name=name).devices)
    except Exception as error:
        raise ValueError(f'--topology={name}: {" ".join(str(error).split())[:200]}; such as v5e:2x2') from None


def compile_for(program: bytes, devices: Sequence[Any]) -> Compiled:
    """Compiles StableHLO for a chip each of some devices.

    Args:
        program: of `lowering.lower`.
        devices: of one topology; as many as the program's exchanges are over.
    """
    with mlir.make_ir_context():
        module = ir.Module.parse(program)
        names = [operation.name for operation in _without_copies(module.operation)]
        options = xla_client.CompileOptions()
        for part in (options, options.executable_build_options):
            part.num_replicas, part.num_partitions = len(devices), 1
        options.executable_build_options.device_assignment = xla_client.DeviceAssignment.create(
            np.arange(len(devices)).reshape(-1, 1)
        )
        started = time.perf_counter()
        executable = devices[0].client.compile(module, xla_client.DeviceList(tuple(devices)), options)
        seconds = time.perf_counter() - started
    cost, memory = executable.cost_analysis(), executable.get_compiled_memory_stats()
    taken = (
        memory.argument_size_in_bytes
        + memory.output_size_in_bytes
        - memory.alias_size_in_bytes
        + memory.temp_size_in_bytes
        + memory.generated_code_size_in_bytes
    )
    return Compiled(
        seconds, cost.get('flops', 0.0), cost.get('bytes accessed', 0.0), taken, names.count('stablehlo.all_reduce')
    )


def _without_copies(operation: Any) -> list[Any]:
    """Erases `mhlo.copy`, which only TensorFlow's side knows, and returns the operations that stay."""
    stay = []
    for region in operation.regions:
        for block in region:
            for inner in list(block.operations):
                inner = inner.operation
                stay += _without_copies(inner)
                if inner.name == 'mhlo.copy':
                    inner.results[0].replace_all_uses_with(inner.operands[0])
                    inner.erase()
                else:
                    stay.append(inner)
    return stay
