"""Kills a command at random moments, gives it again, and compares what it leaves with an uninterrupted run.

    python tools/kill_test.py --kind=search --kills=100 --seed=0

The kinds are those of `tools/faults/jobs.py`. The command is started by fork from a process that has imported
TensorFlow, so that kills fall into its work and not into the import. A command that has ended is compared, and a new
folder begun, until so many kills have been made; the last one is left to end. Ends with an error if a run differs.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from pathlib import Path

import numpy as np
import psutil
from absl import app, flags
from faults.jobs import JOBS, Job, nao

FLAGS = flags.FLAGS
flags.DEFINE_enum('kind', 'search', list(JOBS), 'what is killed')
flags.DEFINE_integer('kills', 100, 'how often')
flags.DEFINE_integer('seed', 0, 'of the moments')
flags.DEFINE_string('folder', None, 'where it works and leaves its logs; a temporary one by default')


def start(arguments: tuple[str, ...], log: Path, program: Callable[[tuple[str, ...]], int] = nao) -> int:
    """Starts a program in a process group of its own, by fork; returns the process."""
    process = os.fork()
    if process:
        atexit.register(end, process)
        return process
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    code = 1
    try:
        os.setsid()
        with log.open('ab') as file:
            os.dup2(file.fileno(), 1)
            os.dup2(file.fileno(), 2)
        code = program(arguments)
    except Exception:
        traceback.print_exc()
    finally:
        os._exit(code)


def end(process: int) -> None:
    """Ends a process that outlived this program, if it does."""
    with contextlib.suppress(ProcessLookupError, ChildProcessError):
        if os.waitpid(process, os.WNOHANG) == (0, 0):
            os.kill(process, signal.SIGKILL)


def ended(process: int) -> int | None:
    """Returns the exit code of a process, None while it runs."""
    done, status = os.waitpid(process, os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if done else None


def wait(process: int, seconds: float) -> int | None:
    """Waits for a process, so long; returns its exit code, None if it still runs."""
    until = time.perf_counter() + seconds
    while (code := ended(process)) is None and time.perf_counter() < until:
        time.sleep(0.01)
    return code


def family(process: int) -> list[psutil.Process]:
    """Returns all processes that a process has begun."""
    try:
        return psutil.Process(process).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def kill(process: int, job: Job, rng: np.random.Generator) -> bool:
    """Kills the command, or one of the processes that it has begun; returns whether there was one."""
    if job.victims is None:
        members = family(process)
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)
        _, alive = psutil.wait_procs(members, 30)  # Ray's end with their driver
        for member in alive:
            if 'Agent' not in member.name():
                raise AssertionError(f'{member} outlived its driver')
            member.kill()
        return True
    try:
        victims = job.victims(family(process))
    except psutil.NoSuchProcess:
        return False
    if not victims:
        return False
    victims[int(rng.integers(len(victims)))].kill()
    return True


def whole(arguments: tuple[str, ...], log: Path, program: Callable[[tuple[str, ...]], int] = nao) -> float:
    """Runs a command to its end; returns its seconds."""
    started = time.perf_counter()
    code = wait(start(arguments, log, program), 3600)
    if code != 0:
        raise AssertionError(f'exit code {code}: {" ".join(arguments)}\n{log.read_text()[-3000:]}')
    return time.perf_counter() - started


def main(argv: list[str]) -> None:
    """Kills, continues and compares."""
    del argv
    signal.signal(signal.SIGTERM, lambda *_: sys.exit('stopped'))
    os.environ.setdefault('OMP_NUM_THREADS', '1')
    from nao_tf.quiet import quiet_import

    with quiet_import():
        import nao_tf.search.run  # noqa: F401 - whatever a command needs, so that its processes begin with it

    job, rng = JOBS[FLAGS.kind], np.random.default_rng(FLAGS.seed)
    folder = Path(FLAGS.folder or tempfile.mkdtemp())
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / 'log.txt'
    if job.before:
        whole((*job.before, f'--workdir={folder / "source"}'), log)
    seconds = whole(job.command(folder / 'whole'), log, job.program)
    expected = job.result(folder / 'whole')
    print(f'uninterrupted: {seconds:.1f} s', flush=True)
    seconds = job.interval or seconds
    kills = rounds = starts = 0
    while kills < FLAGS.kills or rounds == 0:
        rounds += 1
        place = folder / f'round{rounds}'
        arguments = job.command(place)
        code: int | None = None
        while code is None:
            process = start(arguments, log, job.program)
            starts += 1
            while code is None:
                limit = 3600.0 if kills >= FLAGS.kills else float(rng.uniform(0, seconds))
                code = wait(process, limit)
                while code is None and not kill(process, job, rng):  # none of its workers is busy now
                    code = wait(process, float(rng.uniform(0, 0.5)))
                if code is None:
                    kills += 1
                    if job.victims is None:
                        break
            if code not in (None, 0) and job.victims is not None:
                print(f'the driver ended by itself, exit code {code}: {log}', flush=True)
                code = None
        if code != 0:
            sys.exit(f'round {rounds}: exit code {code}; {log}')
        if job.result(place) != expected:
            sys.exit(f'round {rounds} ended otherwise than the uninterrupted run: {place} and {folder / "whole"}')
        print(f'{kills} kills, {starts} starts, {rounds} runs ended as the uninterrupted one', flush=True)
    print(f'{FLAGS.kind}: {kills} kills, nothing lost', flush=True)


if __name__ == '__main__':
    app.run(main)
