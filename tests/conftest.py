"""An object store for the tests of any room."""

import atexit
import os
import shutil
import tempfile

import pytest

import nao_tf  # noqa: F401 - before TensorFlow, which reads what it sets
from tests.support import fake_gcs

# The matrices here are small: BLAS threads cost more processor time than they save.
os.environ['OPENBLAS_NUM_THREADS'] = os.environ['OMP_NUM_THREADS'] = '1'
# The controllers here make a few steps each: XLA's optimisation takes longer than it saves.
os.environ.setdefault('XLA_FLAGS', '--xla_backend_optimization_level=0')
# Read when TensorFlow is imported. Without it an object that a test changes in the folder is seen only seconds later.
os.environ['GCS_STAT_CACHE_MAX_AGE'] = '0'
# Where `nao_tf.trust` remembers what was run.
os.environ['XDG_DATA_HOME'] = tempfile.mkdtemp()
atexit.register(shutil.rmtree, os.environ['XDG_DATA_HOME'], ignore_errors=True)


@pytest.fixture(scope='session')
def gcs(tmp_path_factory):
    """The folder of the store's objects, and the environment in which gs:// is that store."""
    if not shutil.which('openssl'):
        pytest.skip('the store needs a certificate, which openssl makes')
    folder = tmp_path_factory.mktemp('gcs')
    process, environment = fake_gcs.start(folder)
    yield folder / 'store', environment
    process.terminate()
    process.wait()


@pytest.fixture
def bucket(gcs, monkeypatch, request):
    """(address of a folder of the store that is this test's own, where its objects lie on this machine)."""
    folder, environment = gcs
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    own = f'bucket/{os.getpid()}-{abs(hash(request.node.nodeid))}'
    return f'gs://{own}', folder / own
