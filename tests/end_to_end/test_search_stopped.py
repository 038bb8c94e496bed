"""`nao search` killed and interrupted, in one process and on Ray: what stopping it costs."""

import contextlib
import importlib.util
import os
import signal
import time

import psutil
import pytest

from nao_tf.evaluators.predict import load_classifier
from tests.end_to_end.conftest import SMALL, nao, trials
from tests.support.forks import Fork

pytestmark = pytest.mark.slow


def test_killed_at_any_moment_ends_the_same(finished, tmp_path):
    workdir, _ = finished
    for events in (6, 12, 20):
        process = Fork('nao_tf.cli', 'search', *SMALL, f'--workdir={tmp_path / "run"}')
        journal = tmp_path / 'run' / 'trials.jsonl'
        while process.poll() is None and not (journal.exists() and journal.read_bytes().count(b'\n') >= events):
            time.sleep(0.02)
        process.kill()
        process.wait()
    result = nao('search', *SMALL, f'--workdir={tmp_path / "run"}')
    assert result.returncode == 0, result.stderr
    assert 'continuing' in result.stdout
    assert 'that were trained): estimated' in result.stdout
    assert trials(tmp_path / 'run') == trials(workdir)


def test_interrupt_says_how_to_continue(tmp_path):
    workdir = tmp_path / 'run'
    process = Fork('nao_tf.cli', 'search', *SMALL, f'--workdir={workdir}')
    while not (workdir / 'trials.jsonl').exists() or b'started' not in (workdir / 'trials.jsonl').read_bytes():
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert 'the same command continues' in output
    assert 'Traceback' not in errors
    assert '"interrupted"' in (workdir / 'trials.jsonl').read_text()


RAY = ('--executor=ray', '--workers=2')


def start_on_ray(workdir):
    return Fork('nao_tf.cli', 'search', *SMALL, *RAY, f'--workdir={workdir}')


def stop_when(process, workdir, ready, sign):
    """Sends a signal to the group once the journal is as wanted; returns the processes that there were, by name."""
    journal = workdir / 'trials.jsonl'
    while process.poll() is None and not (journal.exists() and ready(journal.read_text())):
        time.sleep(0.05)
    assert process.poll() is None, process.errors
    parent = psutil.Process(process.pid)
    family = {member: member.name() for member in [parent, *parent.children(recursive=True)]}
    assert len(family) > 3
    (os.killpg if sign == signal.SIGINT else os.kill)(process.pid, sign)
    return family


@pytest.mark.skipif(not importlib.util.find_spec('ray'), reason="Ray is not installed: pip install 'nao_tf[ray]'")
def test_on_ray_stopped_and_continued_it_ends_the_same(finished, tmp_path):
    """Killed, then interrupted, it leaves no process behind, and its third run ends as one that never stopped."""
    workdir = tmp_path / 'run'
    process = start_on_ray(workdir)
    family = stop_when(process, workdir, lambda text: '"finished"' in text, signal.SIGKILL)
    agents = [member for member, name in family.items() if 'Agent' in name]
    process.communicate(timeout=60)
    workers = [member for member in family if member not in agents]
    assert not psutil.wait_procs(workers, timeout=30)[1], 'processes outlived the driver'
    for agent in agents:  # they would try for a minute to tell a head that is no more
        with contextlib.suppress(psutil.NoSuchProcess):
            agent.kill()

    process = start_on_ray(workdir)
    before = (workdir / 'trials.jsonl').read_text().count('"started"')
    family = stop_when(process, workdir, lambda text: text.count('"started"') > before, signal.SIGINT)
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert 'the same command continues' in output
    assert 'Traceback' not in errors
    assert '"interrupted"' in (workdir / 'trials.jsonl').read_text()
    assert not psutil.wait_procs(family, timeout=60)[1]

    result = nao('search', *SMALL, *RAY, f'--workdir={workdir}')
    assert result.returncode == 0, result.stderr
    assert trials(workdir) == trials(finished[0])
    ours, theirs = (load_classifier(folder / 'best_model.keras') for folder in (workdir, finished[0]))
    assert all((a == b).all() for a, b in zip(ours.get_weights(), theirs.get_weights(), strict=True))
    assert 'trained again' not in result.stdout
