"""A search whose disk is full, or whose process is killed, at any of its file operations, continues as if it had not.

The search is the real one from its config to its model file; only its children cost nothing.
"""

import dataclasses
import errno
import functools
import io
import os
import shutil
import signal
from pathlib import Path

import pytest
from rich.console import Console

import nao_tf.search.journal
import nao_tf.search.run
from nao_tf import locks
from nao_tf.errors import InputError
from nao_tf.files import written_whole
from nao_tf.search.config import default_config
from nao_tf.search.run import run_search
from nao_tf.searchers.evaluation import Evaluation
from nao_tf.store import StorePath
from nao_tf.tasks.make import make_task
from tests.search.test_loop import Hashed


class Saved(Hashed):
    """Scores by a hash, and saves the architecture's text for a model."""

    def evaluate(self, architecture):
        evaluation = super().evaluate(architecture)
        return dataclasses.replace(evaluation, seconds=0.0, parameters=1)

    def save(self, path):
        with written_whole(path) as partial:
            partial.write_text(str(self.asked[-1]))

    def test_metrics(self, model):
        return {'accuracy': 0.5, 'words': float(len(model))}


class Disk:
    """Counts the file operations of a search, and does something at one of them.

    Args:
        patch: pytest's monkeypatch.
        stop: called instead of the operation of this number, from 1; a write has then written half.
        number: of the operation; 0 for none.
    """

    def __init__(self, patch, stop=None, number=0):
        self.done = []
        self.stop = stop
        self.number = number
        for owner, name in (
            (os, 'fsync'),
            (os, 'replace'),
            (shutil, 'copyfile'),
            (Path, 'write_text'),
            (Path, 'unlink'),
            (Path, 'mkdir'),
        ):
            patch.setattr(owner, name, self.watched(name, getattr(owner, name)))
        patch.setattr(nao_tf.search.journal, 'open', self.open, raising=False)

    def watched(self, name, function):
        def operation(*arguments, **options):
            half = None
            if name == 'write_text':
                half = functools.partial(function, arguments[0], arguments[1][: len(arguments[1]) // 2])
            self.count(name, half)
            return function(*arguments, **options)

        return operation

    def count(self, name, half=None):
        self.done.append(name)
        if len(self.done) == self.number:
            if half is not None:
                half()
            self.stop()

    def open(self, path, mode, **options):
        disk = self

        class Journal(io.FileIO):
            def write(self, text):
                disk.count('append', lambda: super(Journal, self).write(text[: len(text) // 2]))
                return super().write(text)

        self.count('open')
        return Journal(path, mode.replace('b', '')) if mode == 'ab' else open(path, mode, **options)


@pytest.fixture(scope='module')
def task():
    return make_task({'name': 'digits'})


@pytest.fixture
def search(task, monkeypatch):
    """Returns the command: `search(workdir)`."""
    config = default_config()
    config.task.name = 'digits'
    config.child.auxiliary = False
    config.child.cells_per_stage = 1
    config.baseline = 'none'
    config.searcher.name = 'random'
    config.searcher.initial, config.searcher.rounds, config.searcher.per_round = 2, 1, 1
    build_parts = nao_tf.search.run.build_parts

    def with_fast_children(*arguments):
        parts = build_parts(*arguments)
        parts.evaluator = Saved()
        return parts

    monkeypatch.setattr(nao_tf.search.run, 'build_parts', with_fast_children)
    monkeypatch.setattr(nao_tf.search.run.keras.models, 'load_model', lambda path: Path(path).read_text())
    return lambda workdir: run_search(config, workdir, task=task, console=Console(file=io.StringIO()))


def result_of(workdir, result):
    """Returns everything that two runs of one search have in common."""
    rows = [(t.id, t.arm, t.batch, t.proposal, t.score, t.reused) for t in result.history.trials.values()]
    summary = {name: value for name, value in result.summary.items() if name != 'seconds'}
    names = sorted(str(path.relative_to(workdir)) for path in workdir.rglob('*'))
    return rows, summary, (workdir / 'best_model.keras').read_text(), names


@pytest.fixture
def whole(search, tmp_path, monkeypatch):
    """An uninterrupted run and the names of its file operations."""
    with monkeypatch.context() as patch:
        disk = Disk(patch)
        result = search(tmp_path / 'whole')
    assert isinstance(result.history.best().evaluation, Evaluation)
    assert {'open', 'append', 'fsync', 'replace', 'copyfile', 'write_text', 'unlink', 'mkdir'} == set(disk.done)
    return result_of(tmp_path / 'whole', result), disk.done


def test_a_store_that_fails_costs_nothing(search, whole, bucket, monkeypatch):
    """The connection is lost at one of the writes to a store; the same command continues."""
    workdir, place = bucket
    monkeypatch.setattr(locks, 'SETTLE_SECONDS', 0.0)
    upload, written = StorePath.upload, []

    def lost(path, source):
        written.append(path.name)
        if len(written) in (6, 12, 20):
            raise OSError(errno.EIO, 'no access', str(path))
        upload(path, source)

    monkeypatch.setattr(StorePath, 'upload', lost)
    for _ in range(3):
        with pytest.raises(InputError, match=r'cannot write to .*gs://.*no access'):
            search(workdir)
    rows, summary, model, _ = result_of(place, search(workdir))
    assert (rows, summary, model) == whole[0][:3]


def test_disk_full_at_any_operation(search, whole, tmp_path, monkeypatch):
    expected, operations = whole

    def full():
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    for number, name in enumerate(operations, start=1):
        workdir = tmp_path / f'full{number}'
        with monkeypatch.context() as patch:
            Disk(patch, full, number)
            with pytest.raises(InputError, match='No space left on device') as error:
                search(workdir)
        assert '\n' not in str(error.value), name
        assert result_of(workdir, search(workdir)) == expected, (number, name)


def test_killed_at_any_operation(search, whole, tmp_path, monkeypatch):
    expected, operations = whole
    for number, name in enumerate(operations, start=1):
        workdir = tmp_path / f'killed{number}'
        process = os.fork()
        if not process:
            try:
                Disk(monkeypatch, lambda: os.kill(os.getpid(), signal.SIGKILL), number)
                search(workdir)
            finally:
                os._exit(1)
        assert os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == -signal.SIGKILL, (number, name)
        assert result_of(workdir, search(workdir)) == expected, (number, name)
