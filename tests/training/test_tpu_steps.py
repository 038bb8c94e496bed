"""The training steps as chips of a TPU would run them: they lower with their exchanges, and compile where libtpu is."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / 'tools'))

from tpu_check.lowering import lower  # noqa: E402
from tpu_check.steps import SMALL, make_step  # noqa: E402

CHIPS = 4


@pytest.mark.parametrize('name', ['child', 'recurrent'])
def test_a_step_on_several_chips_lowers(name):
    step = make_step(name, SMALL, CHIPS, 'mixed_bfloat16')
    assert step.chips == CHIPS
    program = lower(step.function, step.specs)
    # Host operations have no form for XLA, and shapes that are not static neither: both would have raised.
    assert b'all_reduce' in program
    assert b'replica_id' in program


@pytest.mark.slow
@pytest.mark.skipif(
    any(importlib.util.find_spec(name) is None for name in ('jax', 'libtpu')),
    reason='the extra tpu-check is not installed',
)
def test_the_command_compiles_them_for_a_tpu():
    command = [sys.executable, 'tools/tpu_compile.py', '--small', '--steps=child,recurrent']
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=3600, check=False)
    assert done.returncode == 0, done.stderr
    rows = {line.split()[0]: line.split()[1:] for line in done.stdout.splitlines()[2:]}
    assert set(rows) == {'child', 'recurrent'}
    for chips, *_, flops, _, memory, exchanges, _ in rows.values():
        assert int(chips) == CHIPS
        assert float(flops) > 0
        assert int(memory) > 0
        assert int(exchanges) > 0
