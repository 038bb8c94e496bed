"""The strategy factory: what this machine cannot do is one line, before any training."""

import pytest
import tensorflow as tf

from nao_tf.errors import InputError
from nao_tf.training.distribution import OFF, Distribution
from nao_tf.training.strategy import make_strategy, task_of_cluster

# Parameters hold for machines without accelerators, such as those that run these tests.
pytestmark = pytest.mark.skipif(bool(tf.config.list_physical_devices('GPU')), reason='this machine has GPUs')


@pytest.mark.parametrize(
    ('fields', 'message'),
    [
        ({'strategy': 'parameter_server'}, r"--distribution_strategy is 'parameter_server'; it is one of off, one_dev"),
        ({'tpu': 'local'}, r'--tpu=local needs --distribution_strategy=tpu; it is off'),
        ({'num_gpus': 2}, r'--num_gpus=2 needs --distribution_strategy=one_device, mirrored or multi_worker_mir'),
        ({'strategy': 'mirrored', 'num_gpus': -1}, r'--num_gpus is -1; it must be at least 0'),
        ({'strategy': 'one_device', 'num_gpus': 2}, r'more than one device; take mirrored'),
        ({'steps_per_loop': -1}, r'--steps_per_loop is -1'),
    ],
)
def test_options_that_do_not_fit(fields, message):
    with pytest.raises(InputError, match=message):
        Distribution(**fields)


@pytest.mark.parametrize(
    ('fields', 'message'),
    [
        ({'strategy': 'tpu'}, r'--tpu=local: no TPU can be used there \(NotFoundError.*on a TPU VM take --tpu=local'),
        ({'strategy': 'tpu', 'tpu': 'grpc://127.0.0.1:9'}, r'grpc://127.0.0.1:9: nothing answers there'),
        ({'strategy': 'tpu', 'tpu': 'grpc://there'}, r'nothing answers there'),
        ({'strategy': 'mirrored'}, r'mirrored has nothing to mirror over: .*take off or one_device'),
        ({'strategy': 'mirrored', 'num_gpus': 4}, r'--num_gpus is 4, but TensorFlow sees 0 on this machine'),
        ({'strategy': 'multi_worker_mirrored'}, r'needs TF_CONFIG in the environment, such as'),
    ],
)
def test_what_this_machine_cannot_do(fields, message, monkeypatch):
    monkeypatch.delenv('TF_CONFIG', raising=False)
    with pytest.raises(InputError, match=message) as raised:
        make_strategy(Distribution(**fields))
    assert '\n' not in str(raised.value)


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('{', r"TF_CONFIG is '\{'"),
        ('{"cluster": {"worker": ["a:1"]}}', r"'task' is missing"),
        ('{"cluster": {"worker": ["a:1"]}, "task": {"type": "worker", "index": 1}}', r'task.index is 1, of 1 workers'),
        (
            '{"cluster": {"worker": ["a:1"], "ps": ["b:1"]}, "task": {"type": "ps", "index": 0}}',
            r'all be of type worker',
        ),
    ],
)
def test_clusters_that_are_none(text, message, monkeypatch):
    monkeypatch.setenv('TF_CONFIG', text)
    with pytest.raises(InputError, match=message):
        task_of_cluster()


def test_strategies_of_any_machine():
    assert make_strategy(OFF) is tf.distribute.get_strategy()
    one = make_strategy(Distribution('one_device'))
    assert isinstance(one, tf.distribute.OneDeviceStrategy)
    assert make_strategy(Distribution('one_device')) is one
    assert (OFF.loop, Distribution('tpu').loop, Distribution(steps_per_loop=7).loop) == (1, 50, 7)
