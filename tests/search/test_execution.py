"""Which executor a command gets, and what it says when there is none."""

import importlib.util

import pytest

from nao_tf.errors import InputError
from nao_tf.search.execution import Execution
from nao_tf.search.identity import check_same
from nao_tf.search.ray_cluster import RayOptions, connected


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
