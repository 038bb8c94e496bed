"""The weight-sharing search on real images: what a round leaves, its checkpoint, stops at any moment, bad input."""

import json

import numpy as np
import pytest

from nao_tf.errors import InputError
from nao_tf.evaluators.shared_images import SharedImages
from nao_tf.search.executor import OutOfTime
from nao_tf.search.identity import check_agreement
from nao_tf.search.setup import build_parts
from nao_tf.search.sharing.config import default_sharing_config
from nao_tf.search.sharing.loop import SharingSearch
from nao_tf.search.sharing.make import make_candidates
from nao_tf.search.sharing.setup import check_sharing
from nao_tf.search.sharing.weights import make_shared
from nao_tf.spaces.architecture import Architecture
from nao_tf.spaces.conv_cell import ConvCellSpace
from nao_tf.spaces.registry import get_space
from nao_tf.supernets.config import SupernetConfig
from nao_tf.supernets.train_config import SharedTrainConfig
from nao_tf.tasks.make import as_task, make_task
from nao_tf.training.distribution import Distribution
from nao_tf.training.rewrites import graph_rewrites

SPACE = ConvCellSpace('one node', ('conv 1x1', 'max_pool 3x3', 'identity'), nodes=1, tokens_per_operation=1)
NETWORK = SupernetConfig(cells_per_stage=1, filters=2, image_shape=(8, 8, 1), classes=2)
TRAINING = {'epochs': 2, 'batch_size': 16, 'eval_batch_size': 8, 'restart_epochs': 0}


@pytest.fixture(autouse=True, scope='module')
def _graphs_as_traced():
    with graph_rewrites(1):
        yield


@pytest.fixture(scope='module')
def task():
    """Bright and dark images."""
    rng = np.random.default_rng(0)
    labels = np.arange(80) % 2
    images = rng.integers(0, 150, (80, 8, 8, 1)) + 100 * labels[:, None, None, None]
    return as_task((images.astype(np.uint8), labels), validation=0.3, test=0.1)


def make_weights(task, network=NETWORK, **fields):
    training = SharedTrainConfig(**{**TRAINING, **fields})
    return SharedImages(task, SPACE, network=network, training=training, epochs=4, seed=3)


@pytest.fixture(scope='module')
def weights(task):
    return make_weights(task)


class Notes:
    """An observer that writes down what it is told."""

    def __init__(self):
        self.told = []

    def earlier(self, record):
        self.told.append(f'earlier {record["round"]}')

    def continued(self, epoch, epochs):
        self.told.append(f'continued after {epoch} of {epochs}')

    def epoch(self, epoch, epochs, loss):
        self.told.append((epoch, epochs))

    def scoring(self, number):
        self.told.append(f'scoring {number}')

    def round(self, record):
        self.told.append(f'round {record["round"]}')


def search(weights, checkpoint, *, observer=None, check_time=lambda: None, rounds=1, space='one node'):
    config = default_sharing_config().searcher
    config.name, config.initial, config.per_round, config.rounds = 'evolution', 8, 2, rounds
    return SharingSearch(
        weights,
        make_candidates(SPACE, config, fresh=1, seed=0),
        rounds=rounds,
        epochs=2,
        checkpoint=checkpoint,
        sizes={'space': space},
        observer=observer or Notes(),
        check_time=check_time,
    )


def scramble(weights):
    for variable in weights.variables:
        variable.assign(np.full(variable.shape, 7, np.float32))


def content(checkpoint):
    """Everything in a checkpoint but the times."""
    with np.load(checkpoint) as arrays:
        about = json.loads(arrays['about'].tobytes())
        del about['state']['seconds']
        return about, {name: arrays[name] for name in arrays.files if name != 'about'}


@pytest.fixture(scope='module')
def initial(weights):
    return weights.arrays()


@pytest.fixture(scope='module')
def finished(weights, initial, tmp_path_factory):
    weights.assign(initial)
    notes = Notes()
    found = search(weights, tmp_path_factory.mktemp('finished') / 'sharing.npz', observer=notes)
    found.run()
    return found, notes


def test_trains_scores_and_changes_the_pool(finished):
    found, notes = finished
    assert notes.told == [(1, 4), (2, 4), 'scoring 1', 'round 1', (3, 4), (4, 4), 'scoring 2', 'round 2']
    assert found.finished
    assert found.step == 4 * found.shared.steps_per_epoch
    first, last = found.records
    assert (first['scored'], first['epochs'], first['origins']) == (8, 2, {'random': 8})
    assert (last['scored'], last['epochs'], sum(last['origins'].values())) == (8, 4, 3)
    scores = [cell.score for cell in found.candidates.scored]
    assert last['mean_score'] == pytest.approx(np.mean(scores))
    assert last['best_score'] == max(scores)


def test_scores_are_of_the_present_weights_on_full_batches(finished):
    """24 validation images make three batches of 8; the same architecture has the same score again."""
    found, _ = finished
    for cell in found.candidates.scored[:2]:
        evaluation = found.shared.evaluate(cell.proposal.architecture)
        assert evaluation.score == cell.score == evaluation.metrics['accuracy']
    assert [len(batch) for batch in found.shared._held] == [8, 8, 8]


@pytest.mark.parametrize('stops', [(1, 3), (2,), (10, 11), (16,)])
def test_a_stop_at_any_moment_changes_nothing(stops, weights, initial, finished, tmp_path):
    """Stops in the first epoch, between epochs, in a scoring, and in the second training; times of `check_time`."""
    path = tmp_path / 'sharing.npz'
    weights.assign(initial)
    calls = 0

    def check_time():
        nonlocal calls
        calls += 1
        if calls in stops:
            raise OutOfTime

    for _ in range(len(stops)):
        with pytest.raises(OutOfTime):
            search(weights, path, check_time=check_time).run()
        scramble(weights)
    notes = Notes()
    search(weights, path, observer=notes, check_time=check_time).run()
    told = [line for line in notes.told if not str(line).startswith('earlier')]
    assert told[0] == f'continued after {(0, 0, 2, 2)[stops[0] // 5]} of 4'
    about, arrays = content(path)
    expected, values = content(finished[0].checkpoint)
    assert about == expected
    for name, value in values.items():
        np.testing.assert_array_equal(arrays[name], value)


def test_a_session_that_is_over_in_a_round_keeps_its_scores(weights, initial, finished, tmp_path, monkeypatch):
    path = tmp_path / 'sharing.npz'
    weights.assign(initial)
    scored = []
    evaluate = weights.evaluate
    monkeypatch.setattr(weights, 'evaluate', lambda cell: scored.append(cell) or evaluate(cell))
    sessions = 0
    while True:
        begun = len(scored)
        sessions += 1

        def check_time(begun=begun):
            if len(scored) > begun:
                raise OutOfTime

        try:
            search(weights, path, check_time=check_time).run()
            break
        except OutOfTime:
            scramble(weights)
    assert sessions >= 8 * 2
    assert len(scored) == 8 * 2
    assert content(path)[0] == content(finished[0].checkpoint)[0]


def test_a_checkpoint_that_lacks_an_array(finished, tmp_path):
    found, _ = finished
    path = tmp_path / 'sharing.npz'
    with np.load(found.checkpoint) as arrays:
        np.savez(path, **{name: arrays[name] for name in arrays.files[:-1]})
    with pytest.raises(InputError, match=r'sharing\.npz is no checkpoint of shared weights .* remove it'):
        search(found.shared, path)


def test_a_finished_search_trains_no_more(finished):
    found, _ = finished
    notes = Notes()
    again = search(found.shared, found.checkpoint, observer=notes)
    again.run()
    assert notes.told == ['earlier 1', 'earlier 2']
    assert again.candidates.scored == found.candidates.scored
    assert again.records == found.records


def test_a_checkpoint_of_another_search(task, finished, tmp_path):
    found, _ = finished
    with pytest.raises(InputError, match=r"space is 'one node' there and 'other' here"):
        search(found.shared, found.checkpoint, space='other')
    with pytest.raises(InputError, match=r'rounds is 1 there and 2 here'):
        search(found.shared, found.checkpoint, rounds=2)
    wider = make_weights(task, SupernetConfig(cells_per_stage=1, filters=4, image_shape=(8, 8, 1), classes=2))
    with pytest.raises(InputError, match=r'filters is 2 there and 4 here'):
        search(wider, found.checkpoint)
    damaged = tmp_path / 'sharing.npz'
    damaged.write_bytes(found.checkpoint.read_bytes()[:3000])
    with pytest.raises(InputError, match=r'sharing\.npz is no checkpoint of shared weights .* remove it'):
        search(found.shared, damaged)


def test_an_architecture_outside_the_space(weights):
    with pytest.raises(InputError):
        weights.evaluate(Architecture(SPACE.name, (1, 2, 3)))
    with pytest.raises(InputError):
        weights.evaluate(get_space('enas_cnn').sample(np.random.default_rng(0)))


def test_a_validation_set_smaller_than_one_batch(task):
    with pytest.raises(InputError, match=r'sharing\.eval_batch_size=25 .* 24 images'):
        make_weights(task, eval_batch_size=25)
    with pytest.raises(InputError, match=r'4 full batches'):
        make_weights(task, score_batches=4)


def test_a_training_that_diverges(weights, initial, tmp_path, monkeypatch):
    weights.assign(initial)
    monkeypatch.setattr(weights, 'schedule', lambda step: float('inf'))
    with pytest.raises(InputError, match=r'diverged: the loss is nan in epoch 1'):
        search(weights, tmp_path / 'sharing.npz').run()


@pytest.mark.parametrize(
    ('field', 'value', 'message'),
    [
        ('baseline', 'random', 'baseline'),
        ('warm_start', 'runs/x', 'warm_start'),
        ('sharing.fresh', -1, r'sharing\.fresh is -1'),
        ('sharing.finalists', 0, r'sharing\.finalists is 0'),
    ],
)
def test_fields_that_do_not_fit(field, value, message):
    config = default_sharing_config()
    config.update_from_flattened_dict({field: value})
    with pytest.raises(InputError, match=message):
        check_sharing(config)


def test_processes_with_another_number_of_rounds_do_not_train_together():
    """The schedule depends on it, unlike that of a search of trained children, which can be extended."""
    with pytest.raises(InputError, match=r'has searcher\.rounds 4, this one 5'):
        check_agreement({'sharing.epochs': 30, 'searcher.rounds': 4}, {'sharing.epochs': 30, 'searcher.rounds': 5})
    check_agreement({'searcher.rounds': 4}, {'searcher.rounds': 5})


@pytest.mark.parametrize(
    ('field', 'value', 'message'),
    [('filters', 3, r'^sharing: filters \(F\) must be even'), ('auxiliary', True, '^sharing: an auxiliary head needs')],
)
def test_errors_of_the_supernet_name_its_part_of_the_config(field, value, message):
    config = default_sharing_config()
    config.child.update({'cells_per_stage': 1, 'filters': 2, 'auxiliary': False})
    config.sharing.update({'cells_per_stage': 1, 'filters': 2, 'auxiliary': False, 'eval_batch_size': 100})
    parts = build_parts(config, make_task(config.task))
    weights = make_shared(config, parts)
    assert weights.size == sum(variable.numpy().size for variable in weights.variables) // 2  # the rest are momenta
    config.sharing[field] = value
    with pytest.raises(InputError, match=message):
        make_shared(config, parts)


def test_values_that_are_wrong():
    with pytest.raises(InputError, match=r'sharing\.epochs is 0'):
        SharedTrainConfig(epochs=0)
    with pytest.raises(InputError, match=r'sharing\.momentum is 1'):
        SharedTrainConfig(momentum=1.0)
    with pytest.raises(InputError, match=r"sharing.execution is 'selected', which has no form for a TPU"):
        check_sharing(default_sharing_config(), Distribution('tpu'))
