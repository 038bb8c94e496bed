"""The short form of `tools/kill_test.py`; its long form and what it found are in docs/reliability.md.

Searches in one process and on Ray, with shared weights, of KerasTuner and of several processes are killed in
tests/end_to_end, tests/search and tests/tuner; a search at every one of its file operations in
tests/search/test_failing_writes.py.
"""

import pytest

from tests.support import forks

pytestmark = pytest.mark.slow


@pytest.mark.parametrize('kind', ['train', 'benchmark', 'export', 'report'])
def test_killed_at_random_moments_it_ends_the_same(kind, tmp_path):
    result = forks.finish('tools/kill_test.py', f'--kind={kind}', '--kills=2', f'--folder={tmp_path}', timeout=600)
    assert result.returncode == 0, result.stdout + result.stderr
    assert f'{kind}: ' in result.stdout
    assert 'nothing lost' in result.stdout
