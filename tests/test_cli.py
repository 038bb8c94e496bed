"""The command line: bad usage and bad input are one line and exit code 2, without a traceback."""

import os
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from nao_tf.cli import main

BASE = ('search', '--config=configs/digits.py', '--config.threads=0', '--config.child.filters=2')


@pytest.fixture
def nao(capsys, monkeypatch, request):
    """Runs a command in this process; returns its exit code, output and errors."""
    monkeypatch.chdir(request.config.rootpath)

    def run(*arguments):
        code = main(['nao', *map(str, arguments)])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


def refused(result, *words):
    """Checks for exit code 2 and one line that has all the words."""
    code, _, errors = result
    assert code == 2, errors
    assert errors.count('\n') == 1, errors
    assert 'Traceback' not in errors
    for word in words:
        assert word in errors


def test_usage(nao):
    assert nao('--help')[0] == 0
    assert nao()[0] == 2
    code, output, _ = nao('search', '--help')
    assert code == 0
    assert '--workdir' in output
    refused(nao('sarch'), "there is no command 'sarch'", 'search, train, status, report, export, predict, describe')


@pytest.mark.parametrize(
    ('arguments', 'words'),
    [
        (('search',), ['needs --config']),
        (('search', '--config=configs/digits.py'), ['needs --workdir']),
        (('search', '--workdirs=x'), ["Unknown command line flag 'workdirs'"]),
        (('search', '--config=configs/absent.py', '--workdir=x'), ['configs/absent.py']),
        ((*BASE, '--workdir=x', 'more'), ["unexpected argument 'more'"]),
        ((*BASE, '--workdir=x', '--max_hours=0'), ['max_hours is 0']),
        (
            ('search', '--config=configs/digits_ws.py', '--config.sharing.epochs=3', '--config.child.epoch=2'),
            ["no config field 'child.epoch'; did you mean child.epochs?"],
        ),
        (('search', '--config', 'configs/absent.py', '--workdir=x'), ['there is no config file configs/absent.py']),
        ((*BASE, '--workdir=x', '--config.warm_start=x/absent'), ['warm_start: there is no folder x/absent']),
        ((*BASE, '--workdir=x', '--config.searcher.roundz=3'), ["'searcher.roundz'", 'did you mean searcher.rounds?']),
        ((*BASE, '--workdir=x', '--config.child.epochs=few'), ['--config.child.epochs=few']),
        ((*BASE, '--workdir=x', '--config.searcher.name=grid'), ["no searcher 'grid'", 'nao, random']),
        ((*BASE, '--workdir=x', '--config.space.name=darts'), ["'darts'", 'nao_cnn', 'enas_cnn']),
        ((*BASE, '--workdir=x', '--config.task.name=mnist'), ["'mnist'", 'digits']),
        ((*BASE, '--workdir=x', '--config.task.validation=5000'), ['5000']),
        ((*BASE, '--workdir=x', '--config.task.validation=0'), ['task.validation is 0; a search needs a validation']),
        ((*BASE, '--workdir=x', '--tpu=local'), ['--tpu=local needs --distribution_strategy=tpu']),
        ((*BASE, '--workdir=x', '--distribution_strategy=tpu'), ['--tpu=local: no TPU can be used there', 'TPU VM']),
        ((*BASE, '--workdir=x', '--distribution_strategy=both'), ['should be one of <off|one_device|mirrored|']),
        (
            ('train', '--config=configs/ptb_final.py', '--workdir=x', '--distribution_strategy=multi_worker_mirrored'),
            ['multi_worker_mirrored needs TF_CONFIG in the environment'],
        ),
        (('status',), ['needs --workdir']),
        (('status', '--workdir=configs'), ['holds no search']),
        (('report',), ['needs --workdir']),
        (('report', '--workdir=configs'), ['holds no search']),
        (('report', '--workdir=x', '--output=configs'), ['--output is configs, a folder', 'configs/report.html']),
        (('train', '--config=configs/digits.py', '--workdir=x'), ['that config is not of a training']),
        (('train', '--config=configs/cifar10_final.py', '--workdir=x', '--config.patience=3'), ["'patience'"]),
        (
            ('train', '--config=configs/finetune.py', '--workdir=x', '--config.child.filters=3'),
            ['finetune.py has no config'],
        ),
        (('train', '--config=configs/finetune.py', '--workdir=x', '--top_k=2'), ['--top_k=2 is for the best cells']),
        (('train', '--config=configs/cifar10_final.py', '--workdir=x', '--top_k=2'), ['top_k is 2', "'NAONet_A'"]),
        (('export', '--workdir=configs'), ['needs --format, one of keras, saved_model, tflite, python, json, text']),
        (('export', '--workdir=configs', '--format=onnx'), ['should be one of <keras|saved_model|tflite|python|json']),
        (('export', '--format=json'), ['give either --workdir=DIR', '--architecture=NAME']),
        (('export', '--workdir=configs', '--format=json', '--architecture=NAONet'), ['give either --workdir=DIR']),
        (('export', '--workdir=absent', '--format=json'), ['no work directory absent']),
        (('export', '--workdir=configs', '--format=json'), ['configs is no work directory of a search']),
        (('export', '--workdir=configs', '--format=keras', '--output=m.keras'), ['configs is no work directory']),
        (('export', '--architecture=NAONet', '--format=keras', '--output=m.keras'), ['needs trained weights']),
        (('export', '--architecture=NAONet', '--format=genotype'), ["'conv 3x3' has no name in a genotype"]),
        (('export', '--workdir=configs', '--format=keras'), ['needs --output, such as --output=model.keras']),
        (('export', '--workdir=configs', '--format=keras', '--output=m.h5'), ['must end in .keras']),
        (('export', '--workdir=configs', '--format=python', '--output=my-m.py'), ['letters, digits and _']),
        (('export', '--workdir=configs', '--format=tflite', '--output=docs'), ['must end in .tflite']),
        (('export', '--workdir=configs', '--format=saved_model', '--output=docs'), ['docs is there and is no saved']),
        (('export', '--workdir=configs', '--format=dot', '--quantize'), ['--quantize is for --format=tflite, not dot']),
        (('export', '--architecture=NAONet', '--format=json', '--output=README.md'), ['README.md is there already']),
        (('predict', '--model=x.keras'), ['--images']),
        (('predict', '--model=x.keras', '--images=y.png'), ['no model file x.keras']),
        (('describe',), ['--architecture']),
        (('describe', '--architecture=NAONot'), ['NAONot']),
        (('describe', '--architecture=NAONet', '--image_shape=32'), ['image_shape']),
        (('describe', '--architecture=NAONet', '--filters=7'), ['even']),
        (('describe', '--architecture=NAO-RNN', '--rules=papers'), ['papers', 'released, paper']),
    ],
)
def test_refused(nao, tmp_path, arguments, words):
    refused(nao(*[str(tmp_path / 'run') if a == 'x' else a.replace('=x', f'={tmp_path}/run', 1)
                  if a == '--workdir=x' else a for a in arguments]), *words)  # fmt: skip
    assert not (tmp_path / 'run').exists()


@pytest.mark.parametrize(
    ('tokens', 'words'),
    [
        (' '.join(['1 7 14'] * 19), ['57']),
        (' '.join(['1 7 14'] * 19 + ['1 7 99']), ['99']),
        ('3 7 14 ' + ' '.join(['1 7 14'] * 19), ['node_3']),
    ],
    ids=['wrong length', 'token out of range', 'a node that reads itself'],
)
def test_architectures_that_are_wrong(nao, tokens, words):
    refused(nao('describe', '--space=nao_cnn', f'--architecture={tokens}'), *words)


def test_a_config_file_with_a_mistake(nao, tmp_path):
    file = tmp_path / 'mine.py'
    file.write_text(
        'from nao_tf.search.config import default_config\n\n\ndef get_config():\n'
        '    config = default_config()\n    config.child.epoch = 3\n    return config\n'
    )
    refused(nao('search', f'--config={file}', f'--workdir={tmp_path / "run"}'), 'mine.py:6', 'epoch')
    file.write_text('def get_config(:\n')
    refused(nao('search', f'--config={file}', f'--workdir={tmp_path / "run"}'), 'mine.py')


def test_bad_data(nao, tmp_path):
    run = f'--workdir={tmp_path / "run"}'
    folder = tmp_path / 'pets'
    (folder / 'cat').mkdir(parents=True)
    for number in range(8):
        Image.fromarray(np.zeros((8, 8), np.uint8)).save(folder / 'cat' / f'{number}.png')
    task = ('--config.task.name=folder', f'--config.task.path={folder}', '--config.task.image_size=8')
    refused(nao(*BASE, run, *task), 'pets', 'class')
    (folder / 'dog').mkdir()
    for number in range(8):
        Image.fromarray(np.ones((8, 8), np.uint8)).save(folder / 'dog' / f'{number}.png')
    (folder / 'dog' / 'notes.txt').write_text('woof')
    refused(nao(*BASE, run, *task), 'notes.txt')
    archive = tmp_path / 'data.npz'
    np.savez(archive, images=np.zeros((20, 8, 8, 1), np.uint8), labels=np.arange(19) % 2)
    npz = ('--config.task.name=npz', f'--config.task.path={archive}')
    refused(nao(*BASE, run, *npz), 'data.npz', '20', '19')
    ragged = np.empty(4, object)
    ragged[:] = [np.zeros((8 + n, 8), np.uint8) for n in range(4)]
    np.savez(archive, images=ragged, labels=np.arange(4) % 2)
    refused(nao(*BASE, run, *npz), 'data.npz')
    assert not (tmp_path / 'run').exists()


def test_describe_a_recurrent_cell(nao):
    code, output, _ = nao('describe', '--architecture=NAO-RNN', '--vocabulary=10000')
    assert code == 0
    assert '27,295,000 parameters' in output  # the paper's 27M


def test_describe(nao):
    code, output, _ = nao('describe', '--architecture=NAONet', '--cells_per_stage=6', '--filters=36')
    assert code == 0
    assert 'node_7 = identity(k-1) + conv 3x3(k-2)' in output
    assert '11,523,214 parameters' in output


def test_one_clear_line_without_tensorflow(tmp_path):
    """In an environment that has the package but no TensorFlow."""
    program = (
        'import importlib.util as u\nfind = u.find_spec\n'
        "u.find_spec = lambda name, *rest: None if name == 'tensorflow' else find(name, *rest)\n"
        'import nao_tf'
    )
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    result = subprocess.run(
        [sys.executable, '-c', program],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, 'PYTHONPATH': root},
    )
    last = result.stderr.strip().splitlines()[-1]
    assert result.returncode == 1
    assert all(extra in last for extra in ("'nao_tf[cpu]'", "'nao_tf[gpu]'", "'nao_tf[tpu]'"))


@pytest.mark.parametrize(
    ('lines', 'words'),
    [
        (
            'config = default_config()\n    config.child.epoch = 3',
            ":4: there is no config field 'epoch'; did you mean epochs?",
        ),
        ("config = {'child': 3}", ': get_config returns a dict; it has to be a ConfigDict'),
    ],
)
def test_a_config_file_of_ones_own(nao, tmp_path, lines, words):
    file = tmp_path / 'mine.py'
    start = 'from nao_tf.search.config import default_config\ndef get_config():\n'
    file.write_text(f'{start}    {lines}\n    return config\n')
    refused(nao('search', f'--config={file}', f'--workdir={tmp_path}/run'), f'{file}{words}')


def test_a_wrong_warm_start_leaves_no_work_directory(nao, tmp_path):
    refused(nao(*BASE, f'--workdir={tmp_path}/run', f'--config.warm_start={tmp_path}/absent'), 'there is no folder')
    assert not (tmp_path / 'run').exists()
