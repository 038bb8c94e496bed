"""Runs `nao search` or `nao train` on a Cloud TPU: one host, or worker 0 of a slice of several. Not run here.

    python tools/tpu_vm.py --name=nao --zone=us-west4-a --accelerator=v5litepod-8 --spot -- \
        search --config=configs/cifar10.py --data_dir=gs://BUCKET/data --workdir=gs://BUCKET/cifar10

prints the commands of gcloud, in the order in which a person would type them. With --execute it runs them, waits for
the TPU, makes it anew whenever it was taken away, where the same command continues the work, and deletes it at the end.
What runs is the last commit of this checkout. Best started where the connection lasts, such as in tmux on a small VM.
"""

from __future__ import annotations

import argparse
import dataclasses
import re
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TENSORFLOW = '2.20.0'  # of tensorflow-tpu in setup.py; a slice's runtime has to be of the same version
RUNTIMES = {
    'v2': 'tpu-ubuntu2204-base',
    'v3': 'tpu-ubuntu2204-base',
    'v4': 'tpu-ubuntu2204-base',
    'v5litepod': 'v2-alpha-tpuv5-lite',
    'v5p': 'v2-alpha-tpuv5',
    'v6e': 'v2-alpha-tpuv6e',
}
ONE_HOST = 8  # the largest number in the name of an accelerator that one host has, of every version
OWN_FLAGS = ('--distribution_strategy', '--tpu', '--executor')
ARCHIVE = 'nao_tf.tar.gz'
POLL_SECONDS = 30.0
NOTICE_SECONDS = 60.0  # until the service says of a TPU that it was taken away
FAILURES = 3  # of the command on a TPU that is still there


@dataclasses.dataclass(frozen=True)
class Job:
    """A command of `nao` and the TPU that it runs on; every method returns the arguments of one program.

    Args:
        name: of the TPU and of its queued resource.
        zone: of Google Cloud.
        accelerator: such as v5litepod-8.
        command: of `nao`, with its flags.
        runtime: software version of the TPU; '' takes the usual one.
        spot: whether the TPU costs less and may be taken away.
        project: of Google Cloud; '' for gcloud's own.

    Raises:
        ValueError: in one line, for what cannot be.
    """

    name: str
    zone: str
    accelerator: str
    command: tuple[str, ...]
    runtime: str = ''
    spot: bool = False
    project: str = ''

    def __post_init__(self) -> None:
        match = re.fullmatch(r'([a-z0-9]+)-(\d+)', self.accelerator)
        if match is None or match[1] not in RUNTIMES:
            raise ValueError(f'--accelerator is {self.accelerator!r}; it is one of {", ".join(RUNTIMES)}, and -SIZE')
        if self.command[:1] not in (('search',), ('train',)):
            raise ValueError('after -- comes what is to run: search or train, and their flags')
        for flag in self.command[1:]:
            if flag.split('=')[0] in OWN_FLAGS:
                raise ValueError(f'{flag}: which devices there are is said by this program; leave it out')
        if not any(flag.startswith('--workdir=gs://') for flag in self.command):
            raise ValueError('the disks of a TPU VM go with it: give --workdir=gs://BUCKET/FOLDER')

    @property
    def slice(self) -> bool:
        """Whether the TPU has several hosts."""
        return int(self.accelerator.split('-')[1]) > ONE_HOST

    @property
    def _runtime(self) -> str:
        usual = f'tpu-vm-tf-{TENSORFLOW}-pod-pjrt' if self.slice else RUNTIMES[self.accelerator.split('-')[0]]
        return self.runtime or usual

    def _tpus(self, group: str, verb: str, *arguments: str) -> list[str]:
        project = [f'--project={self.project}'] if self.project else []
        return ['gcloud', 'compute', 'tpus', group, verb, *arguments, f'--zone={self.zone}', *project]

    def _ssh(self, worker: str, command: str, *ssh_arguments: str) -> list[str]:
        flags = (f'--worker={worker}', f'--command={command}')
        return [*self._tpus('tpu-vm', 'ssh', self.name, *flags), *(['--', *ssh_arguments] if ssh_arguments else [])]

    def create(self) -> list[str]:
        """Asks for the TPU."""
        flags = [f'--node-id={self.name}', f'--accelerator-type={self.accelerator}']
        flags += [f'--runtime-version={self._runtime}', *(['--spot'] if self.spot else [])]
        return self._tpus('queued-resources', 'create', self.name, *flags)

    def state(self) -> list[str]:
        """Prints how far the request is: ACTIVE when the TPU is there."""
        return self._tpus('queued-resources', 'describe', self.name, '--format=value(state.state)')

    def pack(self) -> list[str]:
        """Packs the last commit of the checkout."""
        return ['git', 'archive', '--format=tar.gz', f'--output={ARCHIVE}', 'HEAD']

    def copy(self) -> list[str]:
        """Copies it to every host."""
        return self._tpus('tpu-vm', 'scp', ARCHIVE, f'{self.name}:{ARCHIVE}', '--worker=all')

    def install(self) -> list[str]:
        """Installs it on every host, in an environment of its own."""
        # TensorFlow asks the service for the hosts of a slice, by libraries that it does not bring.
        more = ' google-api-python-client oauth2client' if self.slice else ''
        unpack = f'rm -rf nao_tf && mkdir nao_tf && tar -xzf {ARCHIVE} -C nao_tf'
        return self._ssh('all', f'{unpack} && sh nao_tf/tools/tpu_vm_install.sh{more}')

    def run(self) -> list[str]:
        """Runs the command: on the host that has all the chips, or on worker 0 for the others."""
        environment, tpu = '', 'local'
        if self.slice:
            environment, tpu = f'TPU_LOAD_LIBRARY=0 TPU_NAME={self.name} ', self.name
        flags = shlex.join([*self.command, '--distribution_strategy=tpu', f'--tpu={tpu}'])
        # With a terminal the command ends with the connection, and Ctrl-C reaches it.
        return self._ssh('0', f'cd nao_tf && {environment}../nao/bin/nao {flags}', '-tt')

    def delete(self) -> list[str]:
        """Deletes the TPU and the request."""
        return self._tpus('queued-resources', 'delete', self.name, '--force', '--quiet')


def shown(job: Job) -> str:
    """Returns all commands as a person types them."""
    lines = []
    for method in (job.create, job.state, job.pack, job.copy, job.install, job.run, job.delete):
        lines += [f'# {(method.__doc__ or "").strip()}', shlex.join(method())]
    return '\n'.join(lines)


def keep_running(job: Job) -> int:
    """Runs the command until it has ended, on as many TPUs as that takes.

    Args:
        job: whose TPU may be there or not.

    Returns:
        The exit code of the command; 1 where there was no TPU to be had.
    """
    installed, failures = False, 0
    while True:
        state = wait(job)
        if state != 'ACTIVE':
            print(f'the request for the TPU is {state or "gone"}', file=sys.stderr)
            return 1
        steps = [job.run()] if installed else [job.pack(), job.copy(), job.install(), job.run()]
        code = next((code for step in steps if (code := subprocess.call(step, cwd=ROOT))), 0)
        if code == 0:
            return 0
        time.sleep(NOTICE_SECONDS)
        if state_of(job) == 'ACTIVE':
            installed, failures = True, failures + 1
            if failures == FAILURES or code == 2:  # 2: input that is wrong stays wrong
                return code
            print(f'exit code {code}, and the TPU is there: once more', file=sys.stderr)
        else:
            installed = False
            print('the TPU was taken away; it is asked for again, and the same command continues', file=sys.stderr)


def wait(job: Job) -> str:
    """Asks for the TPU if there is none, waits for it, and returns the state of the request."""
    state = state_of(job)
    if state in ('FAILED', 'SUSPENDING', 'SUSPENDED'):
        subprocess.check_call(job.delete())
        state = ''
    if not state:
        subprocess.check_call(job.create())
    while (state := state_of(job)) not in ('ACTIVE', 'FAILED', 'SUSPENDED', ''):
        time.sleep(POLL_SECONDS)
    return state


def state_of(job: Job) -> str:
    """Returns the state of the request, '' where there is none.

    Raises:
        subprocess.CalledProcessError: if the service does not say, several times.
    """
    for attempt in range(FAILURES):
        if attempt:
            time.sleep(POLL_SECONDS)
        said = subprocess.run(job.state(), capture_output=True, text=True, check=False)
        if not said.returncode or 'NOT_FOUND' in said.stderr:
            return said.stdout.strip()
        print(said.stderr.strip(), file=sys.stderr)
    said.check_returncode()
    raise AssertionError


def main(argv: list[str]) -> int:
    """Prints the commands, or runs them.

    Args:
        argv: the arguments.

    Returns:
        The exit code.
    """
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--name', default='nao', help='of the TPU')
    parser.add_argument('--zone', required=True, help='such as us-west4-a')
    parser.add_argument('--accelerator', required=True, help='such as v5litepod-8, or v4-32 for a slice of hosts')
    parser.add_argument('--runtime', default='', help='software version of the TPU; the usual one by default')
    parser.add_argument('--project', default='', help="of Google Cloud; gcloud's own by default")
    parser.add_argument('--spot', action='store_true', help='a TPU that costs less and may be taken away')
    parser.add_argument('--execute', action='store_true', help='run the commands instead of printing them')
    parser.add_argument('--keep', action='store_true', help='leave the TPU there at the end')
    parser.add_argument('command', nargs='+', help='of nao, after --')
    values = vars(parser.parse_args(argv))
    execute, keep = values.pop('execute'), values.pop('keep')
    try:
        job = Job(**{**values, 'command': tuple(values['command'])})
    except ValueError as error:
        parser.error(str(error))
    if not execute:
        print(shown(job))
        return 0
    if not shutil.which('gcloud'):
        parser.error('--execute needs gcloud, the command line of Google Cloud, which is not installed')
    try:
        return keep_running(job)
    except subprocess.CalledProcessError as error:
        print(f'tpu_vm: {shlex.join(error.cmd)} failed', file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    finally:
        if not keep:
            subprocess.call(job.delete())


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
