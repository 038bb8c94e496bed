"""A worker process of a benchmark and the process that started it."""

import signal
import subprocess
import sys
import time

import psutil

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
