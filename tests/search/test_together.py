"""Two real processes search together; one is killed in the middle of a child, and both continue it later.

The four processes take about 65 s of processor time in all.
"""

import json
import time

import numpy as np
import pytest

from nao_tf.errors import InputError
from nao_tf.search.together import follow
from nao_tf.search.workdir import JOURNAL, MODEL, SUMMARY
from tests.support.distributed import start_two

BOUND = 90.0  # seconds in which the other process must have ended


def output_of(folder, number):
    return (folder / f'output_{number}').read_text()


@pytest.mark.slow
def test_a_killed_worker_costs_little(tmp_path):
    processes = start_two('tests.support.worker', tmp_path)
    try:
        checkpoints, began = tmp_path / 'run' / 'children', time.monotonic()
        while not list(checkpoints.glob('child_*.npz')):
            assert all(process.poll() is None for process in processes), output_of(tmp_path, 0) + output_of(tmp_path, 1)
            assert time.monotonic() - began < 600
            time.sleep(0.05)
        processes[1].kill()
        assert processes[0].wait(BOUND) == 2
    finally:
        for process in processes:
            process.kill()
            process.wait()
    refused = output_of(tmp_path, 0).split('refused: ')[1]
    assert refused.startswith('a process of this multi_worker_mirrored training is gone or has failed')
    assert 'start all of them again by the same commands, they continue' in refused
    assert refused.count('\n') == 1
    (checkpoint,) = checkpoints.glob('child_*.npz')

    processes = start_two('tests.support.worker', tmp_path)
    try:
        for process in processes:
            assert process.wait(600) == 0, output_of(tmp_path, 0) + output_of(tmp_path, 1)
    finally:
        for process in processes:
            process.kill()
            process.wait()
    steps = [int(output_of(tmp_path, number).split('continued at step ')[1].split()[0]) for number in range(2)]
    assert steps[0] == steps[1] > 0
    assert not checkpoint.exists()
    assert '1 children were trained' in output_of(tmp_path, 1)

    # The first process proposed and wrote; the other left nothing.
    assert not (tmp_path / 'unused').exists()
    assert {(tmp_path / 'run' / name).exists() for name in (MODEL, SUMMARY)} == {True}
    events = [json.loads(line) for line in (tmp_path / 'run' / JOURNAL).read_text().splitlines()]
    kinds = [event['event'] for event in events]
    assert kinds.count('proposed') == kinds.count('finished') == 1
    # The attempt that was lost counts, but the second one began further on.
    assert [event['attempt'] for event in events if event['event'] == 'started'] == [1, 1]
    assert 'interrupted' not in kinds

    mine, other = (np.load(tmp_path / f'weights_{number}.npz') for number in range(2))
    assert any('moving_variance' in name for name in mine.files)
    for name in mine.files:
        np.testing.assert_array_equal(mine[name], other[name], err_msg=name)


class Sent:
    """What the first process has sent, in its order."""

    def __init__(self, *messages):
        self.messages = [json.dumps(message).encode() for message in messages]

    def send(self, data=b''):
        return self.messages.pop(0)


def test_another_search_is_refused():
    identity = {'child.epochs': 3, 'task.data_dir': 'there', 'searcher.sizes': [1]}
    mine = {'child.epochs': 3, 'task.data_dir': 'here', 'searcher.sizes': (1,)}
    assert follow(None, Sent({'identity': identity}, {'end': True}), mine) == 0
    with pytest.raises(InputError, match=r'the first process has child.epochs 3, this one 5: give all the same'):
        follow(None, Sent({'identity': identity}), {**mine, 'child.epochs': 5})
