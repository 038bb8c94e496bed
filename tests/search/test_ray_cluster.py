"""Joining a Ray that somebody else started, on the loopback address and with a token."""

import importlib.util
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).resolve().parents[2]
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not importlib.util.find_spec('ray'), reason="Ray is not installed: pip install 'nao_tf[ray]'"),
]
# Evaluates four cells on the cluster and prints what came of them; the first kills its worker once.
DRIVER = """
import json, math, sys
import numpy as np
from nao_tf.search.history import SEARCH, Trial
from nao_tf.search.ray_cluster import RayOptions
from nao_tf.search.ray_executor import RayExecutor
from nao_tf.searchers.evaluation import Proposal
from nao_tf.spaces.registry import get_space
from tests.support.children import recipe

address, folder = sys.argv[1:]
space = get_space('enas_cnn')
cells = [space.canonical(space.sample(np.random.default_rng(seed))) for seed in range(4)]

def on_start(trial):
    trial.attempts += 1
    return math.inf

trials = [Trial(number, SEARCH, Proposal(cell, 'random')) for number, cell in enumerate(cells, start=1)]
options = RayOptions(workers=4, address=address)
with RayExecutor(recipe({str(cells[0]): 'die_once'}, folder), options) as executor:
    ended = {trial.id: evaluation.failure for trial, evaluation in executor.run(trials, on_start)}
print(json.dumps([ended, [trial.attempts for trial in trials]]))
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]


@pytest.fixture
def environment():
    """What every process of the cluster needs: its secret, and to stay on the loopback address."""
    return {
        **os.environ,
        'PYTHONPATH': str(ROOT),
        'RAY_AUTH_MODE': 'token',
        'RAY_AUTH_TOKEN': secrets.token_hex(32),
        'RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER': '0',
        'RAY_USAGE_STATS_ENABLED': '0',
    }


@pytest.fixture
def address(environment):
    """The address of a running head with two processors."""
    port = free_port()
    folder = tempfile.mkdtemp(prefix='ray')  # short: names of sockets have 107 characters at most
    head = subprocess.Popen(
        [sys.executable, '-m', 'ray.scripts.scripts', 'start', '--head', f'--port={port}', '--num-cpus=2',
         '--include-dashboard=false', f'--temp-dir={folder}', '--block'],
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
    )  # fmt: skip
    for line in head.stdout:
        if 'runtime started' in line:
            break
    yield f'127.0.0.1:{port}'
    family = psutil.Process(head.pid).children(recursive=True)
    head.send_signal(signal.SIGTERM)
    head.communicate(timeout=60)
    for process in psutil.wait_procs(family, timeout=20)[1]:
        process.kill()
    shutil.rmtree(folder, ignore_errors=True)


def test_joins_a_cluster(address, environment, tmp_path):
    result = subprocess.run(
        [sys.executable, '-c', DRIVER, address, str(tmp_path)],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    ended, attempts = json.loads(result.stdout.splitlines()[-1])
    assert set(ended.values()) == {None}
    assert attempts == [2, 1, 1, 1]
