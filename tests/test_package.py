"""What `import nao_tf` sets."""

import os
import platform
import subprocess
import sys

import pytest

PROGRAM = "import nao_tf, os; print(os.environ['TF_ENABLE_ONEDNN_OPTS'])"


@pytest.mark.skipif(platform.machine().lower() not in ('x86_64', 'amd64'), reason='TensorFlow decides there')
@pytest.mark.parametrize(('given', 'expected'), [({}, '1'), ({'TF_ENABLE_ONEDNN_OPTS': '0'}, '0')])
def test_onednn_is_on_unless_the_environment_says_otherwise(given, expected):
    environment = {name: value for name, value in os.environ.items() if name != 'TF_ENABLE_ONEDNN_OPTS'}
    done = subprocess.run(
        [sys.executable, '-c', PROGRAM], env={**environment, **given}, capture_output=True, text=True, check=True
    )
    assert done.stdout == f'{expected}\n'


@pytest.mark.skipif(platform.machine().lower() not in ('x86_64', 'amd64'), reason='TensorFlow decides there')
@pytest.mark.parametrize(('first', 'late'), [('keras', 'True'), ('numpy', 'False')])
def test_tensorflow_that_came_first_is_noticed(first, late):
    environment = {name: value for name, value in os.environ.items() if name != 'TF_ENABLE_ONEDNN_OPTS'}
    program = f'import {first}, nao_tf; print(nao_tf._LATE)'
    done = subprocess.run([sys.executable, '-c', program], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == f'{late}\n'


@pytest.mark.skipif(os.environ.get('TF_ENABLE_ONEDNN_OPTS') != '1', reason='the environment turned it off')
def test_tensorflow_has_taken_it():
    from tensorflow.python.util import _pywrap_util_port

    assert _pywrap_util_port.IsMklEnabled()
