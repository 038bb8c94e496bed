"""Compiles the train and evaluation steps for a TPU on a machine without one.

    pip install -c constraints.txt -e '.[cpu,tpu-check]'
    python tools/tpu_compile.py --topology=v5e:2x2                       # all steps, large
    python tools/tpu_compile.py --topology=v5e:2x2 --steps=child,recurrent --small

Convolutional and recurrent training is data-parallel over all chips of the topology, with the exchanges of gradients
and batch statistics in the program. Printed for each step: seconds of the compile, what one chip computes, reads and
writes in it by XLA's count (where the step has a loop, its body counts once), and the HBM that it takes at a time
beside what the chip has. What compiles has not been run: no TPU was there.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '3')
sys.path.insert(0, str(Path(__file__).resolve().parent))

from tpu_check.compiling import Compiled, compile_for, topology_devices
from tpu_check.lowering import lower
from tpu_check.steps import PAPER, SMALL, STEPS, Step, make_step

HBM = {'v2': 8, 'v3': 16, 'v4': 32, 'v5e': 16, 'v5p': 95, 'v6e': 32}  # GiB of a device (v2, v3: of a core)
COLUMNS = '{:<20}{:>6}{:>9}{:>9}{:>8}{:>9}{:>9}{:>11}{:>7}'


def compile_step(step: Step, devices: list) -> tuple[float, Compiled]:
    """Returns the seconds of TensorFlow's lowering and what the compile came to."""
    started = time.perf_counter()
    program = lower(step.function, step.specs)
    lowering = time.perf_counter() - started
    return lowering, compile_for(program, devices[: step.chips])


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--topology', default='v5e:2x2', help='such as v4:2x2x1, v5e:2x2, v6e:2x2')
    parser.add_argument('--steps', default=','.join(STEPS), help='with commas')
    parser.add_argument('--precision', default='mixed_bfloat16', help='Keras policy of convolutional networks')
    parser.add_argument('--small', action='store_true', help='small networks, to see that they compile at all')
    arguments = parser.parse_args()
    names = arguments.steps.split(',')
    unknown = [name for name in names if name not in STEPS]
    if unknown:
        parser.error(f'--steps: there is no {unknown[0]!r}; there are {", ".join(STEPS)}')
    try:
        devices = topology_devices(arguments.topology)
    except ValueError as error:
        parser.error(str(error))
    hbm = HBM.get(arguments.topology.partition(':')[0])
    limit = f'{hbm} GiB of HBM each' if hbm else 'HBM unknown'
    print(f'{arguments.topology}: {len(devices)} devices, {limit}; {arguments.precision}')
    print(COLUMNS.format('step', 'chips', 'lower s', 'comp. s', 'GFLOP', 'MB', 'HBM MB', 'all-reduce', 'loops'))
    for name in names:
        step = make_step(name, SMALL if arguments.small else PAPER, len(devices), arguments.precision)
        lowering, found = compile_step(step, devices)
        print(
            COLUMNS.format(
                name,
                step.chips,
                f'{lowering:.0f}',
                f'{found.seconds:.0f}',
                f'{found.flops / 1e9:.2f}',
                f'{found.bytes / 1e6:.0f}',
                f'{found.memory / 1e6:.0f}',
                found.exchanges,
                'yes' if step.loops else 'no',
            ),
            flush=True,
        )
        if hbm and found.memory > hbm * 2**30:
            print(f'{name} does not fit: {found.memory / 2**30:.1f} GiB of {hbm} GiB')


if __name__ == '__main__':
    main()
