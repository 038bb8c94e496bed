"""Children on a real Ray: order does not matter, and what dies, hangs or eats memory costs one trial at most."""

import contextlib
import importlib.util
import math
import os
import signal

import numpy as np
import psutil
import pytest

from nao_tf.errors import InputError
from nao_tf.search.executor import OutOfTime
from nao_tf.search.history import SEARCH, Trial
from nao_tf.search.journal import Journal
from nao_tf.search.loop import SearchLoop
from nao_tf.search.ray_cluster import RayOptions, check_demand, connected
from nao_tf.search.ray_executor import RayExecutor
from nao_tf.search.recipe import Recipe
from nao_tf.searchers.evaluation import Proposal
from nao_tf.spaces.registry import get_space
from tests.search.test_loop import Climber, Hashed, Silent, make_loop, outcome
from tests.support.children import broken, hash_name, hashed_score, nothing, recipe

# Not imported here: Ray reads the address it may listen on when it is imported.
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not importlib.util.find_spec('ray'), reason="Ray is not installed: pip install 'nao_tf[ray]'"),
]

SPACE = get_space('enas_cnn')
CELLS = [SPACE.canonical(SPACE.sample(np.random.default_rng(seed))) for seed in range(8)]


@pytest.fixture(scope='module')
def cluster():
    """One Ray of this machine for all tests: an executor uses the connection that is there."""
    before = signal.getsignal(signal.SIGTERM)
    with connected(RayOptions(workers=4)):
        assert signal.getsignal(signal.SIGTERM) == before  # Ray takes it for itself
        yield


def evaluate(tmp_path, deeds, options, *, recorded=None, attempts=3, floor=math.inf, cells=CELLS):
    """Runs one trial of each cell and returns the evaluations by trial."""
    trials = [Trial(number, SEARCH, Proposal(cell, 'random')) for number, cell in enumerate(cells, start=1)]
    deeds = {str(CELLS[number]): deed for number, deed in deeds.items()}
    started = []

    def on_start(trial):
        trial.attempts += 1
        started.append(trial.id)
        return floor

    with RayExecutor(recipe(deeds, tmp_path), options, max_attempts=attempts) as executor:
        ended = {}
        for trial, evaluation in executor.run(trials, on_start):
            assert trial.id not in ended
            ended[trial.id] = evaluation
            if recorded is not None and not evaluation.failed:
                executor.save(tmp_path / f'{trial.id}.keras')
                recorded.append(trial.id)
    assert started.count(1) >= 1
    return ended, started


def attempts_of(tmp_path, cell):
    return len(list(tmp_path.glob(f'{hash_name(CELLS[cell])}.*')))


def test_bad_children_cost_themselves_only(cluster, tmp_path):
    deeds = {1: 'raise', 2: 'eat', 3: 'die_once', 4: 'die'}
    ended, started = evaluate(tmp_path, deeds, RayOptions(workers=4, memory_mb=512))
    assert ended[2].failure == 'RuntimeError: out of luck'
    assert ended[3].failure == 'MemoryError:'
    assert 'its worker died in each of 3 attempts' in ended[5].failure
    assert [ended[number].score for number in (1, 4, 6, 7, 8)] == [hashed_score(CELLS[i]) for i in (0, 3, 5, 6, 7)]
    # Every attempt was announced before it began, and nothing was begun without.
    assert [started.count(number) for number in range(1, 9)] == [1, 1, 1, 2, 3, 1, 1, 1]
    assert [attempts_of(tmp_path, cell) for cell in range(8)] == [1, 1, 1, 2, 3, 1, 1, 1]


def test_a_hanging_child_is_ended_by_force(cluster, tmp_path):
    ended, started = evaluate(tmp_path, {1: 'hang'}, RayOptions(workers=2, time_limit=3.0), cells=CELLS[:3])
    assert ended[2].failure == 'not done after 3 s'
    assert [ended[number].score for number in (1, 3)] == [hashed_score(CELLS[i]) for i in (0, 2)]
    assert sorted(started) == [1, 2, 3]


def test_models_of_good_children_come_along(cluster, tmp_path):
    saved = []
    evaluate(tmp_path, {}, RayOptions(workers=2), recorded=saved, floor=0.0)
    assert len(saved) == 8
    assert {file.read_text() for file in tmp_path.glob('*.keras')} == {'a model'}
    with pytest.raises(RuntimeError, match='not worth its model'):
        evaluate(tmp_path, {}, RayOptions(workers=2), recorded=[], floor=2.0)


def test_processes_are_recycled(cluster, tmp_path):
    ended, _ = evaluate(tmp_path, {}, RayOptions(workers=1, children_per_process=3))
    pids = [ended[number].metrics['pid'] for number in sorted(ended)]
    assert len(set(pids)) >= 3
    assert max(pids.count(pid) for pid in pids) <= 3


@pytest.mark.parametrize('workers', [1, 4])
def test_any_number_of_workers_ends_the_same(cluster, tmp_path, workers):
    whole = make_loop(tmp_path, Hashed())
    whole.run_arm(SEARCH, Climber(SPACE, seed=3), 12)
    (tmp_path / 'ray').mkdir()
    with RayExecutor(recipe({}, tmp_path), RayOptions(workers=workers)) as executor:
        journal = Journal(tmp_path / 'ray' / 'trials.jsonl')
        loop = SearchLoop(journal, SPACE.name, executor=executor, observer=Silent())
        loop.run_arm(SEARCH, Climber(SPACE, seed=3), 12)
    assert outcome(loop.history) == outcome(whole.history)


def test_out_of_time_waits_for_the_children_that_run(cluster, tmp_path):
    trials = [Trial(number, SEARCH, Proposal(cell, 'random')) for number, cell in enumerate(CELLS, start=1)]
    started = []

    def on_start(trial):
        if len(started) == 3:
            raise OutOfTime
        started.append(trial.id)
        return math.inf

    ended = []
    with RayExecutor(recipe({}, tmp_path), RayOptions(workers=2)) as executor, pytest.raises(OutOfTime):
        ended.extend(trial.id for trial, _ in executor.run(trials, on_start))
    assert sorted(ended) == started == [1, 2, 3]


def test_wrong_input_ends_the_search(cluster, tmp_path):
    with pytest.raises(InputError, match='the data is gone'):
        evaluate(tmp_path, {5: 'refuse'}, RayOptions(workers=2))
    with (
        pytest.raises(InputError, match="cannot train children: ModuleNotFoundError: No module named 'nao_tf_op"),
        RayExecutor(Recipe(nothing, broken), RayOptions()) as executor,
    ):
        list(executor.run([Trial(1, SEARCH, Proposal(CELLS[0], 'random'))], lambda trial: math.inf))


def test_more_than_any_node_has(cluster):
    with pytest.raises(InputError, match=r'asks for CPU 1, GPU 64 .*no node .* has that much: CPU 4, GPU \d'):
        check_demand(RayOptions(num_gpus=64))
    with pytest.raises(InputError, match='TPU 4'):
        check_demand(RayOptions(tpu=4))


def test_listens_on_the_loopback_address_only(cluster):
    mine = [psutil.Process(), *psutil.Process().children(recursive=True)]
    addresses = set()
    for process in mine:
        with contextlib.suppress(psutil.NoSuchProcess):
            listening = [c for c in process.net_connections('inet') if c.status == psutil.CONN_LISTEN]
            addresses.update(connection.laddr.ip for connection in listening)
    assert addresses <= {'127.0.0.1', '::1', '::ffff:127.0.0.1'}
    assert addresses
    assert os.environ['RAY_AUTH_MODE'] == 'token'  # which Ray sets by itself
