"""Which executor a command gets, and what it says when there is none."""

import importlib.util

import pytest

from nao_tf.errors import InputError
from nao_tf.search.config import default_config, default_text_config
from nao_tf.search.execution import Execution
from nao_tf.search.identity import check_same
from nao_tf.search.ray_cluster import RayOptions, connected
from nao_tf.training.distribution import Distribution


@pytest.mark.parametrize(
    ('fields', 'message'),
    [
        ({'executor': 'slurm'}, "--executor is 'slurm'; it is one of in_process, ray"),
        ({'workers': 2}, '--workers=2 needs --executor=ray'),
        ({'ray_address': 'auto'}, '--ray_address=auto needs --executor=ray'),
    ],
)
def test_choices_that_do_not_fit(fields, message):
    with pytest.raises(InputError, match=message):
        Execution(**fields)


@pytest.mark.parametrize(
    ('fields', 'message'),
    [
        ({'workers': 0}, '--workers is 0; it must be at least 1'),
        ({'num_gpus': -1.0}, r'ray.num_gpus is -1.0; it must be 0 or more'),
        ({'num_gpus': 1.5}, r'ray.num_gpus is 1.5; above 1 it must be a whole number'),
        ({'time_limit': float('nan')}, 'ray.time_limit is nan'),
        ({'children_per_process': 0}, 'ray.children_per_process is 0'),
    ],
)
def test_options_that_cannot_be(fields, message):
    with pytest.raises(InputError, match=message):
        RayOptions(**fields)


def test_several_processes_and_ray_do_not_mix():
    with pytest.raises(InputError, match=r'multi_worker_mirrored is for one child on several machines; Ray puts each'):
        Execution('ray', distribution=Distribution('multi_worker_mirrored'))


@pytest.mark.parametrize(
    ('execution', 'num_gpus', 'precision'),
    [
        (Execution('ray'), 0.0, 'float32'),
        (Execution('ray'), 1.0, 'mixed_float16'),
        (Execution('ray', distribution=Distribution('tpu')), 0.0, 'mixed_bfloat16'),
        (Execution(distribution=Distribution('mirrored', num_gpus=0)), 0.0, 'float32'),
    ],
)
def test_precision_is_what_the_devices_are_made_for(execution, num_gpus, precision):
    config = default_config()
    config.ray.num_gpus = num_gpus
    assert execution.precision(config) == 'float32'
    config.child.precision = 'auto'
    assert execution.precision(config) == precision
    config = default_text_config()
    config.child.precision = 'auto'
    assert execution.precision(config) == 'float32'


def test_ray_is_not_installed(monkeypatch):
    monkeypatch.setattr(importlib.util, 'find_spec', lambda name: None)
    with pytest.raises(InputError, match=r"not installed: pip install 'nao_tf\[ray\]'"), connected(RayOptions()):
        pass


@pytest.mark.skipif(not importlib.util.find_spec('ray'), reason="Ray is not installed: pip install 'nao_tf[ray]'")
@pytest.mark.parametrize(
    ('address', 'message'),
    [
        ('head', r"--ray_address is 'head'; it is host:port of the head"),
        ('ray://127.0.0.1:10001', 'it is host:port of the head'),
        ('127.0.0.1:9', r'nothing answers at 127.0.0.1:9 .*start the head by'),
        ('127.0.0.1:99999', 'nothing answers at 127.0.0.1:99999'),
    ],
)
def test_addresses_where_no_ray_is(address, message):
    with pytest.raises(InputError, match=message), connected(RayOptions(address=address)):
        pass


def test_a_process_that_had_a_gpu_is_not_used_again():
    assert RayOptions(children_per_process=7).task['max_calls'] == 7
    assert RayOptions(children_per_process=7, num_gpus=0.5).task['max_calls'] == 1
    assert RayOptions(children_per_process=7, tpu=4).task['max_calls'] == 1


def test_what_a_child_gets_may_change_from_session_to_session():
    check_same({'ray.num_gpus': 0.0}, {'ray.num_gpus': 1.0}, defaults={}, where='config.json')
    with pytest.raises(InputError, match='threads was 1, now 2'):
        check_same({'threads': 1}, {'threads': 2}, defaults={}, where='config.json')
