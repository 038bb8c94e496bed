"""`nao train` in a fresh process, and every model that `nao export` makes of it in another one without nao_tf."""

import json
import subprocess
import sys

import numpy as np
import pytest

from nao_tf.cli import main
from nao_tf.evaluators.predict import load_classifier
from nao_tf.export.text_forms import to_json
from nao_tf.spaces.cells import Branch, Cell, CellPair, Node
from nao_tf.spaces.reading import read_cells
from nao_tf.tasks.make import make_task
from tests.end_to_end.conftest import nao

pytestmark = pytest.mark.slow

CELLS = CellPair(
    Cell((Node(Branch(0, 'conv 3x3'), Branch(1, 'identity')),)),
    Cell((Node(Branch(0, 'sep_conv 3x3'), Branch(1, 'max_pool 3x3')),)),
)
SMALL = (
    '--config=configs/cifar10_final.py',
    '--config.threads=1',
    '--config.task.name=digits',
    '--config.task.validation=300',
    '--config.task.augment.pad=1',
    '--config.task.augment.flip=False',
    '--config.task.augment.cutout=2',
    '--config.child.cells_per_stage=1',
    '--config.child.filters=16',
    '--config.child.auxiliary=False',
    '--config.child.epochs=4',
    '--config.child.patience=3',
    '--config.child.learning_rate=0.1',
)
FORMATS = {'keras': 'm.keras', 'saved_model': 'served', 'tflite': 'm.tflite', 'python': 'mine.py'}
READER = """
import sys
import keras, numpy as np, tensorflow as tf

images = np.load('images.npy')  # uint8
found = {'keras': keras.models.load_model('m.keras').predict(images, verbose=0)}
served = tf.saved_model.load('served')
found['saved_model'] = served.serve(tf.constant(images, tf.float32)).numpy()
found['one image'] = np.concatenate([served.serve(tf.constant(image[None], tf.float32)) for image in images[:3]])

def run(file):
    interpreter = tf.lite.Interpreter(file)
    (given,), (asked,) = interpreter.get_input_details(), interpreter.get_output_details()
    interpreter.resize_tensor_input(given['index'], images.shape)
    interpreter.allocate_tensors()
    interpreter.set_tensor(given['index'], images.astype(np.float32))
    interpreter.invoke()
    return interpreter.get_tensor(asked['index'])

found['tflite'], found['quantised'] = run('m.tflite'), run('q.tflite')
import mine
found['python'] = mine.build().predict(images, verbose=0)
assert mine.CLASS_NAMES == tuple('0123456789')
assert not any(name.startswith('nao_tf') for name in sys.modules)
np.savez('found.npz', **found)
"""


@pytest.fixture(scope='module')
def trained(tmp_path_factory):
    """The work directory of a small training, and what the command printed."""
    folder = tmp_path_factory.mktemp('trained')
    (folder / 'cell.json').write_text(to_json(CELLS))
    workdir = folder / 'run'
    result = nao('train', *SMALL, f'--config.architecture={folder / "cell.json"}', f'--workdir={workdir}')
    assert result.returncode == 0, result.stderr
    return workdir, result.stdout


def summary_of(workdir):
    return json.loads((workdir / 'summary.json').read_text())


def test_training(trained):
    workdir, output = trained
    summary = summary_of(workdir)
    lines = [line for line in output.splitlines() if line.startswith('epoch ')]
    assert summary['epoch'] <= len(lines) <= 4
    assert all(word in lines[-1] for word in ('loss', 'accuracy', 'best', 'elapsed', 'left'))
    assert f'{summary["multiply_adds"]:,} multiply-adds' in output
    assert summary['test']['accuracy'] > 0.5
    assert {file.name for file in workdir.iterdir() if not file.name.startswith('.')} == {
        'config.json', 'epochs.jsonl', 'trainings.json', 'summary.json', 'best_model.keras', 'last_model.keras',
    }  # fmt: skip


def test_every_model_gives_the_same_probabilities(trained, capsys):
    workdir, _ = trained
    folder = workdir.parent
    for name, file in FORMATS.items():
        assert main(['nao', 'export', f'--workdir={workdir}', f'--format={name}', f'--output={folder / file}']) == 0
    quantised = ('--format=tflite', '--quantize', f'--output={folder / "q.tflite"}')
    assert main(['nao', 'export', f'--workdir={workdir}', *quantised]) == 0
    told = 'raw images [batch, 8, 8, 1], float32, 0 to 255, to the probabilities of 0, 1, 2,'
    assert capsys.readouterr().out.count(told) == 5
    images, labels = make_task({'name': 'digits'}).arrays('test')
    np.save(folder / 'images.npy', images)
    subprocess.run([sys.executable, '-c', READER], cwd=folder, check=True, capture_output=True)
    expected = load_classifier(workdir / 'best_model.keras').predict(images, verbose=0)
    with np.load(folder / 'found.npz') as found:
        for name in ('keras', 'saved_model', 'tflite', 'python'):
            np.testing.assert_allclose(found[name], expected, atol=1e-5, err_msg=name)
        np.testing.assert_allclose(found['one image'], expected[:3], atol=1e-5)
        assert np.abs(found['quantised'] - expected).max() < 0.05  # docs/train.md
        assert np.mean(found['quantised'].argmax(1) == expected.argmax(1)) > 0.99
    again = load_classifier(folder / 'm.keras')  # what `nao predict` and a fine-tuning take
    np.testing.assert_allclose(again.predict(images, verbose=0), expected, atol=1e-6)
    assert again.class_names == tuple('0123456789')
    assert (folder / 'q.tflite').stat().st_size < (folder / 'm.tflite').stat().st_size
    assert np.mean(expected.argmax(1) == labels) == pytest.approx(summary_of(workdir)['test']['accuracy'])


def test_text_of_a_training(trained, capsys):
    assert main(['nao', 'export', f'--workdir={trained[0]}', '--format=json']) == 0
    assert read_cells(capsys.readouterr().out) == CELLS
    file = trained[0].parent / 'graph.dot'
    assert main(['nao', 'export', f'--workdir={trained[0]}', '--format=dot', f'--output={file}']) == 0
    assert file.read_text().startswith('digraph')
    assert main(['nao', 'export', f'--workdir={trained[0]}', '--format=dot', f'--output={file}']) == 2
    assert f'{file} is there already; --overwrite replaces it' in capsys.readouterr().err
    assert main(['nao', 'export', f'--workdir={trained[0]}', '--format=dot', '--overwrite', f'--output={file}']) == 0
