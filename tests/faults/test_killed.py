"""The short form of `tools/kill_test.py`; its long form and what it found are in docs/reliability.md.

Searches in one process and on Ray, with shared weights, of KerasTuner and of several processes are killed in
tests/end_to_end, tests/search and tests/tuner; a search at every one of its file operations in
tests/search/test_failing_writes.py.
"""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow


@pytest.mark.parametrize('kind', ['train', 'benchmark', 'export', 'report'])
def test_killed_at_random_moments_it_ends_the_same(kind, tmp_path):
    result = subprocess.run(
        [sys.executable, 'tools/kill_test.py', f'--kind={kind}', '--kills=2', f'--folder={tmp_path}'],
        cwd=Path(__file__).parents[2], capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip
    assert result.returncode == 0, result.stdout + result.stderr
    assert f'{kind}: ' in result.stdout
    assert 'nothing lost' in result.stdout
