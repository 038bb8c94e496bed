"""The launcher of TPU jobs: the commands it prints, and what it does when a TPU is taken away (by a gcloud of ours)."""

import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / 'tools'))

import tpu_vm  # noqa: E402

SEARCH = ('search', '--config=configs/cifar10.py', '--config.task.name=tfds:a b', '--workdir=gs://b/run')
PLACE = ['--zone=z', '--project=p']


def job(accelerator='v5litepod-8', command=SEARCH, **fields):
    return tpu_vm.Job('nao', 'z', accelerator, command, project='p', **fields)


def test_one_host():
    host = job(spot=True)
    assert host.create() == [
        *('gcloud', 'compute', 'tpus', 'queued-resources', 'create', 'nao', '--node-id=nao'),
        *('--accelerator-type=v5litepod-8', '--runtime-version=v2-alpha-tpuv5-lite', '--spot', *PLACE),
    ]
    assert host.copy()[3:] == ['tpu-vm', 'scp', 'nao_tf.tar.gz', 'nao:nao_tf.tar.gz', '--worker=all', *PLACE]
    *run, command, zone, project, separator, terminal = host.run()
    assert run == ['gcloud', 'compute', 'tpus', 'tpu-vm', 'ssh', 'nao', '--worker=0']
    assert [zone, project, separator, terminal] == [*PLACE, '--', '-tt']
    nao = ['../nao/bin/nao', *SEARCH, '--distribution_strategy=tpu', '--tpu=local']
    assert shlex.split(command.removeprefix('--command=')) == ['cd', 'nao_tf', '&&', *nao]
    assert host.delete()[3:] == ['queued-resources', 'delete', 'nao', '--force', '--quiet', *PLACE]


def test_slice_of_hosts_runs_on_worker_0_with_the_runtime_of_its_tensorflow():
    hosts = job('v4-32')
    assert '--runtime-version=tpu-vm-tf-2.20.0-pod-pjrt' in hosts.create()
    assert f"'tensorflow-tpu=={tpu_vm.TENSORFLOW}'" in (ROOT / 'setup.py').read_text()
    assert '--spot' not in hosts.create()
    assert '--worker=all' in hosts.install()
    assert '--worker=0' in hosts.run()
    words = shlex.split(next(word for word in hosts.run() if word.startswith('--command=')))
    assert words[3:6] == ['TPU_LOAD_LIBRARY=0', 'TPU_NAME=nao', '../nao/bin/nao']
    assert words[-1] == '--tpu=nao'
    assert '--runtime-version=mine' in job('v4-32', runtime='mine').create()


def test_prints_what_a_person_types():
    arguments = ['--zone=z', '--accelerator=v6e-8', '--', *SEARCH]
    done = subprocess.run(
        [sys.executable, 'tools/tpu_vm.py', *arguments], cwd=ROOT, capture_output=True, text=True, check=True
    )
    commands = [shlex.split(line) for line in done.stdout.splitlines() if not line.startswith('#')]
    printed = tpu_vm.Job('nao', 'z', 'v6e-8', SEARCH)
    first = [printed.create(), printed.state(), printed.pack(), printed.copy()]
    assert commands == [*first, printed.install(), printed.run(), printed.delete()]
    script = ROOT / 'tools' / 'tpu_vm_install.sh'
    subprocess.run(['sh', '-n', script], check=True)
    assert f'sh nao_tf/tools/{script.name}' in printed.install()[-2]


@pytest.mark.parametrize(
    ('accelerator', 'command', 'words'),
    [
        ('v5e-8', SEARCH, "--accelerator is 'v5e-8'; it is one of v2, "),
        ('v4', SEARCH, "--accelerator is 'v4'"),
        ('v4-8', ('status', '--workdir=gs://b/run'), 'after -- comes what is to run'),
        ('v4-8', ('search', '--workdir=runs/digits'), 'give --workdir=gs://'),
        ('v4-8', (*SEARCH, '--tpu=local'), '--tpu=local: which devices'),
    ],
)
def test_what_cannot_be_is_refused(accelerator, command, words):
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        job(accelerator, command)
    assert words in str(caught.value)


GCLOUD = r"""#!/bin/sh
# The request is what the file `state` says; a run takes a line of `runs`: its exit code and the state after it.
cd "$(dirname "$0")"
echo "$*" | cut -d' ' -f3-4 >> log
case "$3 $4" in
'queued-resources describe') if [ -s state ]; then cat state; else echo NOT_FOUND >&2; exit 1; fi ;;
'queued-resources create') echo ACTIVE > state ;;
'queued-resources delete') : > state ;;
'tpu-vm ssh')
    case "$*" in *--worker=0*)
        read -r code state < runs
        sed -i 1d runs
        echo "$state" > state
        exit "$code" ;;
    esac ;;
esac
"""


@pytest.fixture
def service(tmp_path, monkeypatch):
    """Returns a function of (what the runs come to) that runs the job: its exit code and what gcloud was asked."""
    (tmp_path / 'gcloud').write_text(GCLOUD)
    (tmp_path / 'gcloud').chmod(0o755)
    monkeypatch.setenv('PATH', str(tmp_path), prepend=':')
    monkeypatch.setattr(tpu_vm, 'POLL_SECONDS', 0.0)
    monkeypatch.setattr(tpu_vm, 'NOTICE_SECONDS', 0.0)
    monkeypatch.setattr(tpu_vm, 'ARCHIVE', str(tmp_path / 'nao_tf.tar.gz'))

    def execute(*runs):
        (tmp_path / 'runs').write_text(''.join(f'{run}\n' for run in runs))
        code = tpu_vm.main(['--zone=z', '--accelerator=v4-8', '--spot', '--execute', '--', *SEARCH])
        log = (tmp_path / 'log').read_text().splitlines()
        return code, [line for line in log if 'describe' not in line]

    return execute


CREATE, DELETE = 'queued-resources create', 'queued-resources delete'
COPY, INSTALL, RUN = 'tpu-vm scp', 'tpu-vm ssh', 'tpu-vm ssh'


def test_a_tpu_that_was_taken_away_is_made_anew(service):
    code, log = service('255 SUSPENDED', '0 ACTIVE')
    assert code == 0
    assert log == [CREATE, COPY, INSTALL, RUN, DELETE, CREATE, COPY, INSTALL, RUN, DELETE]


def test_a_command_that_fails_on_a_tpu_that_is_there_is_repeated_twice(service):
    code, log = service('1 ACTIVE', '255 ACTIVE', '1 ACTIVE')
    assert code == 1
    assert log == [CREATE, COPY, INSTALL, RUN, RUN, RUN, DELETE]


def test_wrong_input_is_not_repeated(service):
    code, log = service('2 ACTIVE')
    assert code == 2
    assert log == [CREATE, COPY, INSTALL, RUN, DELETE]
