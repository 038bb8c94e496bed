"""A worker process of a benchmark and the process that started it."""

import dataclasses
import io
import os
import signal
import subprocess
import sys
import time

import psutil
import pytest
from rich.console import Console

from nao_tf.benchmarks.problem import Source
from nao_tf.benchmarks.runner import make_runs
from nao_tf.benchmarks.worker import Job, Settings
from nao_tf.errors import InputError

PARENT = """
import multiprocessing, time
from concurrent.futures import ProcessPoolExecutor
from nao_tf.benchmarks.worker import start

if __name__ == '__main__':
    context = multiprocessing.get_context('spawn')
    with ProcessPoolExecutor(1, mp_context=context, initializer=start, initargs=(context.Event(),)) as pool:
        pool.submit(time.sleep, 0).result()
        future = pool.submit(time.sleep, 300)
        print('busy', flush=True)
        future.result()
"""


def test_workers_end_with_the_process_that_started_them(tmp_path):
    script = tmp_path / 'parent.py'
    script.write_text(PARENT)
    parent = subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True)
    assert parent.stdout.readline() == 'busy\n'
    children = psutil.Process(parent.pid).children(recursive=True)
    parent.send_signal(signal.SIGKILL)
    parent.communicate()
    deadline = time.monotonic() + 30
    while any(child.is_running() and child.status() != psutil.STATUS_ZOMBIE for child in children):
        assert time.monotonic() < deadline, children
        time.sleep(0.1)


@dataclasses.dataclass(frozen=True)
class Deadly(Source):
    """Ends the process that opens it, as a system without memory does."""

    def open(self):
        os._exit(1)


def test_a_process_that_died_is_told_in_one_line_with_its_remedy(tmp_path):
    settings = Settings(str(tmp_path), Deadly('valid', 'test'), budget=1, outside=0, seed=0, searcher={})
    with pytest.raises(InputError, match=r'died.*same command continues.*--config.workers=1') as error:
        make_runs([Job(settings, 'random', 0)], done=0, workers=1, console=Console(file=io.StringIO()))
    assert '\n' not in str(error.value)
