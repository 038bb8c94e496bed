"""Threads and GPUs of a search."""

import os
import pathlib
import subprocess
import sys

import pytest
import tensorflow as tf

import nao_tf
from nao_tf.errors import InputError
from nao_tf.search.config import default_config
from nao_tf.search.devices import prepare_devices, set_threads

SAID = """
import os
os.sched_getaffinity = lambda process: range(8)
import nao_tf, tensorflow as tf
tf.config.threading.set_inter_op_parallelism_threads(int(os.environ.get('OWN', 0)))
from nao_tf.search import config, devices
from nao_tf.search.sharing import config as sharing
settings = {settings}
settings.threads = {threads}
devices.prepare_devices(settings)
devices.prepare_devices(settings)  # as nao_tf.search does
said = tf.config.threading
print(said.get_intra_op_parallelism_threads(), said.get_inter_op_parallelism_threads())
"""


@pytest.mark.parametrize(
    ('late', 'processor', 'warned'),
    [(True, 'flags: avx2', 1), (True, 'flags: avx2 avx512_vnni', 0), (False, 'flags: avx2', 0)],
)
def test_tensorflow_before_nao_tf(monkeypatch, recwarn, late, processor, warned):
    monkeypatch.setattr(nao_tf, '_LATE', late)
    monkeypatch.setattr(pathlib.Path, 'read_text', lambda path: processor)
    monkeypatch.setattr(pathlib.Path, 'exists', lambda path: True)
    prepare_devices(default_config())
    assert [str(one.message)[:40] for one in recwarn] == ['TensorFlow was imported before nao_tf an'] * warned


def test_threads_that_cannot_be_had():
    with pytest.raises(InputError, match='threads is -1'):
        set_threads(-1)
    tf.constant(1) + 1
    with pytest.raises(InputError, match='TensorFlow already runs'):
        set_threads(13)


@pytest.mark.parametrize(
    ('settings', 'threads', 'environment', 'said'),
    [
        ('sharing.default_sharing_config()', 0, {}, '4 8'),
        ('sharing.default_sharing_config()', 3, {}, '3 3'),
        ('sharing.default_sharing_config()', 0, {'TF_NUM_INTRAOP_THREADS': '5'}, '0 0'),
        ('sharing.default_sharing_config()', 0, {'OWN': '3'}, '0 3'),
        ('sharing.default_text_sharing_config()', 0, {}, '0 0'),
        ('config.default_config()', 0, {}, '0 0'),
    ],
    ids=['shared', 'given', 'environment', 'program', 'recurrent', 'children'],
)
@pytest.mark.skipif(not hasattr(os, 'sched_getaffinity'), reason='this system does not say which cores a process has')
def test_threads_of_a_search(settings, threads, environment, said):
    done = subprocess.run(
        [sys.executable, '-c', SAID.format(settings=settings, threads=threads)],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split('\n')[-2] == said
