"""Models in `.keras` files, opened by a process that knows nothing but `import nao_tf`."""

import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from nao_tf.errors import InputError
from nao_tf.networks import operations
from nao_tf.networks.cell_network import CellNetwork
from nao_tf.networks.classifier import ImageClassifier
from nao_tf.spaces.cells import Branch, Cell, CellPair, Node
from tests.networks.random_cells import images, random_cells, random_network, small_config

DATA = Path(__file__).parent / 'data'
POLICIES = ('float32', 'mixed_bfloat16', 'mixed_float16')
NAMES = tuple(f'class {index}' for index in range(10))

SCRIPT = """
import sys
import keras
import nao_tf
import numpy as np

raw = np.load('raw.npy')
for policy in sys.argv[2:]:
    model = keras.models.load_model(f'{policy}.keras')
    probabilities = model.predict(raw, verbose=0)
    print(np.abs(probabilities - np.load(f'{policy}.npy')).max() < 1e-6, model.class_names[-1],
          model.network.compute_dtype, {variable.dtype for variable in model.variables})
try:
    keras.models.load_model('own.keras')
except nao_tf.InputError as error:
    print(error)
sys.path.insert(0, sys.argv[1])
import my_operations

network = keras.models.load_model('own.keras')
print(np.abs(network.predict(np.load('images.npy'), verbose=0) - np.load('logits.npy')).max() < 1e-5)
"""


SMALL = Cell((Node(Branch(0, 'sep_conv 3x3'), Branch(1, 'max_pool 3x3')),))


def classifier(policy='float32', **fields):
    cells = random_cells(1) if policy == 'float32' else CellPair(SMALL, SMALL)
    network = random_network(cells, small_config(**fields), seed=4, dtype=policy)
    return ImageClassifier(network, mean=(120, 110, 100), std=(60.5, 60, 59), class_names=NAMES)


def raw_images():
    return np.random.default_rng(0).integers(0, 256, (5, 8, 8, 3)).astype(np.uint8)


@pytest.mark.slow
def test_in_a_fresh_process(tmp_path, monkeypatch):
    np.save(tmp_path / 'raw.npy', raw_images())
    for policy in POLICIES:
        model = classifier(policy)
        model.save(tmp_path / f'{policy}.keras')
        np.save(tmp_path / f'{policy}.npy', model.predict(raw_images(), verbose=0))
    monkeypatch.setattr(operations, '_factories', dict(operations._factories))
    exec(compile((DATA / 'my_operations.py').read_text(), 'my_operations.py', 'exec'), {'__name__': 'my_operations'})
    cell = Cell((Node(Branch(0, 'blur'), Branch(1, 'blur')),))
    network = CellNetwork(CellPair(cell, cell), small_config())
    network.save(tmp_path / 'own.keras')
    np.save(tmp_path / 'images.npy', images(network.config))
    np.save(tmp_path / 'logits.npy', network(images(network.config)))
    result = subprocess.run(
        [sys.executable, '-c', SCRIPT, str(DATA), *POLICIES],
        cwd=tmp_path,
        env={'PYTHONPATH': str(Path(__file__).parents[2]), 'TF_CPP_MIN_LOG_LEVEL': '3'},
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr
    *lines, missing, own = result.stdout.splitlines()
    types = {'float32': 'float32', 'mixed_bfloat16': 'bfloat16', 'mixed_float16': 'float16'}
    assert lines == [f"True class 9 {types[policy]} {{'float32'}}" for policy in POLICIES]
    assert "there is no operation 'blur'" in missing
    assert 'imported' in missing
    assert own == 'True'


def test_normalises_inside():
    model = classifier()
    raw = raw_images()
    probabilities = model(raw).numpy()
    normalised = (raw.astype(np.float32) - [120, 110, 100]) / [60.5, 60, 59]
    np.testing.assert_allclose(probabilities, tf.nn.softmax(model.network(normalised)), atol=1e-6)
    np.testing.assert_allclose(probabilities.sum(1), 1, rtol=1e-5)
    assert probabilities.dtype == np.float32
    np.testing.assert_allclose(model(raw.astype(np.float32)), probabilities, atol=1e-6)
    np.testing.assert_allclose(model.predict(raw, batch_size=2, verbose=0), probabilities, atol=1e-5)
    assert model.class_names == NAMES


def test_saves_without_the_state_of_a_training(tmp_path):
    model = classifier(image_shape=(8, 8, 3), drop_path_keep=0.7)
    model.save(tmp_path / 'model.keras')
    copy = keras.models.load_model(tmp_path / 'model.keras')
    assert copy.network.config == model.network.config
    assert np.array_equal(copy(raw_images()), model(raw_images()))


@pytest.mark.parametrize(
    ('arguments', 'words'),
    [
        ({'mean': (1, 2)}, ['mean', '3 channels', '(1, 2)']),
        ({'mean': 1.0}, ['mean', '1.0']),
        ({'std': (1, 2, 0)}, ['std', 'above 0']),
        ({'class_names': ('a', 'b')}, ['10 classes', 'not 2']),
    ],
)
def test_errors(arguments, words):
    network = CellNetwork(random_cells(1), small_config())
    complete = {'mean': (1, 2, 3), 'std': (1, 2, 3), 'class_names': NAMES, **arguments}
    with pytest.raises(InputError) as error:
        ImageClassifier(network, **complete)
    assert all(word in str(error.value) for word in words)
