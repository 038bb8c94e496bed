"""Processes that do not import TensorFlow again: forks of one that has imported it, and has done nothing with it.

The import takes most of the time of a small command. What has to be a whole new interpreter is started by `subprocess`.
"""

import contextlib
import multiprocessing
import os
import pathlib
import runpy
import signal
import subprocess
import sys
import tempfile
import traceback

ROOT = pathlib.Path(__file__).parents[2]
_SERVER = multiprocessing.get_context('forkserver')
_SERVER.set_forkserver_preload(['tensorflow', 'nao_tf.cli', 'nao_tf.search.run', 'nao_tf.final.images'])


def _program(name, arguments, environment, output, errors):
    """Does what `python file.py` does, or `python -m`, and ends the process."""
    os.setsid()
    os.chdir(ROOT)
    os.environ.clear()
    os.environ.update(environment)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # which a parent in the background ignores
    for file, number in ((os.devnull, 0), (output, 1), (errors, 2)):
        os.dup2(os.open(file, os.O_RDWR | os.O_APPEND), number)
    sys.stdout, sys.stderr = os.fdopen(1, 'w'), os.fdopen(2, 'w', buffering=1)
    sys.argv = [name, *arguments]
    sys.modules.pop(name, None)  # runpy warns of a program that is a module too
    code = 1
    try:
        if name.endswith('.py'):
            sys.path.insert(0, str(pathlib.Path(name).parent.absolute()))
            runpy.run_path(name, run_name='__main__')
        else:
            runpy.run_module(name, run_name='__main__', alter_sys=True)
        code = 0
    except SystemExit as error:
        code = error.code or 0
        if isinstance(code, str):
            print(code, file=sys.stderr)
            code = 1
    except BaseException:
        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


class Fork:
    """A process, in a session of its own, with the methods of `subprocess.Popen` that tests need.

    Args:
        name: of a module that is a program, or of a file with the suffix .py, from the root of the project.
        arguments: of the program.
        output: a file for all that it prints; None makes two in a temporary folder.
        environment: variables beside those of this process.
    """

    def __init__(self, name, *arguments, output=None, **environment):
        self._folder = tempfile.TemporaryDirectory(prefix='fork')  # goes with this object
        folder = pathlib.Path(self._folder.name)
        self._output, self._errors = output or folder / 'output', output or folder / 'errors'
        for file in (self._output, self._errors):
            file.touch()
        self._process = _SERVER.Process(
            target=_program,
            args=(name, [*map(str, arguments)], {**os.environ, **environment}, str(self._output), str(self._errors)),
        )
        self._process.start()
        self.pid = self._process.pid

    @property
    def output(self):
        """What it has printed."""
        return self._output.read_text()

    @property
    def errors(self):
        """What it has printed as errors."""
        return self._errors.read_text()

    @property
    def returncode(self):
        """The exit code, or minus the signal that ended it; None while it runs."""
        return self._process.exitcode

    def poll(self):
        """Returns `returncode`."""
        return self.returncode

    def wait(self, timeout=None):
        """Waits for the end; returns `returncode`."""
        self._process.join(timeout)
        if self.returncode is None:
            raise subprocess.TimeoutExpired(self._process.name, timeout)
        return self.returncode

    def communicate(self, timeout=None):
        """Waits for the end; returns (output, errors)."""
        self.wait(timeout)
        return self.output, self.errors

    def send_signal(self, number):
        """Sends a signal, if it still runs: later the number may be another process's."""
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self):
        """Kills it, if it still runs."""
        self.send_signal(signal.SIGKILL)


def finish(name, *arguments, timeout=None, **environment):
    """Runs a program to its end; one that takes longer is killed. Returns a `CompletedProcess`."""
    process = Fork(name, *arguments, **environment)
    try:
        output, errors = process.communicate(timeout)
    finally:
        process.kill()
    return subprocess.CompletedProcess(arguments, process.returncode, output, errors)


def run_script(text, folder, *arguments, **options):
    """Runs a Python program that is a string, kept in a folder, as `finish` does."""
    file = pathlib.Path(folder) / 'program.py'
    file.write_text(text)
    return finish(str(file), *arguments, **options)
