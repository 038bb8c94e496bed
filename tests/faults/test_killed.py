"""The short form of `tools/kill_test.py`; its long form and what it found are in docs/reliability.md.

Searches in one process and on Ray, with shared weights, of KerasTuner and of several processes are killed in
tests/end_to_end, tests/search and tests/tuner; a search at every one of its file operations in
tests/search/test_failing_writes.py.
"""

import shutil
import sys
from pathlib import Path

import pytest

from tests.support import forks

sys.path.insert(0, str(Path(__file__).parents[2] / 'tools'))

from faults.jobs import JOBS

pytestmark = pytest.mark.slow


@pytest.fixture(scope='module')
def source(tmp_path_factory):
    """The search that is exported and reported."""
    workdir = tmp_path_factory.mktemp('killed') / 'source'
    result = forks.finish('nao_tf.cli', *JOBS['export'].before, f'--workdir={workdir}', timeout=600)
    assert result.returncode == 0, result.stderr
    return workdir


@pytest.mark.parametrize('kind', ['train', 'benchmark', 'export', 'report'])
def test_killed_at_random_moments_it_ends_the_same(kind, tmp_path, request):
    if JOBS[kind].before:
        shutil.copytree(request.getfixturevalue('source'), tmp_path / 'source')
    result = forks.finish('tools/kill_test.py', f'--kind={kind}', '--kills=2', f'--folder={tmp_path}', timeout=600)
    assert result.returncode == 0, result.stdout + result.stderr
    assert f'{kind}: ' in result.stdout
    assert 'nothing lost' in result.stdout
